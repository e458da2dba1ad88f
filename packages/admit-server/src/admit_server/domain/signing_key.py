"""Signing keys over time: published first, then signing, then kept as long as their tokens live."""

from dataclasses import dataclass, field
from typing import Literal

KeyState = Literal["next", "active", "retiring", "removed"]

# Verifiers refresh their copy of the key set at least this often; a key younger than this may still be unknown to some.
PUBLISH_AHEAD_S = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """One key. `signs_from` None: published only. `signs_until`: replaced then. `removed_at`: gone from /jwks then. Seconds, UTC."""

    kid: str
    alg: str
    public_jwk: dict[str, str]
    sealed_private: bytes = field(repr=False)
    published_at: int
    signs_from: int | None = None
    signs_until: int | None = None
    removed_at: int | None = None

    def state(self, now: int) -> KeyState:
        """What the key does now."""
        if self.removed_at is not None and now >= self.removed_at:
            return "removed"
        if self.signs_from is None or now < self.signs_from:
            return "next"
        if self.signs_until is not None and now >= self.signs_until:
            return "retiring"
        return "active"


def activation_time(key: SigningKey, *, now: int) -> int:
    """When a published key may begin to sign: at once if every verifier can know it, else when they do."""
    return max(now, key.published_at + PUBLISH_AHEAD_S)
