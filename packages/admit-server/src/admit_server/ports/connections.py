"""The port of what clients hold of a person."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """What one client holds of one person: the sum of all its living grants. Times are seconds, UTC.

    Attributes:
        scopes: By audience.
        since: When the oldest of the grants was made.
        last_issued_at: When a JWT was last issued; None: never, or only opaque tokens, of which it is not kept.
    """

    client_id: str
    client_name: str
    first_party: bool
    scopes: dict[str, frozenset[str]]
    since: int
    last_issued_at: int | None


class Connections(Protocol):
    """Clients by person. `apart` is a client that does not count: the one of personal tokens."""

    async def of_person(self, user_id: str, *, apart: str, after: str, limit: int, now: int) -> list[Connection]:
        """In the order of the clients' ids."""
        ...

    async def grants(self, user_id: str, client_id: str, *, limit: int, now: int) -> list[str]:
        """Some of the grants of a person that a client holds, and of which anything may still be accepted."""
        ...

    async def clients_of_session(self, session_id: str, *, limit: int, now: int) -> list[str]:
        """Names of clients that hold a living grant which came from a session."""
        ...
