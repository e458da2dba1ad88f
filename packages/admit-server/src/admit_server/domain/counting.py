"""Counting the uses of a token: what one use may answer."""

from dataclasses import dataclass
from typing import Literal

# For how long a repeat with the same use id gets the first answer.
REPEAT_S = 60

UseAnswer = Literal["counted", "uses_exhausted", "idle_timeout", "use_id_stale"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCount:
    """What is counted of a token from its issue on. Times are seconds, UTC."""

    token_id: str
    uses_left: int | None
    idle_timeout_s: int | None
    last_used_at: int
    expires_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Where a counted token stands. None: not limited in that way."""

    uses_left: int | None
    idle_timeout_s: int | None
    last_used_at: int

    def spent(self, now: int) -> UseAnswer | None:
        """Why it can never be used again, or None. Once spent it stays so: uses don't come back, and an idle token is not used."""
        if self.uses_left is not None and self.uses_left <= 0:
            return "uses_exhausted"
        if self.idle_timeout_s is not None and now >= self.last_used_at + self.idle_timeout_s:
            return "idle_timeout"
        return None

    def used(self, now: int) -> "Count":
        """Where it stands after one more use, for a token that is not spent: what `Counting.use` makes of it."""
        if self.needs_no_write(now):
            return self
        left = None if self.uses_left is None else self.uses_left - 1
        return Count(uses_left=left, idle_timeout_s=self.idle_timeout_s, last_used_at=now)

    def needs_no_write(self, now: int) -> bool:
        """Idle time is written at most every tenth of its length; uses are always counted."""
        return (
            self.uses_left is None
            and self.idle_timeout_s is not None
            and now - self.last_used_at < self.idle_timeout_s // 10
        )
