"""The port of administrators' acts: turns, and answers that are given again."""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Kept:
    """What a request with this key was answered, sealed; and the digest of that request."""

    request_digest: bytes
    answer: bytes | None = field(repr=False)


class Acts(Protocol):
    """Acts."""

    async def take_turn(self) -> None:
        """Wait until no other act is under way; the turn ends with the unit."""
        ...

    async def claim(
        self, holder: str, key_digest: bytes, *, request_digest: bytes, now: int, expires_at: int
    ) -> Kept | None:
        """Take a key. Of any number of units racing exactly one gets None; the others, once it is done, what it kept."""
        ...

    async def keep(self, holder: str, key_digest: bytes, *, answer: bytes) -> None:
        """Keep the answer under a key that this unit has taken."""
        ...
