"""Counted tokens: one compare-and-set statement a use."""

from ...domain.counting import REPEAT_S, Count, NewCount, UseAnswer
from ...ports.store import Statements


class CountingStatements:
    """`ports.counting.Counting`."""

    def __init__(self, tx: Statements) -> None:
        self._tx = tx

    async def begin(self, count: NewCount) -> None:
        await self._tx.run(
            """INSERT INTO counted_token (token_id, uses_left, last_used_at, idle_timeout_s, expires_at)
               VALUES (:token_id, CAST(:uses_left AS BIGINT), :last_used_at, CAST(:idle_timeout_s AS BIGINT), :expires_at)""",
            token_id=count.token_id,
            uses_left=count.uses_left,
            last_used_at=count.last_used_at,
            idle_timeout_s=count.idle_timeout_s,
            expires_at=count.expires_at,
        )

    async def use(self, token_id: str, *, use_id: str | None, now: int) -> UseAnswer:
        if use_id is not None:
            # Claimed before it is counted: of two repeats at once the second waits for this row, then finds it counted or gone.
            claimed = await self._tx.run(
                """INSERT INTO token_use (token_id, use_id, at) VALUES (:token_id, :use_id, :now)
                   ON CONFLICT (token_id, use_id) DO NOTHING""",
                token_id=token_id,
                use_id=use_id,
                now=now,
            )
            if not claimed:
                return await self._first_answer(token_id, use_id, now=now)
        counted = await self._tx.run(
            """UPDATE counted_token SET uses_left = uses_left - 1, last_used_at = :now
                WHERE token_id = :token_id AND COALESCE(uses_left, 1) > 0
                  AND last_used_at + COALESCE(idle_timeout_s, expires_at) > :now""",
            now=now,
            token_id=token_id,
        )
        if counted:
            return "counted"
        if use_id is not None:
            # So that whoever shows a spent token again and again fills no table.
            await self._tx.run(
                "DELETE FROM token_use WHERE token_id = :token_id AND use_id = :use_id",
                token_id=token_id,
                use_id=use_id,
            )
        count = await self.look(token_id)
        # Swept rows are of tokens that have expired; they are exhausted as well.
        return (count.spent(now) if count else None) or "uses_exhausted"

    async def take(self, token_id: str, *, uses: int, now: int) -> UseAnswer:
        taken = await self._tx.run(
            """UPDATE counted_token SET uses_left = uses_left - :uses, last_used_at = :now
                WHERE token_id = :token_id AND COALESCE(uses_left, CAST(:uses AS BIGINT)) >= :uses
                  AND last_used_at + COALESCE(idle_timeout_s, expires_at) > :now""",
            uses=uses,
            now=now,
            token_id=token_id,
        )
        if taken:
            return "counted"
        count = await self.look(token_id)
        return (count.spent(now) if count else None) or "uses_exhausted"

    async def look(self, token_id: str) -> Count | None:
        row = await self._tx.one(
            "SELECT uses_left, idle_timeout_s, last_used_at FROM counted_token WHERE token_id = :token_id",
            token_id=token_id,
        )
        return Count(uses_left=row[0], idle_timeout_s=row[1], last_used_at=row[2]) if row else None

    async def is_repeat(self, token_id: str, use_id: str) -> bool:
        row = await self._tx.one(
            "SELECT 1 FROM token_use WHERE token_id = :token_id AND use_id = :use_id", token_id=token_id, use_id=use_id
        )
        return row is not None

    async def _first_answer(self, token_id: str, use_id: str, *, now: int) -> UseAnswer:
        row = await self._tx.one(
            "SELECT at FROM token_use WHERE token_id = :token_id AND use_id = :use_id",
            token_id=token_id,
            use_id=use_id,
        )
        return "counted" if row is not None and row[0] > now - REPEAT_S else "use_id_stale"
