"""What was allowed."""

from ...domain.applied_rule import Rules, as_list, from_list
from ...domain.descent import Descent
from ...domain.grant import Grant
from ...domain.token_policy import BoundedPolicy
from ...domain.transaction import Transaction
from ...ports.store import Row, Statements
from .columns import from_json, to_json, word_set, words

_GRANT = """id, client_id, user_id, session_id, auth_time, acr, amr, scopes, audience, policy, created_at, expires_at, ended_at,
            end_reason, format, descent, lease_id, transaction_details"""


def _grant(row: Row) -> Grant:
    return Grant(
        id=row[0],
        client_id=row[1],
        user_id=row[2],
        session_id=row[3],
        auth_time=row[4],
        acr=row[5],
        amr=tuple(from_json(row[6])),
        scopes=word_set(row[7]),
        audience=row[8],
        policy=BoundedPolicy.from_dict(from_json(row[9])),
        created_at=row[10],
        expires_at=row[11],
        ended_at=row[12],
        end_reason=row[13],
        format=row[14],
        descent=Descent.from_dict(from_json(row[15]) if row[15] else {}),
        lease_id=row[16],
        transaction=Transaction.from_dict(from_json(row[17])) if row[17] else None,
    )


class GrantStatements:
    """`ports.grants.Grants`."""

    def __init__(self, tx: Statements) -> None:
        self._tx = tx

    async def add(self, grant: Grant, rules: Rules = ()) -> None:
        await self._tx.run(
            """INSERT INTO access_grant (id, client_id, user_id, session_id, end_with_session, format, lifetime_s,
                                         auth_time, acr, amr, scopes,
                                         audience, policy, created_at, expires_at, jwt_alive_until, descent,
                                         transaction_details, rules)
               VALUES (:id, :client_id, CAST(:user_id AS TEXT), CAST(:session_id AS TEXT), :end_with_session, :format, :lifetime_s,
                       CAST(:auth_time AS BIGINT), :acr, :amr, :scopes, :audience, :policy, :created_at, :expires_at, 0,
                       CAST(:descent AS TEXT), CAST(:transaction AS TEXT), CAST(:rules AS TEXT))""",
            id=grant.id,
            client_id=grant.client_id,
            user_id=grant.user_id,
            session_id=grant.session_id,
            end_with_session=int(grant.policy.end_with_session),
            format=grant.format,
            lifetime_s=grant.policy.lifetime_s,
            auth_time=grant.auth_time,
            acr=grant.acr,
            amr=to_json(grant.amr),
            scopes=words(grant.scopes),
            audience=grant.audience,
            policy=to_json(grant.policy.as_dict()),
            created_at=grant.created_at,
            expires_at=grant.expires_at,
            transaction=to_json(grant.transaction.as_dict()) if grant.transaction else None,
            rules=to_json(as_list(rules)) if rules else None,
            descent=to_json(descent) if (descent := grant.descent.as_dict()) else None,
        )

    async def get(self, grant_id: str) -> Grant | None:
        row = await self._tx.one(f"SELECT {_GRANT} FROM access_grant WHERE id = :id", id=grant_id)
        return _grant(row) if row else None

    async def rules_of(self, grant_id: str) -> Rules | None:
        row = await self._tx.one("SELECT rules FROM access_grant WHERE id = :id", id=grant_id)
        return from_list(from_json(row[0])) if row and row[0] else None

    async def of_client_itself(self, client_id: str, audience: str, *, now: int) -> tuple[Grant, int] | None:
        row = await self._tx.one(
            f"""SELECT {_GRANT}, jwt_alive_until FROM access_grant
                 WHERE client_id = :client_id AND audience = :audience AND user_id IS NULL AND ended_at IS NULL
                   AND expires_at > :now AND descent IS NULL AND lease_id IS NULL
                 ORDER BY created_at DESC, id LIMIT 1""",
            client_id=client_id,
            audience=audience,
            now=now,
        )
        return (_grant(row), row[18]) if row else None

    async def hold(self, grant_id: str, *, now: int) -> Grant | None:
        row = await self._tx.one(
            f"""UPDATE access_grant
                   SET jwt_alive_until = CASE WHEN format = 'jwt' AND jwt_alive_until < :now + lifetime_s
                                              THEN :now + lifetime_s ELSE jwt_alive_until END
                 WHERE id = :id AND ended_at IS NULL AND expires_at > :now
                   AND (lease_id IS NULL OR EXISTS (SELECT 1 FROM lease l WHERE l.id = access_grant.lease_id
                                                     AND l.ended_at IS NULL AND l.ends_at > :now))
             RETURNING {_GRANT}""",
            id=grant_id,
            now=now,
        )
        return _grant(row) if row else None

    async def end(self, grant_id: str, *, reason: str, now: int) -> int | None:
        row = await self._tx.one(
            """UPDATE access_grant SET ended_at = :now, end_reason = :reason WHERE id = :id AND ended_at IS NULL
            RETURNING jwt_alive_until""",
            now=now,
            reason=reason,
            id=grant_id,
        )
        return row[0] if row else None

    async def set_lease(self, grant_id: str, lease_id: str) -> None:
        await self._tx.run(
            "UPDATE access_grant SET lease_id = :lease_id WHERE id = :id", lease_id=lease_id, id=grant_id
        )

    async def hold_of_lease(self, lease_id: str) -> list[tuple[str, bool]]:
        # Written although nothing changes: that locks the rows on both engines.
        rows = await self._tx.all(
            """UPDATE access_grant SET lease_id = :lease_id WHERE lease_id = :lease_id AND ended_at IS NULL
            RETURNING id, end_with_session""",
            lease_id=lease_id,
        )
        return [(row[0], bool(row[1])) for row in rows]

    async def alive_of_user(self, user_id: str, *, now: int) -> list[str]:
        return await self._alive("user_id = :value", user_id, now)

    async def alive_of_client(self, client_id: str, *, limit: int, now: int) -> list[str]:
        rows = await self._tx.all(
            """SELECT id FROM access_grant
                WHERE client_id = :client_id AND ended_at IS NULL AND (expires_at > :now OR jwt_alive_until > :now)
                ORDER BY id LIMIT :limit""",
            client_id=client_id,
            limit=limit,
            now=now,
        )
        return [row[0] for row in rows]

    async def forget_of_client(self, client_id: str, *, limit: int, now: int) -> int:
        return await self._forget("client_id", client_id, limit, now)

    async def forget_of_user(self, user_id: str, *, limit: int, now: int) -> int:
        return await self._forget("user_id", user_id, limit, now)

    async def _forget(self, column: str, value: str, limit: int, now: int) -> int:
        return await self._tx.run(
            f"""DELETE FROM access_grant WHERE id IN
                   (SELECT id FROM access_grant
                     WHERE {column} = :value
                       AND (ended_at IS NOT NULL OR (expires_at <= :now AND jwt_alive_until <= :now))
                     LIMIT :limit)""",
            value=value,
            limit=limit,
            now=now,
        )

    async def alive_for(self, audience: str, *, limit: int, now: int) -> list[str]:
        rows = await self._tx.all(
            """SELECT id FROM access_grant
                WHERE audience = :audience AND ended_at IS NULL AND (expires_at > :now OR jwt_alive_until > :now)
                ORDER BY id LIMIT :limit""",
            audience=audience,
            limit=limit,
            now=now,
        )
        return [row[0] for row in rows]

    async def end_all(self, *, reason: str, now: int) -> int:
        return await self._tx.run(
            "UPDATE access_grant SET ended_at = :now, end_reason = :reason WHERE ended_at IS NULL AND expires_at > :now",
            now=now,
            reason=reason,
        )

    async def page(
        self, *, user_id: str | None, client_id: str | None, alive_at: int, after: str, limit: int
    ) -> list[Grant]:
        conditions = ["ended_at IS NULL AND expires_at > :alive_at AND id > :after"]
        params: dict[str, str | int | bytes | None] = {"alive_at": alive_at, "after": after, "limit": limit}
        if user_id is not None:
            conditions.append("user_id = :user_id")
            params["user_id"] = user_id
        if client_id is not None:
            conditions.append("client_id = :client_id")
            params["client_id"] = client_id
        rows = await self._tx.all(
            f"SELECT {_GRANT} FROM access_grant WHERE {' AND '.join(conditions)} ORDER BY id LIMIT :limit", **params
        )
        return [_grant(row) for row in rows]

    async def alive_of_session(self, session_id: str, *, now: int) -> list[str]:
        return await self._alive("session_id = :value AND end_with_session = 1", session_id, now)

    async def _alive(self, condition: str, value: str, now: int) -> list[str]:
        rows = await self._tx.all(
            f"SELECT id FROM access_grant WHERE {condition} AND ended_at IS NULL AND expires_at > :now ORDER BY id",
            value=value,
            now=now,
        )
        return [row[0] for row in rows]
