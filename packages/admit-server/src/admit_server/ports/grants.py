"""Ports of grants and of the one-use things that hang on them."""

from dataclasses import dataclass
from typing import Protocol

from ..domain.applied_rule import Rules
from ..domain.confirmation import NOTHING, Confirmation
from ..domain.grant import AlreadyUsed, CodeConsumed, Consumed, Grant, Replayed, Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCode:
    """An authorization code as stored: by its digest only. `keep_until` is how long a second use must be recognised."""

    digest: bytes
    grant_id: str
    client_id: str
    redirect_uri: str
    code_challenge: str | None
    nonce: str | None
    created_at: int
    expires_at: int
    keep_until: int
    dpop_jkt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRefreshToken:
    """A refresh token as stored."""

    digest: bytes
    grant_id: str
    client_id: str
    parent_digest: bytes | None
    scopes: frozenset[str]
    created_at: int
    expires_at: int
    keep_until: int
    reuse_window_s: int
    cnf: Confirmation = NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class OpaqueToken:
    """An opaque access token as stored."""

    digest: bytes
    id: str
    grant_id: str
    client_id: str
    user_id: str | None
    session_id: str | None
    audience: str
    scopes: frozenset[str]
    issued_at: int
    expires_at: int
    revoked_at: int | None = None
    cnf: Confirmation = NOTHING


class Grants(Protocol):
    """What was allowed."""

    async def add(self, grant: Grant, rules: Rules = ()) -> None:
        """Keep a grant, and the rules from which its policy came about."""
        ...

    async def get(self, grant_id: str) -> Grant | None: ...

    async def rules_of(self, grant_id: str) -> Rules | None:
        """The rules that `add` was given; None for a grant that is gone, or older than these notes."""
        ...

    async def of_client_itself(self, client_id: str, audience: str, *, now: int) -> tuple[Grant, int] | None:
        """The living grant of a client's own credentials for a resource, and until when its JWTs may live.

        Never one of an exchange, nor one with a lease.
        """
        ...

    async def hold(self, grant_id: str, *, now: int) -> Grant | None:
        """Lock the row, find it and its lease alive and note how long a JWT made now may live. None: it has ended; issue nothing."""
        ...

    async def end(self, grant_id: str, *, reason: str, now: int) -> int | None:
        """End it once; as `Sessions.end`."""
        ...

    async def set_lease(self, grant_id: str, lease_id: str) -> None:
        """Let a grant hang on a lease, from its first tokens on."""
        ...

    async def hold_of_lease(self, lease_id: str) -> list[tuple[str, bool]]:
        """Lock the living grants of a lease: each one's id, and whether it ends with its session as well."""
        ...

    async def alive_of_user(self, user_id: str, *, now: int) -> list[str]: ...

    async def alive_of_client(self, client_id: str, *, limit: int, now: int) -> list[str]:
        """Some of the grants of which anything may still be accepted."""
        ...

    async def forget_of_client(self, client_id: str, *, limit: int, now: int) -> int:
        """Remove some rows of grants that are not alive any more; how many."""
        ...

    async def page(
        self, *, user_id: str | None, client_id: str | None, alive_at: int, after: str, limit: int
    ) -> list[Grant]:
        """Living grants in the order of their ids; of a person, of a client, or of all."""
        ...

    async def forget_of_user(self, user_id: str, *, limit: int, now: int) -> int:
        """As `forget_of_client`."""
        ...

    async def alive_for(self, audience: str, *, limit: int, now: int) -> list[str]:
        """Some of the grants for a resource of which anything may still be accepted."""
        ...

    async def end_all(self, *, reason: str, now: int) -> int:
        """End every one; how many. Publishes nothing."""
        ...

    async def alive_of_session(self, session_id: str, *, now: int) -> list[str]:
        """Living grants that came from a session and end with it."""
        ...


class AuthorizationCodes(Protocol):
    """One-use codes of 60 seconds."""

    async def add(self, code: NewCode) -> None: ...

    async def consume(self, digest: bytes, *, client_id: str, now: int) -> CodeConsumed | AlreadyUsed | Unknown:
        """Spend the code. Of any number of callers racing, exactly one gets CodeConsumed."""
        ...

    async def owner(self, digest: bytes) -> tuple[str, str] | None:
        """Grant and client of a code, spent or not; None when unknown."""
        ...


class RefreshTokens(Protocol):
    """One-use tokens that buy the next access token."""

    async def add(self, token: NewRefreshToken) -> None: ...

    async def consume(
        self,
        digest: bytes,
        *,
        client_id: str,
        proved: Confirmation = NOTHING,
        successor_digest: bytes,
        sealed_successor: bytes,
        now: int,
    ) -> Consumed | Replayed | AlreadyUsed | Unknown:
        """Spend the token and note its successor. Of any number of callers racing, exactly one gets Consumed.

        Args:
            digest: Of the presented token.
            client_id: Its owner; in the WHERE clause, so that nobody else can burn it.
            proved: What the caller proved to hold. A token that is bound to a key is unknown to whoever has another one, so that
                a copy without its key burns nothing either.
            successor_digest: Of the token that replaces it.
            sealed_successor: The successor's text, readable only with the presented token; kept while the token's own reuse
                window lasts, and not at all where that is 0.
            now: Seconds, UTC.
        """
        ...

    async def forget_sealed(self, digest: bytes) -> None:
        """Erase the sealed text of this token's successor: the successor was used."""
        ...

    async def owner(self, digest: bytes) -> tuple[str, str] | None:
        """Grant and client of a refresh token, spent or not; None when unknown."""
        ...

    async def bound_to(self, digest: bytes) -> Confirmation:
        """What a refresh token is bound to; nothing when unknown."""
        ...


class AccessTokens(Protocol):
    """Opaque access tokens."""

    async def add(self, token: OpaqueToken) -> None: ...

    async def by_digest(self, digest: bytes) -> OpaqueToken | None: ...

    async def is_revoked(self, token_id: str) -> bool:
        """Whether the opaque token of that id was revoked; False for JWTs, and for tokens that are forgotten."""
        ...

    async def revoke(self, digest: bytes, *, now: int) -> bool:
        """Revoke once; False when it already was, or is unknown."""
        ...
