"""Follows an issuer's revocation feed on a thread of its own. Spec: docs/reference/revocation-feed.md, "What a follower does"."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any

from admit.background import ForkAware, elapsed, log, promise, start_thread
from admit.errors import VerifierMisconfigured, VerifierUnavailable
from admit.metadata import MetadataSource
from admit.revocations.knowledge import Knowledge
from admit.revocations.listening import Listening
from admit.status import FeedStatus

_TURN_S = 1.0
_NO_TURN = (
    "the thread that follows the revocations of %s had no turn for %.0f s, so a token waited for it. The process was stopped, the machine "
    "has too much to do, or no threads run between requests: under uWSGI set enable-threads = true"
)


class Follower(ForkAware):
    """Keeps a `Knowledge` of revocations up to date: by the event stream, and by polling while that fails.

    Nothing starts before `ready` is first called. The thread says a few times a second that everything that came has been taken in.
    When that is over a second ago, because the process was stopped, has been forked, or runs no threads between requests, tokens wait
    until the thread had its turn. After a fork the child goes on with what the parent knew and starts a thread of its own.
    """

    knowledge: Knowledge

    def __init__(
        self,
        metadata: MetadataSource,
        *,
        accept_for: float = 300,
        dead_after_s: float = 15,
        poll_s: float = 1,
        elapsed: Callable[[], float] = elapsed,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """
        Args:
            metadata: Where the feed's address is found.
            accept_for: Seconds after the last word for which tokens are still accepted.
            dead_after_s: A stream that brings no event for so long is given up.
            poll_s: Between two polls, give or take 30 %.
            elapsed: Clock for freshness.
            clock: Seconds since 1970, for dropping what is over.
        """
        self._metadata = metadata
        self._accept_for, self._dead_after_s, self._poll_s = accept_for, dead_after_s, poll_s
        self._elapsed = elapsed
        self.knowledge = Knowledge(elapsed=elapsed, clock=clock)
        self._listening: Listening | None = None
        self._sure_until = self._inherited_until = float("-inf")
        self._told_of_late_turns = False
        super().__init__()
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._outcome = promise()
        self._failure: VerifierUnavailable | None = None
        self._sure_until, self._inherited_until = float("-inf"), self._sure_until

    def forget_parent(self) -> None:
        """The parent's thread and locks are not here, and its connection is not ours to speak on."""
        self._begin_anew()
        if self._listening is not None:
            self._listening.abandon()
            self._listening = None

    def ready(self) -> Future[None] | None:
        """Return None when the knowledge may be trusted, or a future after which asking again makes sense.

        Raises:
            VerifierUnavailable: No word from the feed for longer than `accept_for`, or never; or no thread can be started.
        """
        if self._elapsed() <= self._sure_until:
            return None
        new = self._ensure_running()
        outcome = self._outcome  # before looking again: a turn that comes in between completes this very future
        if (now := self._elapsed()) <= self._sure_until:
            return None
        if self.knowledge.age_s() > self._accept_for:
            if (failure := self._failure) is not None:
                raise type(failure)(str(failure), retry_after_s=failure.retry_after_s)
            # Never a word yet, or the process slept while the connection died.
            if self.knowledge.trusted and self._listening is not None:
                self._listening.reconnect()
        elif not new and not self._told_of_late_turns and self._sure_until > 0:
            self._told_of_late_turns = True
            log.warning(_NO_TURN, self._metadata.issuer, now - self._sure_until + _TURN_S)
        return outcome

    def version(self) -> int | None:
        """Return a number that changes with the knowledge, while that may be trusted. See `VersionedRevocations.version`."""
        return self.knowledge.version if self._elapsed() <= self._sure_until else None

    def revoked(self, claims: Mapping[str, Any]) -> str | None:
        """Return which claim has ended, or None."""
        return self.knowledge.revoked(claims)

    def ended(self, *claims: Any) -> str | None:
        """Do the same, with the claims that count one by one: see `Memory.ended`."""
        memory = self.knowledge.memory
        return None if memory is None else memory.ended(*claims)

    def status(self) -> FeedStatus:
        """Return how fresh the knowledge is, and how much of it there is. Asks nobody."""
        listening, failure, age_s = self._listening, self._failure, self.knowledge.age_s()
        return FeedStatus(
            age_s=age_s if self.knowledge.trusted else None,
            accept_for_s=self._accept_for,
            current=self._elapsed() <= self._sure_until,
            streaming=listening is not None and listening.streaming,
            handles=len(self.knowledge),
            position=self.knowledge.position,
            error=None if failure is None else str(failure),
        )

    def close(self) -> None:
        """Stop following. The next `ready` starts again from where this ended."""
        with self._lock:
            thread, self._thread = self._thread, None
            listening, self._listening = self._listening, None
            self._sure_until = float("-inf")
        if listening is not None:
            listening.stop()
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=1)

    def _ensure_running(self) -> bool:
        """Start the thread where there is none; say whether that was so."""
        if self._pid != os.getpid():
            self.forget_parent()  # forked without Python's hooks
        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                return False
            self._listening = listening = Listening(
                self._metadata,
                self.knowledge,
                self,
                dead_after_s=self._dead_after_s,
                poll_s=self._poll_s,
                elapsed=self._elapsed,
            )
            self._thread = start_thread(listening.run, name="admit-revocations")
            if (now := self._elapsed()) <= self._inherited_until:
                self._sure_until = min(now + _TURN_S, self.knowledge.heard_at + self._accept_for)
            return True

    # What the thread says (`Hearer`).

    def heard(self, listening: Listening) -> None:
        """A fresh word came."""
        if listening is self._listening and self._failure is not None:
            log.info("the revocation feed of %s is followed again", self._metadata.issuer)
            self._failure = None

    def up_to_date(self, listening: Listening) -> None:
        """Everything that came has been taken in."""
        self._be_sure(listening, _TURN_S)
        self._settle(listening)

    def waiting(self, listening: Listening, for_s: float) -> bool:
        """The thread goes on to something that can take so long; say whether it was on time so far."""
        on_time = self._elapsed() <= self._sure_until
        if on_time:
            self._be_sure(listening, for_s + _TURN_S)
        return on_time

    def failed(self, listening: Listening, error: Exception) -> None:
        """Nobody answers: from here on, what is known is good for as long as it is fresh."""
        if listening is not self._listening:
            return
        if not isinstance(error, VerifierMisconfigured):
            error = VerifierUnavailable(f"no fresh word about revocations: {error}")
        if self._failure is None:
            log.warning("the revocation feed of %s cannot be followed: %s", self._metadata.issuer, error)
        self._failure = error
        self._be_sure(listening, _TURN_S)
        self._settle(listening)

    def _be_sure(self, listening: Listening, for_s: float) -> None:
        until = min(self._elapsed() + for_s, self.knowledge.heard_at + self._accept_for)
        with self._lock:
            if listening is self._listening:
                self._sure_until = until

    def _settle(self, listening: Listening) -> None:
        if listening is self._listening:
            outcome, self._outcome = self._outcome, promise()
            outcome.set_result(None)
