"""Work that happens beside verification: its clock, its threads, and what a fork does to them."""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial

log: logging.Logger = logging.getLogger("admit")


# Seconds that only grow, and that go on while the machine sleeps. `time.monotonic` stands still during sleep on Linux; what was heard
# before the lid closed would look fresh after. Asked for every token, so it is chosen once.
elapsed: Callable[[], float] = (
    partial(time.clock_gettime, time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic
)


def promise() -> Future[None]:
    """Return a future that those who wait for it cannot cancel for each other."""
    made: Future[None] = Future()
    made.set_running_or_notify_cancel()
    return made


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

    starter = threading.get_native_id()

    def run() -> None:
        # With gevent a "thread" runs on the thread that started it, whose signals are its own affair.
        if threading.get_native_id() != starter:
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
