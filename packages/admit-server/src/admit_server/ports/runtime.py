"""What flows need of the machine: time, randomness, slow hashing."""

from collections.abc import Iterable
from typing import Protocol


class Clock(Protocol):
    """The time."""

    def __call__(self) -> int:
        """Seconds since 1970, UTC."""
        ...


class Entropy(Protocol):
    """Randomness fit for secrets."""

    def __call__(self, size: int, /) -> bytes:
        """So many random bytes."""
        ...


class PasswordHasher(Protocol):
    """A slow, salted hash in a bounded pool of threads."""

    async def hash(self, password: str) -> str:
        """The encoded hash (PHC string).

        Raises:
            domain.errors.Busy: The queue is full.
        """
        ...

    async def verify(self, encoded: str | None, password: str) -> bool:
        """Whether the password belongs to the hash. None does the same work for nobody, and says no.

        Raises:
            domain.errors.Busy: The queue is full.
        """
        ...

    def needs_rehash(self, encoded: str) -> bool:
        """Whether the hash was made with other parameters than today's, or by another system."""
        ...

    @property
    def answer_s(self) -> float:
        """How long the answer to a failed proof takes at least, from its request on, in seconds: the hash and all that is done besides."""
        ...

    async def expect(self, stand_ins: Iterable[str]) -> None:
        """Failures take as long as hashes of these makes from now on, whoever's password is tried.

        Args:
            stand_ins: One hash of each make, of nobody's password.
        """
        ...
