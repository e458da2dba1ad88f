"""Reports refusals to the server, in batches and in the background, so that the administrator can have them explained.

Spec: docs/reference/denials.md. Without credentials nothing is reported and no id is promised. Nothing here ever delays a
request: a report is put into a bounded queue, and where that is full it is left out, and its id with it.
"""

from __future__ import annotations

import atexit
import ipaddress
import json
import re
import secrets
import threading
import weakref
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from admit import background
from admit.background import ForkAware, log
from admit.checks import place
from admit.connecting import Line
from admit.errors import AdmitError, VerifierMisconfigured, VerifierUnavailable
from admit.fetching import Unreachable, fetch
from admit.limits import Attempt
from admit.metadata import MetadataSource

PERIOD_S = 1.0
MOST_WAITING = 1_000
_BATCH, _BATCH_BYTES = 100, 200_000
_LONGEST_PAUSE_S = 30.0
_LAST_CALL_S = 2.0
_NOT_OFFERED_S, _NOT_ALLOWED_S = 3600.0, 60.0
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_HANDLE = re.compile(r"(?:grt|tok|ses)_[0-9A-Za-z]{22}", re.ASCII)


def denial_id() -> str:
    """Return a new id: 128 random bits, written as the server writes its own."""
    number, digits = int.from_bytes(secrets.token_bytes(16), "big"), ""
    while number:
        number, digit = divmod(number, 62)
        digits = _DIGITS[digit] + digits
    return f"den_{digits.rjust(22, '0')}"


