"""What a token is bound to, and what a caller proved to hold (RFC 7800): a key by DPoP, a client certificate by mutual TLS."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .errors import InvalidRequest

# SHA-256 as base64url without padding (RFC 7638 section 3, RFC 8705 section 3.1).
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}\Z")


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Thumbprints; '' for none.

    Attributes:
        jkt: Of a DPoP key (RFC 9449 section 6.1).
        x5t: Of a client certificate, `x5t#S256` (RFC 8705 section 3.1).
    """

    jkt: str = ""
    x5t: str = ""

    def __bool__(self) -> bool:
        return bool(self.jkt or self.x5t)

    def covers(self, bound: "Confirmation") -> bool:
        """Whether whoever proved this may use what is bound to that."""
        return bound.jkt in ("", self.jkt) and bound.x5t in ("", self.x5t)

    def as_claim(self) -> dict[str, str]:
        """The claim `cnf`."""
        return {name: value for name, value in (("jkt", self.jkt), ("x5t#S256", self.x5t)) if value}

    @classmethod
    def from_claim(cls, claim: Any) -> "Confirmation":
        """Read what `as_claim` wrote; nothing where there is none."""
        if not isinstance(claim, Mapping):
            return NOTHING
        return cls(str(claim.get("jkt", "")), str(claim.get("x5t#S256", "")))


NOTHING = Confirmation()


@dataclass(frozen=True, slots=True)
class OnceProof:
    """A DPoP proof that was checked and is to be taken once: its digest, and until when it would be good (seconds, UTC)."""

    digest: bytes
    good_until: int


@dataclass(frozen=True, slots=True)
class Holder:
    """What a caller proved of itself with this request."""

    proved: Confirmation = NOTHING
    proof: OnceProof | None = None
    next_nonce: str | None = None


NOBODY = Holder()


def check_thumbprint(text: str | None, *, name: str) -> str:
    """A thumbprint that a parameter carries; '' without one.

    Raises:
        InvalidRequest: It can't be one.
    """
    if text is None:
        return ""
    if not _THUMBPRINT.match(text):
        raise InvalidRequest(f"{name} is a SHA-256 thumbprint in base64url: 43 characters.")
    return text
