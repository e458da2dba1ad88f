"""Learning of revocations: JWTs are checked without asking the server, so the server tells when one ends early."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from admit.background import ForkAware
from admit.revocations.memory import Memory, handle

if TYPE_CHECKING:
    from concurrent.futures import Future

__all__ = ["InMemoryRevocations", "Revocations", "VersionedRevocations", "handle"]


_MANY = 10_000


class Revocations(Protocol):
    """Knows which tokens have ended.

    It may also have the method `version` of `VersionedRevocations`; then tokens that were looked up once need not be looked up
    again.
    """

    def ready(self) -> Future[None] | None:
        """Return None when the knowledge may be trusted, or a future after which asking again makes sense.

        Raises:
            VerifierUnavailable: Nothing fresh is known, and waiting would not help.
        """

    def revoked(self, claims: Mapping[str, Any]) -> str | None:
        """Return which claim has ended ("sid", "grant", "jti" or "iat"), or "kid" for the key; None for a live token.

        `claims` has the name of the key that signed as `kid`.
        """

    def close(self) -> None:
        """Stop whatever runs in the background."""


class VersionedRevocations(Revocations, Protocol):
    """Revocations that can say that nothing came that might end a token."""

    def version(self) -> int | None:
        """Return a number; or None where `ready` has to be asked, because the knowledge may not be fresh.

        A token that `revoked` found alive after this number was read is alive as long as the number stays. Called for every token,
        so it costs next to nothing.
        """


class InMemoryRevocations(ForkAware):
    """Revocations of this process alone, for tests and for services that mint and check their own tokens."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        """`clock`: Seconds since 1970, for forgetting what is over once there are more than 10,000."""
        self._memory, self._clock = Memory(), clock
        super().__init__()
        self.forget_parent()

    def forget_parent(self) -> None:
        """A thread of the parent may have held the lock."""
        self._lock = threading.Lock()

    def revoke(self, kind: str, value: str, *, until: float) -> None:
        """End what the claim `kind` ("sid", "grant", "jti", or "kid" for a key) names `value`, for all tokens that live up to `until`."""
        self._add({"handle": handle(kind, value), "until": until})

    def revoke_before(self, before: float, *, until: float) -> None:
        """End every token issued at or before that time."""
        self._add({"before": before, "until": until})

    def ready(self) -> None:
        """Always."""

    def version(self) -> int:
        """Return a number that changes with every revocation."""
        return self._memory.version

    def revoked(self, claims: Mapping[str, Any]) -> str | None:
        """Return which claim has ended, or None."""
        return self._memory.revoked(claims)

    def ended(self, *claims: Any) -> str | None:
        """Do the same, with the claims that count one by one: see `Memory.ended`."""
        return self._memory.ended(*claims)

    def close(self) -> None:
        """Nothing runs."""

    def _add(self, entry: Mapping[str, Any]) -> None:
        with self._lock:
            self._memory.add(entry)
            # Not before: of few there is nothing to gain, and a test may live in another year than the machine.
            if len(self._memory) >= _MANY:
                self._memory.sweep(self._clock())