class Reporter(ForkAware):
    """Sends what was refused. Its thread lives only while something waits; a forked child starts with an empty queue."""

    lost: int

    def __init__(
        self,
        metadata: MetadataSource,
        *,
        authorization: str,
        audience: str,
        clock: Callable[[], float],
        elapsed: Callable[[], float] = background.elapsed,
    ) -> None:
        """
        Args:
            metadata: Where the endpoint's address is found.
            authorization: The value of the header that proves this resource.
            audience: Of this resource.
            clock: Seconds since 1970.
            elapsed: Clock for pauses.
        """
        self._metadata, self._authorization, self._audience = metadata, authorization, audience
        self._clock, self._elapsed = clock, elapsed
        self._closed_until = float("-inf")
        self.lost = 0
        self._line = Line()
        super().__init__()
        self.forget_parent()
        _reporters.add(self)

    def forget_parent(self) -> None:
        """What waits is the parent's to send, and its thread and lock are not here."""
        self._lock = threading.Lock()
        self._queue: deque[bytes] = deque()
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._line.abandon()
        self._line = Line()

    def new_id(self) -> str | None:
        """Return an id to promise, or None where the server takes no reports, as far as is known without asking."""
        known = self._metadata.known
        not_offered = known is not None and known.denials_endpoint is None
        return None if not_offered or self._elapsed() < self._closed_until else denial_id()

    def take(self, refusal: AdmitError, claims: Mapping[str, Any] | None, attempt: Attempt) -> None:
        """Queue a refusal, and give it an id that it may tell its caller.

        Args:
            refusal: With its checks. An id that it has already is kept.
            claims: Of a token whose signature was good; None where nothing in the token may be believed.
            attempt: What the caller tried.
        """
        told = refusal.denial_id or self.new_id()
        if told is None or self._elapsed() < self._closed_until:
            return
        report = json.dumps(self._report(told, refusal, claims or {}, attempt)).encode("ascii")
        with self._lock:
            if len(self._queue) >= MOST_WAITING:
                self.lost += 1
                return
            self._queue.append(report)
            self._ensure_running()
        refusal.denial_id = told

    def close(self) -> None:
        """Send what waits, for at most two seconds, and stop. The next `take` starts again."""
        with self._lock:
            thread, self._thread = self._thread, None
            line, self._line = self._line, Line()
            self._stop.set()
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=_LAST_CALL_S)
            line.cut()
            thread.join(timeout=1)

    def _ensure_running(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._stop = stop = threading.Event()
            self._line = line = Line()
            try:
                self._thread = background.start_thread(lambda: self._run(stop, line), name="admit-denials")
            except VerifierUnavailable:  # the next one tries again
                self._thread = None

    def _run(self, stop: threading.Event, line: Line) -> None:
        pause = PERIOD_S
        while True:
            stop.wait(pause)
            try:
                well = self._flush(line, timeout_s=_LAST_CALL_S if stop.is_set() else 5.0)
            except Exception:  # a bug here must not fill the queue for ever
                log.exception("reporting refusals failed unexpectedly")
                well = False
            pause = PERIOD_S if well else min(pause * 2, _LONGEST_PAUSE_S)
            with self._lock:
                if stop.is_set() or not self._queue:
                    if self._stop is stop:
                        self._thread = None
                    return

    def _flush(self, line: Line, *, timeout_s: float) -> bool:
        """Send everything that waits. False: the server could not be reached, and what was left waits on."""
        while batch := self._next_batch():
            if not self._send(batch, line, timeout_s=timeout_s):
                with self._lock:
                    self._queue.extendleft(reversed(batch[: MOST_WAITING - len(self._queue)]))
                return False
        return True

    def _next_batch(self) -> list[bytes]:
        batch: list[bytes] = []
        size = 2
        with self._lock:
            while self._queue and len(batch) < _BATCH and size + len(self._queue[0]) + 1 <= _BATCH_BYTES:
                size += len(self._queue[0]) + 1
                batch.append(self._queue.popleft())
        return batch

    def _send(self, batch: list[bytes], line: Line, *, timeout_s: float) -> bool:
        headers = {
            "Authorization": self._authorization,
            "Content-Type": "application/json",
            "Accept": "application/json",
        }
        try:
            url = self._metadata.get(line=line).denials_endpoint
            if url is None:
                return self._give_up(_NOT_OFFERED_S, "its metadata names no denials_endpoint")
            body = b"[" + b",".join(batch) + b"]"
            answer = fetch(url, headers=headers, body=body, timeout_s=timeout_s, line=line)
        except VerifierMisconfigured as error:
            return self._give_up(_NOT_ALLOWED_S, str(error))
        except (Unreachable, VerifierUnavailable) as error:
            log.debug("refusals can't be reported now: %s", error)
            return False
        if answer.status == 429 or answer.status >= 500:
            return False
        if answer.status != 200:
            return self._give_up(
                _NOT_ALLOWED_S, f"it answers {answer.status}: check client_id, client_secret and audience"
            )
        return True

    def _give_up(self, for_s: float, why: str) -> bool:
        """Drop what waits, and promise no ids for a while."""
        log.warning("%s takes no reports of refusals: %s", self._metadata.issuer, why)
        self._closed_until = self._elapsed() + for_s
        with self._lock:
            self._queue.clear()
        return True

    def _report(self, told: str, refusal: AdmitError, claims: Mapping[str, Any], attempt: Attempt) -> dict[str, Any]:
        report: dict[str, Any] = {
            "id": told,
            "code": refusal.code,
            "at": int(self._clock()),
            "resource": self._audience,
            "endpoint": place(attempt.method, attempt.path) or (attempt.action or "")[:200],
            "checks": [
                {"name": c.name[:64], "expected": c.expected, "found": c.found, "passed": c.passed}
                for c in refusal.checks[:32]
            ],
        }
        if attempt.address is not None and _is_address(attempt.address):
            report["network"] = attempt.address
        handles = {name: claims.get(name) for name in ("grant", "jti", "sid")}
        if _is_handle(handles["grant"]):
            report |= {name: value for name, value in handles.items() if _is_handle(value)}
        return report


def _is_handle(value: object) -> bool:
    return isinstance(value, str) and _HANDLE.fullmatch(value) is not None


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return len(text) <= 64


_reporters: weakref.WeakSet[Reporter] = weakref.WeakSet()


@atexit.register
def _at_exit() -> None:
    for one in list(_reporters):
        one.close()
