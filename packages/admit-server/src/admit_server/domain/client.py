"""Applications that ask for tokens, and the resources that tokens are for."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from .descent import TOKEN_EXCHANGE
from .errors import NotAllowed, UnauthorizedClient
from .trail import Trail
from .transaction import TransactionType

ClientKind = Literal["public", "confidential"]
TokenFormat = Literal["jwt", "opaque"]
# Who checks the tokens of a resource: our own library enforces limits; of others nothing is known.
Verifier = Literal["admit"]

GRANT_TYPES = ("authorization_code", "refresh_token", "client_credentials", TOKEN_EXCHANGE)
# The last one has no short name in its RFC.
SHORT_NAMES = {"token_exchange": TOKEN_EXCHANGE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """An OAuth client. A public one has no secret; a first-party one needs no consent and may sign people in without a browser.

    `old_secret_digest` passes beside the newer one until `old_secret_until` (seconds, UTC), while the application is given the new one.
    """

    id: str
    name: str
    kind: ClientKind
    first_party: bool
    secret_digest: bytes | None = field(repr=False)
    redirect_uris: tuple[str, ...]
    post_logout_redirect_uris: tuple[str, ...]
    grant_types: frozenset[str]
    scopes: frozenset[str]
    audiences: tuple[str, ...]
    pkce_required: bool
    policy: str | None
    created_at: int
    disabled_at: int | None = None
    old_secret_digest: bytes | None = field(default=None, repr=False)
    old_secret_until: int | None = None

    def secret_digests(self, now: int) -> tuple[bytes, ...]:
        """Digests of the secrets that pass now."""
        overlaps = self.old_secret_until is not None and now < self.old_secret_until
        both = (self.secret_digest, self.old_secret_digest if overlaps else None)
        return tuple(digest for digest in both if digest is not None)

    def require_grant_type(self, grant_type: str, trail: Trail | None = None) -> None:
        """Raises:
        UnauthorizedClient: The client was not added with this grant type.
        """
        trail = trail or Trail()
        if grant_type not in self.grant_types:
            trail.failed("grant type", self.grant_types, grant_type)
            raise UnauthorizedClient(f"This client may not use {grant_type}.")
        trail.passed("grant type", self.grant_types, grant_type)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """An API or site that tokens are for. Its identifier is the audience; `client_id` is who may introspect its tokens.

    `transactions`: the types of transactions for which a person can approve a ticket. `personal_tokens`: whether people may make tokens of
    their own for it.
    """

    audience: str
    scopes: dict[str, str]
    format: TokenFormat
    policy: str | None
    client_id: str | None
    created_at: int
    verifier: Verifier | None = None
    transactions: dict[str, TransactionType] = field(default_factory=dict)
    personal_tokens: bool = False


def grant_types_of(words: Iterable[str]) -> frozenset[str]:
    """Grant types as an administrator writes them: `token_exchange` for the long name of RFC 8693."""
    return frozenset(SHORT_NAMES.get(word, word) for word in words)


def check_grant_types(grant_types: frozenset[str], *, kind: ClientKind) -> None:
    """Raises:
    NotAllowed: An unknown grant type, or client_credentials for a client that can keep no secret (RFC 6749 section 4.4).
    """
    if unknown := grant_types - set(GRANT_TYPES):
        raise NotAllowed(
            f"Unknown grant type {sorted(unknown)[0]!r}; known are {', '.join((*GRANT_TYPES[:3], *SHORT_NAMES))}."
        )
    if kind == "public" and "client_credentials" in grant_types:
        raise NotAllowed("client_credentials is for confidential clients only: a public client has no credentials.")
