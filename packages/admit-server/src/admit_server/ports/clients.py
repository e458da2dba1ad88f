"""Ports of clients, resources and named policies."""

from typing import Protocol

from ..domain.client import Client, Resource
from ..domain.token_policy import TokenPolicy


class Clients(Protocol):
    """Applications."""

    async def add(self, client: Client, *, origins: frozenset[str]) -> None:
        """Raises:
        UniqueViolation: The id or the name is taken.
        ReferenceViolation: The policy does not exist.
        """
        ...

    async def get(self, client_id: str) -> Client | None: ...

    async def by_name(self, name: str) -> Client | None: ...

    async def by_secret(self, digest: bytes) -> str | None:
        """The id of the client with this secret, by its digest."""
        ...

    async def hold(self, client_id: str) -> Client | None:
        """Lock the row and find the client enabled, so that of many first requests one makes the grant that all share."""
        ...

    async def page(self, *, after: str, limit: int) -> list[Client]: ...

    async def update(self, client: Client, *, origins: frozenset[str]) -> bool:
        """Replace everything but id, secret and what is counted from the beginning; False when there is none of that id.

        Raises:
            UniqueViolation: The name is taken.
            ReferenceViolation: The policy does not exist.
        """
        ...

    async def rotate_secret(self, client_id: str, *, was: bytes, becomes: bytes, old_until: int | None) -> bool:
        """Replace the secret that was read; the old one passes until then, None: no more. False when another was quicker."""
        ...

    async def disable(self, client_id: str, *, at: int) -> bool:
        """Keep it from anything new; False when it already was so."""
        ...

    async def remove(self, client_id: str) -> bool:
        """Raises:
        ReferenceViolation: A grant or a resource still refers to it.
        """
        ...

    async def origin_allowed(self, origin: str, *, client_id: str | None) -> bool:
        """Whether a web origin is registered, for that client or, with None, for any."""
        ...


class Resources(Protocol):
    """APIs and sites."""

    async def add(self, resource: Resource) -> None:
        """Raises:
        UniqueViolation: The audience is taken.
        ReferenceViolation: The client or policy does not exist.
        """
        ...

    async def get(self, audience: str) -> Resource | None: ...

    async def by_client(self, client_id: str) -> list[Resource]:
        """Resources whose tokens this client may introspect."""
        ...

    async def page(self, *, after: str, limit: int) -> list[Resource]: ...

    async def update(self, resource: Resource) -> bool:
        """Replace scopes, format, policy, verifier and reader; False when there is none of that audience."""
        ...

    async def remove(self, audience: str) -> bool: ...


class Policies(Protocol):
    """Named token policies."""

    async def set(self, name: str, policy: TokenPolicy, *, now: int) -> None: ...

    async def get(self, name: str) -> TokenPolicy | None: ...

    async def all(self) -> list[tuple[str, TokenPolicy]]: ...

    async def used_by(self, name: str, *, limit: int) -> list[str]:
        """Some of those that refer to it, in words: "client Shop", "user alice"."""
        ...

    async def remove(self, name: str) -> bool:
        """Raises:
        ReferenceViolation: Something refers to it.
        """
        ...
