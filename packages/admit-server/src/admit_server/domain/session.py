"""Sessions: a person's signed-in state at the server, in one browser or app."""

from dataclasses import dataclass
from typing import Literal

from .journey import Proof

_SEEN_EVERY_S = 300

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
    `last_seen_at`: when that browser was last here with it, to within `seen_every_s`.
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
    last_seen_at: int
    expires_at: int
    ended_at: int | None = None
    end_reason: str | None = None
    proofs: tuple[Proof, ...] = ()

    def is_alive(self, now: int) -> bool:
        """Neither ended nor past its expiry second."""
        return self.ended_at is None and now < self.expires_at

    def is_idle(self, now: int, *, idle_s: int) -> bool:
        """The browser was not here for so long that it has to prove anew who uses it. What apps hold of the session goes on."""
        return self.in_browser and 0 < idle_s <= now - self.last_seen_at


def seen_every_s(idle_s: int) -> int:
    """How often it is written down at most that a browser was here: so much too early a session may go idle.

    Args:
        idle_s: The inactivity timeout; 0: there is none.
    """
    return min(_SEEN_EVERY_S, idle_s // 10) or _SEEN_EVERY_S
