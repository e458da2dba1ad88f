"""Work that happens beside verification: one flight at a time, and nothing that a fork could leave locked."""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial

log = logging.getLogger("admit")


# Seconds that only grow, and that go on while the machine sleeps. `time.monotonic` stands still during sleep on Linux; what was heard
# before the lid closed would look fresh after. Asked for every token, so it is chosen once.
elapsed: Callable[[], float] = (
    partial(time.clock_gettime, time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic
)


class ForkAware:
    """Told in the child after a fork, before any other code runs there: locks and threads of the parent are gone."""

    def __init__(self) -> None:
        _fork_aware.add(self)

    def forget_parent(self) -> None:
        """Replace locks and drop what only the parent's threads could finish."""
        raise NotImplementedError


_fork_aware: weakref.WeakSet[ForkAware] = weakref.WeakSet()


def _in_child() -> None:
    for one in list(_fork_aware):
        one.forget_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)


class SingleFlight(ForkAware):
    """Runs one piece of work at a time on a thread of its own; whoever asks meanwhile shares the outcome."""

    def __init__(self, work: Callable[[], None], *, name: str) -> None:
        """`work` keeps its result and its failure itself; an exception that escapes it is logged."""
        super().__init__()
        self._work = work
        self._name = name
        self.forget_parent()

    def forget_parent(self) -> None:
        """Drop the parent's flight: its thread does not exist here."""
        self._lock = threading.Lock()
        self._flight: Future[None] | None = None

    @property
    def current(self) -> Future[None] | None:
        """The flight that is under way, if any."""
        return self._flight

    def start(self) -> Future[None]:
        """Start the work, or join it; the future completes when it is done, well or not."""
        with self._lock:
            if self._flight is not None:
                return self._flight
            flight: Future[None] = Future()
            self._flight = flight
            thread = threading.Thread(target=self._run, args=(flight,), name=self._name, daemon=True)
            try:
                thread.start()
            except RuntimeError:  # no more threads, or the interpreter is ending
                self._flight = None
                raise
            return flight

    def _run(self, flight: Future[None]) -> None:
        try:
            self._work()
        except Exception:
            log.exception("%s failed unexpectedly", self._name)
        finally:
            with self._lock:
                self._flight = None
            flight.set_result(None)
