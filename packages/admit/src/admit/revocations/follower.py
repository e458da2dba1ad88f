"""Follows an issuer's revocation feed on a thread of its own. Spec: docs/reference/revocation-feed.md, "What a follower does"."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any
from urllib.parse import quote

from admit.background import ForkAware, elapsed, log
from admit.errors import VerifierMisconfigured, VerifierUnavailable
from admit.fetching import Stream, Unreachable, fetch, stream
from admit.metadata import MetadataSource, NoMetadata
from admit.revocations import offer
from admit.revocations.intake import take_document, take_event
from admit.revocations.knowledge import Knowledge
from admit.revocations.memory import FeedError
from admit.revocations.sse import Parser

_MAX_FEED_BYTES = 64 * 1024 * 1024
_MAX_PAUSE_S, _SURE_S = 30.0, 1.0


class Follower(ForkAware):
    """Keeps a `Knowledge` of revocations up to date: by the event stream, and by polling while that fails.

    Nothing starts before `ready` is first called. After a fork the child goes on with what the parent knew, for as long
    as that is fresh, and starts a thread of its own.
    """

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
        self._elapsed, self._clock = elapsed, clock
        self.knowledge = Knowledge(elapsed=elapsed, clock=clock)
        self._stream: Stream | None = None
        self._failure: VerifierUnavailable | None = None
        self._ever_offered = False
        self._not_before = 0.0
        super().__init__()
        self._reset_threads()

    def _reset_threads(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._outcome: Future[None] = Future()
        self._sure_until = float("-inf")

    def forget_parent(self) -> None:
        """The parent's thread and locks are not here, and its connection is not ours to speak on."""
        self._reset_threads()
        if self._stream is not None:
            self._stream.abandon()
            self._stream = None
        self._failure = None

    def ready(self) -> Future[None] | None:
        """Return None when the knowledge may be trusted, or a future after which asking again makes sense.

        Raises:
            VerifierUnavailable: No word from the feed for longer than `accept_for`, or never.
        """
        self._ensure_running()
        outcome = self._outcome  # before looking at the age: a word that comes in between completes this very future
        if (left_s := self._accept_for - self.knowledge.age_s()) >= 0:
            self._sure_until = self._elapsed() + min(left_s, _SURE_S)
            return None
        if (failure := self._failure) is not None:
            raise type(failure)(str(failure), retry_after_s=failure.retry_after_s)
        # Never a word yet, or the process slept while the connection died: a new one brings a word at once.
        if self.knowledge.trusted and (current := self._stream) is not None:
            current.interrupt()
        return outcome

    def version(self) -> int | None:
        """Return a number that changes with the knowledge, while that may be trusted. See `VersionedRevocations.version`."""
        return self.knowledge.version if self._elapsed() < self._sure_until else None

    def revoked(self, claims: Mapping[str, Any]) -> str | None:
        """Return which claim has ended, or None."""
        return self.knowledge.revoked(claims)

    def close(self) -> None:
        """Stop following. The next `ready` starts again from where this ended."""
        with self._lock:
            thread, self._thread = self._thread, None
            self._stop.set()
        self._sure_until = float("-inf")
        if (current := self._stream) is not None:
            current.interrupt()
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=1)

    def _ensure_running(self) -> None:
        thread = self._thread
        if thread is not None and thread.is_alive() and self._pid == os.getpid():
            return
        if self._pid != os.getpid():
            self.forget_parent()  # forked without Python's hooks
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._stop = threading.Event()
                self._thread = threading.Thread(
                    target=self._run, args=(self._stop,), name="admit-revocations", daemon=True
                )
                self._thread.start()

    def _run(self, stop: threading.Event) -> None:
        failures = 0
        while not stop.is_set():
            if self._follow_stream(stop):
                failures = 0
                stop.wait(random.uniform(0.05, 0.5))  # noqa: S311 (spreads reconnections, hides nothing)
            else:
                failures += 1
                pause = min(_MAX_PAUSE_S, 2.0 ** min(failures, 10)) * random.uniform(0.7, 1.3)  # noqa: S311
                self._poll_until(self._elapsed() + max(pause, self._not_before - self._elapsed()), stop)

    def _follow_stream(self, stop: threading.Event) -> bool:
        """Follow until the stream ends. Say whether it brought the knowledge up to date."""
        caught_up_before = self.knowledge.caught_up
        self.knowledge.drop_snapshot()
        try:
            headers = {"Accept": "text/event-stream", "Cache-Control": "no-cache"}
            if (resume := self.knowledge.position) is not None:
                headers["Last-Event-ID"] = resume
            opened = stream(self._address(), headers=headers, timeout_s=min(5.0, self._dead_after_s))
            self._stream = opened
            try:
                self._check_stream(opened)
                self._read(opened, stop)
            finally:
                self._stream = None if self._stream is opened else self._stream
                opened.close()
        except FeedError as error:
            log.warning("the revocation feed of %s is followed anew: %s", self._metadata.issuer, error)
            self.knowledge.start_over()
            return False
        except (Unreachable, VerifierUnavailable) as error:
            # Not yet a failure to report: polling comes next, and says so if it fails as well.
            log.debug("the revocation stream of %s ended: %s", self._metadata.issuer, error)
        except Exception:  # a bug here must not end the thread: tokens would be accepted until accept_for
            log.exception("following the revocation feed failed unexpectedly")
            self.knowledge.start_over()
            return False
        return self.knowledge.caught_up != caught_up_before

    def _check_stream(self, opened: Stream) -> None:
        if opened.status == 429:
            self._not_before = self._elapsed() + offer.retry_after_s(opened.headers)
        self._check_offer(opened.status, opened.media_type, "text/event-stream")

    def _check_offer(self, status: int, media_type: str, expected: str) -> None:
        if status != 200 or media_type != expected:
            if not self._ever_offered and offer.is_none(status):
                raise offer.missing(self._metadata.issuer, f"{self._address()}: {status} {media_type}")
            raise Unreachable(f"the feed answers {status} {media_type}")
        self._ever_offered = True

    def _read(self, opened: Stream, stop: threading.Event) -> None:
        parser = Parser()
        opened.allow(self._dead_after_s)
        while not stop.is_set() and (data := opened.read()):
            for event in parser.feed(data):
                opened.allow(self._dead_after_s)
                if take_event(self.knowledge, event):
                    self._succeeded()
        raise Unreachable("the stream ended")

    def _poll_until(self, deadline: float, stop: threading.Event) -> None:
        # Every second also while nobody answers: what was revoked meanwhile has to be known within a second of the return. The
        # jitter keeps many verifiers from asking at one moment.
        while not stop.is_set() and (left := deadline - self._elapsed()) > 0:
            self._poll(stop)
            stop.wait(min(left, self._poll_s * random.uniform(0.7, 1.3)))  # noqa: S311

    def _poll(self, stop: threading.Event) -> None:
        self.knowledge.drop_snapshot()
        try:
            after = self.knowledge.position
            url = self._address() + ("" if after is None else f"?after={quote(after, safe='')}")
            answer = fetch(url, headers={"Accept": "application/json"}, max_bytes=_MAX_FEED_BYTES)
            if stop.is_set():
                return
            if answer.status == 400 and after is not None:
                raise FeedError("the feed does not know the position")
            self._check_offer(answer.status, answer.media_type, "application/json")
            take_document(self.knowledge, answer.body)
        except FeedError as error:
            self.knowledge.start_over()
            self._failed(VerifierUnavailable(f"the revocation feed is not understood: {error}"))
        except (Unreachable, VerifierUnavailable) as error:
            self._failed(error)
        except Exception as error:
            log.exception("polling the revocation feed failed unexpectedly")
            self.knowledge.start_over()
            self._failed(error)
        else:
            self._succeeded()

    def _address(self) -> str:
        try:
            offered = self._metadata.get().revocation_feed_endpoint
        except NoMetadata:
            offered = None
        return offered or f"{self._metadata.issuer.rstrip('/')}/revocations"

    def _succeeded(self) -> None:
        if self._failure is not None:
            log.info("the revocation feed of %s is followed again", self._metadata.issuer)
            self._failure = None
        self._settle()

    def _failed(self, error: Exception) -> None:
        if not isinstance(error, VerifierMisconfigured):
            error = VerifierUnavailable(f"no fresh word about revocations: {error}")
        if self._failure is None:
            log.warning("the revocation feed of %s cannot be followed: %s", self._metadata.issuer, error)
        self._failure = error
        self._settle()

    def _settle(self) -> None:
        outcome, self._outcome = self._outcome, Future()
        outcome.set_result(None)
