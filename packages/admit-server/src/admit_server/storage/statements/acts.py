"""Administrators' acts."""

from ...ports.acts import Kept
from ...ports.store import Statements


class ActStatements:
    """`ports.acts.Acts`."""

    def __init__(self, tx: Statements) -> None:
        self._tx = tx

    async def take_turn(self) -> None:
        await self._tx.run("UPDATE act_turn SET taken = taken + 1 WHERE id = 1")

    async def claim(
        self, holder: str, key_digest: bytes, *, request_digest: bytes, now: int, expires_at: int
    ) -> Kept | None:
        # One statement takes a free key and one that is over; a racing unit waits for the row until the first has committed.
        taken = await self._tx.run(
            """INSERT INTO act_answer (holder, key_digest, request_digest, answer, expires_at)
               VALUES (:holder, :key_digest, :request_digest, NULL, :expires_at)
               ON CONFLICT (holder, key_digest) DO UPDATE
                   SET request_digest = excluded.request_digest, answer = NULL, expires_at = excluded.expires_at
                 WHERE act_answer.expires_at <= :now""",
            holder=holder,
            key_digest=key_digest,
            request_digest=request_digest,
            expires_at=expires_at,
            now=now,
        )
        if taken:
            return None
        row = await self._tx.one(
            "SELECT request_digest, answer FROM act_answer WHERE holder = :holder AND key_digest = :key_digest",
            holder=holder,
            key_digest=key_digest,
        )
        return Kept(row[0], row[1]) if row else None

    async def keep(self, holder: str, key_digest: bytes, *, answer: bytes) -> None:
        await self._tx.run(
            "UPDATE act_answer SET answer = :answer WHERE holder = :holder AND key_digest = :key_digest",
            answer=answer,
            holder=holder,
            key_digest=key_digest,
        )
