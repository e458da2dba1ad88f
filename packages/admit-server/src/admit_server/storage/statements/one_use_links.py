"""Links that work once."""

from ...domain.one_use_link import OneUseLink, Purpose
from ...ports.store import Row, Statements

_LINK = "digest, purpose, user_id, data, created_at, starts_at, expires_at, used_at"


def _link(row: Row) -> OneUseLink:
    return OneUseLink(
        digest=row[0],
        purpose=row[1],
        user_id=row[2],
        data=row[3],
        created_at=row[4],
        starts_at=row[5],
        expires_at=row[6],
        used_at=row[7],
    )


class OneUseLinkStatements:
    """`ports.one_use_links.OneUseLinks`."""

    def __init__(self, tx: Statements) -> None:
        self._tx = tx

    async def add(self, link: OneUseLink) -> None:
        await self._tx.run(
            """INSERT INTO one_use_link (digest, purpose, user_id, data, created_at, starts_at, expires_at)
               VALUES (:digest, :purpose, :user_id, :data, :created_at, :starts_at, :expires_at)""",
            digest=link.digest,
            purpose=link.purpose,
            user_id=link.user_id,
            data=link.data,
            created_at=link.created_at,
            starts_at=link.starts_at,
            expires_at=link.expires_at,
        )

    async def get(self, digest: bytes) -> OneUseLink | None:
        row = await self._tx.one(f"SELECT {_LINK} FROM one_use_link WHERE digest = :digest", digest=digest)
        return _link(row) if row else None

    async def spend(self, digest: bytes, *, purpose: Purpose, now: int) -> OneUseLink | None:
        row = await self._tx.one(
            f"""UPDATE one_use_link SET used_at = :now
                 WHERE digest = :digest AND purpose = :purpose AND used_at IS NULL AND starts_at <= :now AND expires_at > :now
             RETURNING {_LINK}""",
            digest=digest,
            purpose=purpose,
            now=now,
        )
        return _link(row) if row else None

    async def forget(self, user_id: str, *, purpose: Purpose) -> int:
        return await self._tx.run(
            "DELETE FROM one_use_link WHERE user_id = :user_id AND purpose = :purpose AND used_at IS NULL",
            user_id=user_id,
            purpose=purpose,
        )

    async def forget_mailed(self, user_id: str, *, purpose: Purpose) -> int:
        return await self._tx.run(
            "DELETE FROM one_use_link WHERE user_id = :user_id AND purpose = :purpose AND used_at IS NULL AND data <> ''",
            user_id=user_id,
            purpose=purpose,
        )
