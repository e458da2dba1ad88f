"""Ports of people: accounts, credentials and sessions."""

from dataclasses import dataclass, field
from typing import Protocol

from ..domain.journey import Proof
from ..domain.session import Session
from ..domain.user import User


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What one authenticator keeps of one person.

    `data` is the authenticator's own text; `version` guards its updates; `label` is what the person calls it; `lookup` is a name that no
    two credentials of an authenticator have.
    """

    id: str
    user_id: str
    authenticator: str
    data: str = field(repr=False)
    version: int
    created_at: int
    updated_at: int
    label: str = ""
    lookup: str | None = None
    last_used_at: int | None = None


class Users(Protocol):
    """Accounts."""

    async def add(self, user: User, *, username_key: str) -> None:
        """Raises:
        UniqueViolation: The user name is taken.
        """
        ...

    async def get(self, user_id: str) -> User | None: ...

    async def by_username_key(self, username_key: str) -> User | None: ...

    async def page(self, *, after: str, limit: int) -> list[User]:
        """Users in the order of their keys, beginning after a key ('' for the first page)."""
        ...

    async def any_of_role(self, role: str) -> bool:
        """Whether anybody has it."""
        ...

    async def update(self, user: User) -> bool:
        """Replace address and roles; False when there is none of that id."""
        ...

    async def remove(self, user_id: str) -> bool:
        """And what authenticators keep of them.

        Raises:
            ReferenceViolation: A session or grant still refers to them.
        """
        ...

    async def policy_of(self, user_id: str) -> str | None:
        """The name of the policy attached to this person."""
        ...

    async def set_policy(self, user_id: str, policy: str | None, *, now: int) -> bool: ...

    async def hold(self, user_id: str) -> User | None:
        """Lock the row and find the account enabled, so that nobody signs in while it is being disabled."""
        ...

    async def set_disabled(self, user_id: str, *, at: int | None, now: int) -> bool:
        """Disable (a time) or enable (None); False when it already was so, or is unknown."""
        ...


class Credentials(Protocol):
    """What authenticators keep."""

    async def of_user(self, user_id: str, authenticator: str) -> list[Credential]: ...

    async def all_of_user(self, user_id: str) -> list[Credential]:
        """Of every authenticator, the oldest first."""
        ...

    async def by_lookup(self, authenticator: str, lookup: str) -> Credential | None: ...

    async def put(self, credential: Credential) -> bool:
        """Store a new one; False where its `lookup` is taken."""
        ...

    async def replace(self, credential_id: str, *, data: str, version: int, now: int) -> bool:
        """Compare-and-set on the version that was read; False when somebody else was first."""
        ...

    async def rewrite(self, credential_id: str, *, data: str, version: int, now: int) -> bool:
        """The same credential in another text, if the version is still the one that was read. It stays, so what was proven stands."""
        ...

    async def rename(self, user_id: str, credential_id: str, *, label: str) -> bool: ...

    async def touch(self, credential_id: str, *, now: int) -> None:
        """Note that it was used; its version stays."""
        ...

    async def remove_one(self, user_id: str, credential_id: str) -> bool:
        """Remove a credential of that person; False when it is gone already, or somebody else's."""
        ...

    async def remove(self, user_id: str, authenticator: str) -> int: ...


class Sessions(Protocol):
    """Signed-in states."""

    async def add(self, session: Session, *, digest: bytes | None) -> None:
        """Store a session under the hash of its cookie's secret; None for an app without one."""
        ...

    async def get(self, session_id: str) -> Session | None: ...

    async def by_digest(self, digest: bytes) -> Session | None: ...

    async def page(
        self, *, user_id: str | None, alive_at: int | None, limit: int, after: tuple[int, str] | None = None
    ) -> list[Session]:
        """Newest first. `after`: time and id of the last one of the page before."""
        ...

    async def alive_of_user(self, user_id: str, *, now: int) -> list[str]: ...

    async def forget_of_user(self, user_id: str, *, limit: int, now: int) -> int:
        """Remove some rows of sessions that are not alive any more and that no grant names; how many."""
        ...

    async def end_all(self, *, reason: str, now: int) -> int:
        """End every one; how many. Publishes nothing."""
        ...

    async def oldest_of_user(self, user_id: str, *, now: int) -> list[str]:
        """The living sessions of a person, the oldest first."""
        ...

    async def hold(self, session_id: str, *, jwt_alive_until: int, now: int) -> int | None:
        """Lock the row, find it alive and note how long a JWT of it may live; when it ends. None: it has ended; issue nothing."""
        ...

    async def see(self, session_id: str, *, was: int, now: int) -> bool:
        """Note that its browser was here, if nobody noted it since `was`. Of any number racing exactly one gets True."""
        ...

    async def renew(
        self,
        session_id: str,
        *,
        user_id: str,
        digest: bytes,
        auth_time: int,
        amr: tuple[str, ...],
        acr: str,
        proofs: tuple[Proof, ...],
        now: int,
    ) -> bool:
        """The same person proved it anew, or more than before: a new cookie secret, and what it proved, for the same living session."""
        ...

    async def end(self, session_id: str, *, reason: str, now: int) -> int | None:
        """End it once. Of any number of callers exactly one gets the time until which JWTs of it may live; the others None."""
        ...
