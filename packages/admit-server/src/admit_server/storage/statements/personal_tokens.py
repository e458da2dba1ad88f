"""Personal tokens."""

from ...domain.personal_token import PersonalToken
from ...ports.store import Row, Statements
from .columns import word_set

_TOKEN = """p.id, p.grant_id, p.user_id, p.name, p.hint, g.audience, g.scopes, p.created_at, p.expires_at, p.last_used_at,
            p.last_used_from, g.ended_at, g.end_reason"""
_FROM = "FROM personal_token p JOIN access_grant g ON g.id = p.grant_id"


def _token(row: Row) -> PersonalToken:
    return PersonalToken(
        id=row[0],
        grant_id=row[1],
        user_id=row[2],
        name=row[3],
        hint=row[4],
        audience=row[5],
        scopes=word_set(row[6]),
        created_at=row[7],
        expires_at=row[8],
        last_used_at=row[9],
        last_used_from=row[10],
        ended_at=row[11],
        end_reason=row[12],
    )


_GONE = "CASE WHEN g.ended_at IS NULL AND p.expires_at > :now THEN 0 ELSE 1 END"


class PersonalTokenStatements:
    """`ports.personal_tokens.PersonalTokens`."""

    def __init__(self, tx: Statements) -> None:
        self._tx = tx

    async def add(self, token: PersonalToken) -> bool:
        return 1 == await self._tx.run(
            """INSERT INTO personal_token (id, grant_id, user_id, name, hint, created_at, expires_at, last_used_from)
               VALUES (:id, :grant_id, :user_id, :name, :hint, :created_at, :expires_at, '') ON CONFLICT (id) DO NOTHING""",
            id=token.id,
            grant_id=token.grant_id,
            user_id=token.user_id,
            name=token.name,
            hint=token.hint,
            created_at=token.created_at,
            expires_at=token.expires_at,
        )

    async def get(self, token_id: str) -> PersonalToken | None:
        row = await self._tx.one(f"SELECT {_TOKEN} {_FROM} WHERE p.id = :id", id=token_id)
        return _token(row) if row else None

    async def of_user(self, user_id: str | None, *, after: str, limit: int) -> list[PersonalToken]:
        if user_id is None:
            rows = await self._tx.all(
                f"SELECT {_TOKEN} {_FROM} WHERE p.id > :after ORDER BY p.id LIMIT :limit", after=after, limit=limit
            )
        else:
            rows = await self._tx.all(
                f"SELECT {_TOKEN} {_FROM} WHERE p.user_id = :user_id AND p.id > :after ORDER BY p.id LIMIT :limit",
                user_id=user_id,
                after=after,
                limit=limit,
            )
        return [_token(row) for row in rows]

    async def alive_first(
        self, user_id: str, *, after: tuple[bool, int, str] | None = None, limit: int, now: int
    ) -> list[PersonalToken]:
        alive, created_at, token_id = after or (True, 1 << 62, "")
        rows = await self._tx.all(
            f"""SELECT {_TOKEN} {_FROM} WHERE p.user_id = :user_id
                   AND ({_GONE} > :gone OR ({_GONE} = :gone AND (p.created_at < :created_at
                                                              OR (p.created_at = :created_at AND p.id > :id))))
                 ORDER BY {_GONE}, p.created_at DESC, p.id
                 LIMIT :limit""",
            user_id=user_id,
            gone=0 if alive else 1,
            created_at=created_at,
            id=token_id,
            now=now,
            limit=limit,
        )
        return [_token(row) for row in rows]

    async def count_alive(self, user_id: str, *, now: int) -> int:
        row = await self._tx.one(
            f"SELECT COUNT(*) {_FROM} WHERE p.user_id = :user_id AND g.ended_at IS NULL AND p.expires_at > :now",
            user_id=user_id,
            now=now,
        )
        return row[0] if row else 0

    async def note_use(self, token_id: str, *, at: int, address: str, every_s: int) -> bool:
        return 1 == await self._tx.run(
            """UPDATE personal_token SET last_used_at = :at, last_used_from = :address
                WHERE id = :id AND COALESCE(last_used_at, 0) <= :before""",
            at=at,
            address=address,
            before=at - every_s,
            id=token_id,
        )

    async def remind(self, *, within_s: int, limit: int, now: int) -> list[PersonalToken]:
        rows = await self._tx.all(
            """UPDATE personal_token SET reminded_at = :now
                WHERE id IN (SELECT p.id FROM personal_token p JOIN access_grant g ON g.id = p.grant_id
                              WHERE p.reminded_at IS NULL AND p.expires_at <= :soon AND p.expires_at > :now
                                AND g.ended_at IS NULL ORDER BY p.expires_at LIMIT :limit)
                  AND reminded_at IS NULL
            RETURNING id""",
            now=now,
            soon=now + within_s,
            limit=limit,
        )
        found = [await self.get(row[0]) for row in rows]
        return [token for token in found if token is not None]
