"""The port of the makes of imported password hashes."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class PasswordScheme:
    """One make: its parameters as text (`$2b$12`), a hash of it that belongs to nobody, and when one was last imported."""

    parameters: str
    stand_in: str
    imported_at: int


class PasswordSchemes(Protocol):
    """Which makes there are, apart from our own."""

    async def note(self, scheme: PasswordScheme) -> None:
        """Hashes of that make were imported."""
        ...

    async def all(self) -> list[PasswordScheme]: ...

    async def in_use(self, parameters: str) -> bool:
        """Whether anybody's password is still hashed so. Looks through all credentials: for `view` only."""
        ...

    async def forget(self, scheme: PasswordScheme) -> bool:
        """Nobody uses it any more; False when some were imported meanwhile."""
        ...
