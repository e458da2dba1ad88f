"""Counting the uses of a token: what one use may answer."""

from dataclasses import dataclass
from typing import Literal

# For how long a repeat with the same use id gets the first answer.
REPEAT_S = 60

UseAnswer = Literal["counted", "uses_exhausted", "idle_timeout"]
ANSWERS: tuple[UseAnswer, ...] = ("counted", "uses_exhausted", "idle_timeout")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCount:
    """What is counted of a token from its issue on. Times are seconds, UTC."""

    token_id: str
    uses_left: int | None
    idle_timeout_s: int | None
    last_used_at: int
    expires_at: int
