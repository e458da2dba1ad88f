"""Nonces that a server gives out and knows again without keeping them (RFC 9449 sections 8 and 9)."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass

from admit.jose import base64url
from admit.jose.errors import Malformed

LASTS_S = 120
_TIME_BYTES, _MAC_BYTES = 5, 16
_CHARS = (_TIME_BYTES + _MAC_BYTES) * 4 // 3


@dataclass(frozen=True, slots=True)
class Nonces:
    """Makes and checks nonces: the time, and a MAC over it. Every process with the same secret knows them.

    Attributes:
        mac: Any keyed hash of 16 bytes or more, over a few bytes.
        lasts_s: How long a nonce is good, in seconds.
    """

    mac: Callable[[bytes], bytes]
    lasts_s: int = LASTS_S

    @classmethod
    def from_secret(cls, secret: bytes, *, lasts_s: int = LASTS_S) -> Nonces:
        """Make nonces under a secret that all processes of one service share.

        Raises:
            ValueError: A secret under 32 bytes.
        """
        if len(secret) < 32:
            raise ValueError(f"the secret of nonces has 32 bytes or more, got {len(secret)}")
        return cls(lambda data: hmac.digest(secret, b"dpop nonce " + data, "sha256"), lasts_s)

    def new(self, now: float) -> str:
        """Return a nonce of this moment (seconds since 1970)."""
        at = int(now).to_bytes(_TIME_BYTES, "big")
        return base64url.encode(at + self.mac(at)[:_MAC_BYTES])

    def left_s(self, nonce: str, now: float) -> float | None:
        """Return for how many seconds more a nonce is good; None for one that is not ours, or is over."""
        if len(nonce) != _CHARS:
            return None
        try:
            raw = base64url.decode(nonce)
        except Malformed:
            return None
        at, mac = raw[:_TIME_BYTES], raw[_TIME_BYTES:]
        if not hmac.compare_digest(mac, self.mac(at)[:_MAC_BYTES]):
            return None
        left = int.from_bytes(at, "big") + self.lasts_s - now
        return left if left > 0 else None
