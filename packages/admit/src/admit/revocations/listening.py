"""Listening to the revocation feed, on a thread: by its stream, and by polling while that fails."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import Protocol
from urllib.parse import quote

from admit.background import log
from admit.connecting import Line
from admit.errors import VerifierUnavailable
from admit.fetching import Stream, Unreachable, fetch, stream
from admit.metadata import MetadataSource, NoMetadata
from admit.revocations import offer
from admit.revocations.intake import take_document, take_event
from admit.revocations.knowledge import Knowledge
from admit.revocations.memory import FeedError
from admit.revocations.sse import Parser

LOOK_S = 0.4
_MAX_FEED_BYTES = 64 * 1024 * 1024
_MAX_PAUSE_S = 30.0
_ASKING_S = 20.0


class Hearer(Protocol):
    """Who wants to know how the listening goes. Called on the thread that listens; what comes from one that was stopped is ignored."""

    def heard(self, listening: Listening) -> None:
        """A fresh word came, and is in the knowledge."""

    def up_to_date(self, listening: Listening) -> None:
        """Everything that came has been taken in, and nothing is known to be missing."""

    def waiting(self, listening: Listening, for_s: float) -> bool:
        """The thread goes on to something that can take so long; say whether it was on time so far."""

    def failed(self, listening: Listening, error: Exception) -> None:
        """Nobody answers, or nothing that can be understood."""


class Listening:
    """One thread's work, from its start until it is stopped."""

    streaming: bool

    def __init__(
        self,
        metadata: MetadataSource,
        knowledge: Knowledge,
        hearer: Hearer,
        *,
        dead_after_s: float,
        poll_s: float,
        elapsed: Callable[[], float],
    ) -> None:
        self._metadata, self._knowledge, self._hearer = metadata, knowledge, hearer
        self._dead_after_s, self._poll_s, self._elapsed = dead_after_s, poll_s, elapsed
        self._stop = threading.Event()
        self._line = Line()
        self._not_before = 0.0
        self.streaming = False  # whether the present stream has brought a word

    @property
    def stopped(self) -> bool:
        """Whether nobody wants to hear any more."""
        return self._stop.is_set()

    def stop(self) -> None:
        """End it, whatever it waits for."""
        self._stop.set()
        self._line.cut()

    def abandon(self) -> None:
        """Let go of the parent's connection, in a child."""
        self._line.abandon()

    def reconnect(self) -> None:
        """The stream may be dead though it looks open: make a new one, which brings a word at once. That one is left alone until then."""
        if self.streaming:
            self.streaming = False
            self._line.cut()

    def run(self) -> None:
        """Listen until stopped."""
        failures = 0
        while not self.stopped:
            if self._follow_stream():
                failures = 0
                # So that a server's restart is no stampede; who was late anyway has no time to lose.
                if self._hearer.waiting(self, LOOK_S):
                    self._pause(random.uniform(0.05, 0.5))  # noqa: S311 (spreads reconnections, hides nothing)
            else:
                failures += 1
                pause = min(_MAX_PAUSE_S, 2.0 ** min(failures, 10)) * random.uniform(0.7, 1.3)  # noqa: S311
                self._poll_until(self._elapsed() + max(pause, self._not_before - self._elapsed()))

    def _pause(self, seconds: float) -> None:
        while seconds > 0 and not self._stop.wait(min(seconds, LOOK_S)):
            seconds -= LOOK_S
            self._hearer.waiting(self, LOOK_S)

    def _follow_stream(self) -> bool:
        """Follow until the stream ends. Say whether it brought the knowledge up to date."""
        caught_up_before = self._knowledge.caught_up
        self._knowledge.drop_snapshot()
        try:
            headers = {"Accept": "text/event-stream", "Cache-Control": "no-cache"}
            if (resume := self._knowledge.position) is not None:
                headers["Last-Event-ID"] = resume
            address, line = self._ask()
            opened = stream(address, headers=headers, timeout_s=min(5.0, self._dead_after_s), line=line)
            try:
                self._check_stream(opened)
                self._read(opened)
            finally:
                self.streaming = False
                opened.close()
        except FeedError as error:
            log.warning("the revocation feed of %s is followed anew: %s", self._metadata.issuer, error)
            self._knowledge.start_over()
            return False
        except (Unreachable, VerifierUnavailable) as error:
            # Not yet a failure to report: polling comes next, and says so if it fails as well.
            log.debug("the revocation stream of %s ended: %s", self._metadata.issuer, error)
        except Exception:  # a bug here must not end the thread: tokens would be accepted until accept_for
            log.exception("following the revocation feed failed unexpectedly")
            self._knowledge.start_over()
            return False
        return self._knowledge.caught_up != caught_up_before

    def _check_stream(self, opened: Stream) -> None:
        if opened.status == 429:
            self._not_before = self._elapsed() + offer.retry_after_s(opened.headers)
        self._check_offer(opened.status, opened.media_type, "text/event-stream")

    def _check_offer(self, status: int, media_type: str, expected: str) -> None:
        if status != 200 or media_type != expected:
            if not self._knowledge.trusted and offer.is_none(status):
                raise offer.missing(self._metadata.issuer, f"{self._address()}: {status} {media_type}")
            raise Unreachable(f"the feed answers {status} {media_type}")

    def _read(self, opened: Stream) -> None:
        parser = Parser()
        caught_up_before = self._knowledge.caught_up

        def idle() -> None:
            # Before `caught-up` this stream has not brought yet what was missed before it.
            if self._knowledge.caught_up != caught_up_before:
                self._hearer.up_to_date(self)
            else:
                self._hearer.waiting(self, LOOK_S)

        opened.allow(self._dead_after_s, idle=idle)
        while not self.stopped and (data := opened.read()):
            for event in parser.feed(data):
                opened.allow(self._dead_after_s, idle=idle)
                if take_event(self._knowledge, event):
                    self.streaming = True
                    self._hearer.heard(self)
            # However much comes, the thread has its turns; one that was late is on time again only when it has read everything.
            self._hearer.waiting(self, LOOK_S)
        raise Unreachable("the stream ended")

    def _poll_until(self, deadline: float) -> None:
        # Every second also while nobody answers: what was revoked meanwhile has to be known within a second of the return. The
        # jitter keeps many verifiers from asking at one moment.
        while not self.stopped and (left := deadline - self._elapsed()) > 0:
            self._poll()
            self._pause(min(left, self._poll_s * random.uniform(0.7, 1.3)))  # noqa: S311

    def _poll(self) -> None:
        self._knowledge.drop_snapshot()
        try:
            after = self._knowledge.position
            address, line = self._ask()
            url = address + ("" if after is None else f"?after={quote(after, safe='')}")
            answer = fetch(url, headers={"Accept": "application/json"}, max_bytes=_MAX_FEED_BYTES, line=line)
            if self.stopped:
                return
            if answer.status == 400 and after is not None:
                raise FeedError("the feed does not know the position")
            self._check_offer(answer.status, answer.media_type, "application/json")
            take_document(self._knowledge, answer.body)
        except FeedError as error:
            self._knowledge.start_over()
            self._hearer.failed(self, VerifierUnavailable(f"the revocation feed is not understood: {error}"))
        except (Unreachable, VerifierUnavailable) as error:
            self._hearer.failed(self, error)
        except Exception as error:
            log.exception("polling the revocation feed failed unexpectedly")
            self._knowledge.start_over()
            self._hearer.failed(self, error)
        else:
            self._hearer.heard(self)
            self._hearer.up_to_date(self)

    def _ask(self) -> tuple[str, Line]:
        """Return where to ask, and the line to ask by."""
        self._hearer.waiting(self, _ASKING_S)
        self._line = line = Line()
        if self.stopped:
            line.cut()
        return self._address(line), line

    def _address(self, line: Line | None = None) -> str:
        try:
            offered = self._metadata.get(line=line).revocation_feed_endpoint
        except NoMetadata:
            offered = None
        return offered or f"{self._metadata.issuer.rstrip('/')}/revocations"
