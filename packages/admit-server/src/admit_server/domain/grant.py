"""Grants: what was allowed, and the outcomes of spending the one-use things that hang on them."""

from dataclasses import dataclass
from typing import Any

from .client import TokenFormat
from .confirmation import NOTHING, Confirmation
from .descent import NOT_A_CHILD, Descent
from .token_policy import BoundedPolicy
from .transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """User + client + scopes + session. `user_id` is None for client credentials. `expires_at` is the family's absolute end.

    `session_id` names the session that it came from; the tokens die with it where `policy.end_with_session` says so. `descent`: from
    which token its own was made, if it was made by an exchange. `lease_id` is set with the first tokens, where the policy has a lease.
    `transaction`: the only one that its token is for.
    """

    id: str
    client_id: str
    user_id: str | None
    session_id: str | None
    auth_time: int | None
    acr: str
    amr: tuple[str, ...]
    scopes: frozenset[str]
    audience: str
    format: TokenFormat
    policy: BoundedPolicy
    created_at: int
    expires_at: int
    lease_id: str | None = None
    ended_at: int | None = None
    end_reason: str | None = None
    descent: Descent = NOT_A_CHILD
    transaction: Transaction | None = None

    @property
    def subject(self) -> str:
        """The `sub` of its tokens: the user, or the client itself (RFC 9068 section 2.2)."""
        return self.user_id or self.descent.client_id or self.client_id

    @property
    def extra_claims(self) -> dict[str, Any]:
        """What its tokens, and answers about them, say besides: where it comes from, and what was approved."""
        details = {"authorization_details": self.transaction.details(self.audience)} if self.transaction else {}
        return self.descent.claims() | details

    @property
    def bound_session(self) -> str | None:
        """The session with which its tokens end, if they do."""
        return self.session_id if self.policy.end_with_session else None


@dataclass(frozen=True, slots=True)
class CodeConsumed:
    """This caller spent the code, and nobody else did."""

    grant_id: str
    redirect_uri: str
    code_challenge: str | None
    nonce: str | None
    expires_at: int
    dpop_jkt: str = ""


@dataclass(frozen=True, slots=True)
class Consumed:
    """This caller spent the refresh token, and nobody else did."""

    grant_id: str
    parent_digest: bytes | None
    scopes: frozenset[str]
    expires_at: int
    cnf: Confirmation = NOTHING
    created_at: int = 0


@dataclass(frozen=True, slots=True)
class Replayed:
    """The immediate predecessor inside the reuse window: its successor, still sealed under the presented token."""

    grant_id: str
    sealed_successor: bytes
    successor_expires_at: int
    scopes: frozenset[str]
    replays: int


@dataclass(frozen=True, slots=True)
class AlreadyUsed:
    """Spent before. `late_tab` says that its successor was used inside the window: refuse, but keep the family."""

    grant_id: str
    late_tab: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing of that text belongs to this client."""
