"""The port of roles."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A role that has a meaning of its own: scopes that come with it, and a policy. Times are seconds, UTC."""

    name: str
    scopes: frozenset[str]
    policy: str | None
    created_at: int


class Roles(Protocol):
    """Roles. A user may have others too: words that only the tokens carry."""

    async def add(self, role: Role) -> None:
        """Raises:
        UniqueViolation: The name is taken.
        ReferenceViolation: The policy does not exist.
        """
        ...

    async def get(self, name: str) -> Role | None: ...

    async def of(self, names: tuple[str, ...]) -> list[Role]:
        """Those of these names that exist."""
        ...

    async def with_scopes(self) -> list[Role]:
        """Those that scopes belong to."""
        ...

    async def page(self, *, after: str, limit: int) -> list[Role]: ...

    async def update(self, role: Role) -> bool:
        """Replace scopes and policy; False when there is none of that name."""
        ...

    async def remove(self, name: str) -> bool: ...
