"""What `finish` has to know of `begin`; the caller seals it in between."""

import hashlib
import json
from dataclasses import dataclass

from .responses import Unfit, encoded

# A page may stay open for a while before somebody picks a passkey on it.
LIFETIME_S = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One ceremony.

    Attributes:
        challenge: Base64url.
        at: When it was begun; seconds, UTC.
        verification: What was asked of user verification.
        user: Who was asked; None for whoever it will be.
        listed: Digests of the ids that the browser was given: an id may be 1,023 bytes, and the state travels with the page.
        for_enrolment: A passkey is to be added, not shown.
    """

    challenge: str
    at: int
    verification: str
    user: str | None = None
    listed: tuple[str, ...] = ()
    for_enrolment: bool = False

    def state(self) -> bytes:
        """As the caller keeps it."""
        return json.dumps(
            [self.challenge, self.at, self.verification, self.user, self.listed, self.for_enrolment]
        ).encode()

    @classmethod
    def of(cls, state: bytes, *, now: int, for_enrolment: bool) -> "Asked":
        """Read it back.

        Raises:
            Unfit: It is too old, or of the other ceremony.
        """
        if not state:
            raise Unfit("nothing was asked")
        challenge, at, verification, user, listed, purpose = json.loads(state)
        if purpose is not for_enrolment:
            raise Unfit("the challenge is of another ceremony")
        if not at <= now < at + LIFETIME_S:
            raise Unfit("the challenge is too old")
        return cls(
            challenge=challenge,
            at=at,
            verification=verification,
            user=user,
            listed=tuple(listed),
            for_enrolment=purpose,
        )


def digest(credential_id: str) -> str:
    """A short name of a credential id."""
    return encoded(hashlib.sha256(credential_id.encode()).digest()[:12])
