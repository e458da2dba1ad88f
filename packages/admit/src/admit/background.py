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


def start_thread(work: Callable[[], None], *, name: str) -> threading.Thread:
    """Run `work` on a thread that holds up nobody's exit and takes nobody's signals.

    Raises:
        VerifierUnavailable: There can be no more threads, or the interpreter is ending.
    """

    def run() -> None:
        leave_signals()
        work()

    thread = threading.Thread(target=run, name=name, daemon=True)
    try:
        thread.start()
    except RuntimeError as error:
        from admit.errors import VerifierUnavailable

        raise VerifierUnavailable(f"no thread can be started: {error}") from None
    return thread


def leave_signals() -> None:
    """Have the signals of the process handled by its other threads.

    The system gives a signal to any thread that takes it. A handler in C, such as uWSGI's, then runs in the middle of our work, and
    ending the process there waits for ever for the thread that waits for requests.
    """
    import signal

    if hasattr(signal, "pthread_sigmask"):
        own = {"SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGABRT", "SIGTRAP", "SIGSYS", "SIGPROF"}
        others = (number for number in signal.valid_signals() if getattr(number, "name", "") not in own)
        signal.pthread_sigmask(signal.SIG_BLOCK, others)


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
        with self._lock:
            if self._flight is not None:
                return self._flight
            flight: Future[None] = Future()
            self._flight = flight
            try:
                self._thread = start_thread(lambda: self._run(flight), name=self._name)
            except BaseException:
                self._flight = None
                raise
            return flight

    def wait(self, seconds: float) -> None:
        """Wait for the thread of the last flight to end."""
        if (thread := self._thread) is not None and thread is not threading.current_thread():
            thread.join(timeout=seconds)

    def _run(self, flight: Future[None]) -> None:
        try:
            self._work()
        except Exception:
            log.exception("%s failed unexpectedly", self._name)
        finally:
            with self._lock:
                self._flight = None
            flight.set_result(None)
