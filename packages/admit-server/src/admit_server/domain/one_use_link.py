"""Links that work once: what each is for, and how long it lives."""

from dataclasses import dataclass, field
from typing import Literal

# Each has a page of its own (`web/pages/links.py`) and a kind of token of its own (`tokens/opaque.py`).
Purpose = Literal["reset", "invitation", "address", "recovery", "sign_up"]

PATHS: dict[Purpose, str] = {
    "reset": "/reset",
    "invitation": "/invitation",
    "address": "/address",
    "recovery": "/recovery",
    "sign_up": "/sign-up/confirm",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OneUseLink:
    """What is kept of a link: the hash of its secret, never the secret. Times are seconds, UTC.

    Attributes:
        user_id: Whom it is for; '' where nobody has the account yet, or it was made for nobody.
        data: What belongs to its purpose: the address that it was sent to, or what somebody signed up with (sealed).
        starts_at: Not good before: the waiting time of a recovery.
    """

    digest: bytes = field(repr=False)
    purpose: Purpose
    user_id: str
    data: str = field(repr=False)
    created_at: int
    starts_at: int
    expires_at: int
    used_at: int | None = None

    def is_good(self, now: int) -> bool:
        """Neither used nor too early nor too late."""
        return self.used_at is None and self.starts_at <= now < self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkLives:
    """How long links live, in seconds; `recovery_wait_s` before a recovery works at all."""

    reset_s: int = 1800
    invitation_s: int = 7 * 86_400
    address_s: int = 86_400
    sign_up_s: int = 3600
    recovery_s: int = 86_400
    recovery_wait_s: int = 3600
