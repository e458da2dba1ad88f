"""Revocations as the feed carries them: handles that mean nothing to strangers. See docs/reference/revocation-feed.md."""

import base64
import hashlib
from dataclasses import dataclass
from typing import Literal

HandleKind = Literal["sid", "grant", "jti", "kid"]
# The greatest leeway that a verifier may set; a revocation is kept as long as a token could be accepted with it.
GREATEST_LEEWAY_S = 60


@dataclass(frozen=True, slots=True)
class Revocation:
    """One row of the feed. Exactly one of `handle` and `before` is set; times are seconds, UTC."""

    seq: int
    nonce: str
    handle: str | None
    before: int | None
    until: int

    @property
    def position(self) -> str:
        """The text that resumes after this row."""
        return f"{self.seq}.{self.nonce}"


@dataclass(frozen=True, slots=True)
class FeedHead:
    """The last row's number and nonce; number 0 with the database's own nonce before the first."""

    seq: int
    nonce: str

    @property
    def position(self) -> str:
        """As `Revocation.position`."""
        return f"{self.seq}.{self.nonce}"


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Page:
    """Revocations up to a position, in their order. `reset`: the whole snapshot. Shared by all whom it answers."""

    reset: bool
    position: str
    as_of: int
    revoked: list[Revocation]


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class News:
    """What came after a position: one revocation or more. Shared by all followers that stand at the same place."""

    revoked: list[Revocation]


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """All committed at `as_of` (seconds, UTC) has been sent."""

    position: str
    as_of: int


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The position of the last revocation, and when the database was last read."""

    head: str
    as_of: int


FeedItem = Page | News | CaughtUp | Heartbeat


def handle(kind: HandleKind, value: str) -> str:
    """The 22-character handle of a claim, or of a key's name: base64url of the first 16 bytes of SHA-256(kind || 0x00 || value)."""
    digest = hashlib.sha256(kind.encode() + b"\x00" + value.encode()).digest()
    return base64.urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()


def parse_position(text: str) -> FeedHead | None:
    """Read a position; None when the text is no position at all."""
    seq, dot, nonce = text.partition(".")
    if not dot or not 1 <= len(seq) <= 18 or not seq.isascii() or not seq.isdigit():
        return None
    if not 1 <= len(nonce) <= 64 or not all(c.isascii() and (c.isalnum() or c in "-_") for c in nonce):
        return None
    return FeedHead(int(seq), nonce)
