"""Ports of keys, revocations, counters and audit."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from ..domain.audit import AuditEvent
from ..domain.revocation import FeedHead, Revocation
from ..domain.signing_key import SigningKey
from ..domain.throttle import Counter


class Feed(Protocol):
    """The revocation feed. Publishing is the last thing a unit does: the head's row stays locked until the commit."""

    async def publish(self, handle: str, *, until: int, nonce: str, now: int) -> None:
        """Append a handle."""
        ...

    async def publish_before(self, before: int, *, until: int, nonce: str, now: int) -> None:
        """Append the emergency rule: every token issued at or before that time has ended."""
        ...

    async def head(self) -> FeedHead: ...

    async def since(self, seq: int, *, limit: int) -> list[Revocation]:
        """Rows after a number, in order."""
        ...

    async def at(self, seq: int) -> Revocation | None: ...

    async def installation_nonce(self) -> str: ...

    async def live(self, *, now: int) -> list[Revocation]:
        """Every row whose tokens could still be alive, in order."""
        ...

    async def ended(self, handles: tuple[str, ...], *, issued_at: int, now: int) -> bool:
        """Whether a token with these handles (one to fifteen), issued then, is revoked."""
        ...


class SigningKeys(Protocol):
    """Keys of the keyring."""

    async def add(self, key: SigningKey) -> None: ...

    async def all(self) -> list[SigningKey]: ...

    async def activate(self, kid: str, *, at: int) -> bool:
        """Let a published key sign from then on; False when it already has a time (somebody else was first)."""
        ...

    async def remove(self, kid: str, *, at: int) -> bool:
        """Take a key out of use from then on; False when it is out already, or unknown."""
        ...

    async def begin(self, kid: str, *, at: int) -> bool:
        """Let a key that does not sign yet sign from then on, whatever was planned; False when it signs already."""
        ...

    async def retire(self, kid: str, *, signs_until: int, removed_at: int) -> bool:
        """Let a key end; False when its end is already set."""
        ...


class Throttles(Protocol):
    """Counters of failures."""

    async def get(self, counter: bytes) -> Counter | None: ...

    async def of(self, counters: Sequence[bytes]) -> Mapping[bytes, Counter]:
        """Those of them that there are, in one read."""
        ...

    async def compare_and_set(self, counter: bytes, *, was: Counter | None, becomes: Counter, expires_at: int) -> bool:
        """Write the new value if the stored one is still what was read; False when somebody else was first."""
        ...

    async def clear(self, counter: bytes) -> bool:
        """Remove it; False when there was none."""
        ...


class Audit(Protocol):
    """Security-relevant facts."""

    async def append(self, event: AuditEvent) -> None: ...

    async def latest(self, *, limit: int) -> list[AuditEvent]: ...


class Sweeping(Protocol):
    """Removal of rows that can matter to nobody any more, in small batches."""

    async def sweep(self, *, now: int, limit: int) -> int:
        """Delete up to `limit` rows of each kind; how many went."""
        ...
