"""One fetch at a time, whoever asks for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future

from admit.background import ForkAware, log, promise, start_thread
from admit.connecting import Line


class SingleFlight(ForkAware):
    """Runs one fetch at a time on a thread of its own; whoever asks meanwhile shares the outcome."""

    def __init__(self, work: Callable[[Line], None], *, name: str) -> None:
        """`work` keeps its result and its failure itself, and fetches by the line that it gets; what escapes it is logged."""
        super().__init__()
        self._work = work
        self._name = name
        self._line = Line()
        self.forget_parent()

    def forget_parent(self) -> None:
        """Drop the parent's flight: its thread does not exist here, and its connection is not ours to speak on."""
        self._line.abandon()
        self._line = Line()
        self._lock = threading.Lock()
        self._flight: Future[None] | None = None
        self._thread: threading.Thread | None = None

    @property
    def current(self) -> Future[None] | None:
        """The flight that is under way, if any."""
        return self._flight

    def start(self) -> Future[None]:
        """Start the work, or join it; the future completes when it is done, well or not.

        Raises:
            VerifierUnavailable: No thread can be started.
        """
        flight = self.start_if(lambda: True)
        assert flight is not None  # noqa: S101 (it was asked for)
        return flight

    def start_if(self, due: Callable[[], bool]) -> Future[None] | None:
        """Join the flight that is under way; failing that, start one if it is due at this moment, and otherwise return None.

        Of many who find at once that a flight is due, the last may ask when the flight of the first has landed already: `due` is
        asked while no flight can start or land.
        """
        with self._lock:
            if self._flight is not None:
                return self._flight
            if not due():
                return None
            flight = promise()
            self._flight = flight
            line = self._line
            try:
                self._thread = start_thread(lambda: self._run(flight, line), name=self._name)
            except BaseException:
                self._flight = None
                raise
            return flight

    def end(self, *, within_s: float) -> None:
        """Cut the flight that is under way, if any, and wait so long for its thread. The next one may start at once."""
        with self._lock:
            thread, line = self._thread, self._line
            self._line = Line()
        line.cut()
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=within_s)

    def _run(self, flight: Future[None], line: Line) -> None:
        try:
            self._work(line)
        except Exception:
            log.exception("%s failed unexpectedly", self._name)
        finally:
            with self._lock:
                self._flight = None
            flight.set_result(None)
