"""Counted tokens: one compare-and-set statement a use."""

from ...domain.counting import ANSWERS, REPEAT_S, NewCount, UseAnswer
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
            # Claimed before it is counted: of two repeats at once the second waits for this row, then reads the first answer.
            claimed = await self._tx.run(
                """INSERT INTO token_use (token_id, use_id, answer, at) VALUES (:token_id, :use_id, 0, :now)
                   ON CONFLICT (token_id, use_id) DO NOTHING""",
                token_id=token_id,
                use_id=use_id,
                now=now,
            )
            if not claimed:
                return await self._first_answer(token_id, use_id, now=now)
        answer = await self._count(token_id, now=now)
        if use_id is not None and answer != "counted":
            await self._tx.run(
                "UPDATE token_use SET answer = :answer WHERE token_id = :token_id AND use_id = :use_id",
                answer=ANSWERS.index(answer),
                token_id=token_id,
                use_id=use_id,
            )
        return answer

    async def left(self, token_id: str) -> tuple[int | None, int] | None:
        row = await self._tx.one(
            "SELECT uses_left, last_used_at FROM counted_token WHERE token_id = :token_id", token_id=token_id
        )
        return (row[0], row[1]) if row else None

    async def _count(self, token_id: str, *, now: int) -> UseAnswer:
        changed = await self._tx.run(
            """UPDATE counted_token SET uses_left = uses_left - 1, last_used_at = :now
                WHERE token_id = :token_id AND COALESCE(uses_left, 1) > 0
                  AND last_used_at + COALESCE(idle_timeout_s, expires_at) > :now""",
            now=now,
            token_id=token_id,
        )
        if changed:
            return "counted"
        row = await self._tx.one("SELECT uses_left FROM counted_token WHERE token_id = :token_id", token_id=token_id)
        # Swept rows are of tokens that have expired; they are exhausted as well.
        return "uses_exhausted" if row is None or row[0] == 0 else "idle_timeout"

    async def _first_answer(self, token_id: str, use_id: str, *, now: int) -> UseAnswer:
        row = await self._tx.one(
            "SELECT answer, at FROM token_use WHERE token_id = :token_id AND use_id = :use_id",
            token_id=token_id,
            use_id=use_id,
        )
        # An id that comes back after the minute is no repeat any more, and no use either.
        return ANSWERS[row[0]] if row is not None and row[1] > now - REPEAT_S else "uses_exhausted"
