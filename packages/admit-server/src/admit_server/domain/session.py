"""Sessions: a person's signed-in state at the server, in one browser or app."""

from dataclasses import dataclass
from typing import Literal

from .journey import Proof

EndReason = Literal[
    "logout",
    "ended_by_administrator",
    "ended_by_person",
    "disconnected_by_person",
    "user_disabled",
    "password_changed",
    "client_disabled",
    "replaced",
    "too_many_sessions",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Signed in: by which proofs (`amr`, RFC 8176), when, from where. Times are seconds, UTC. `proofs`: () where they were not kept.

    `in_browser`: a cookie carries it; an app that signed in without a browser has none, and ends it by revoking its tokens.
    """

    id: str
    user_id: str
    auth_time: int
    amr: tuple[str, ...]
    acr: str
    network: str
    user_agent: str
    in_browser: bool
    created_at: int
    expires_at: int
    ended_at: int | None = None
    end_reason: str | None = None
    proofs: tuple[Proof, ...] = ()

    def is_alive(self, now: int) -> bool:
        """Neither ended nor past its expiry second."""
        return self.ended_at is None and now < self.expires_at
