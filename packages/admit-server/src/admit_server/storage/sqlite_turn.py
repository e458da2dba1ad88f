"""Taking turns between processes at SQLite's write lock, which by itself favours whoever just released it."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform != "win32":
    import fcntl

POLL_S = 0.0005

# A stopped process may sit on the turn for ever; so long does a batch queue at most before it tries its luck, in seconds.
TURN_WAIT_S = 0.25


class Turn:
    """A turnstile before BEGIN IMMEDIATE: who waits for the write lock holds it, so who releases that lock queues behind.

    It is an advisory lock on the database's directory: no file of its own, and never a second descriptor of the database
    file, since closing one would drop SQLite's own locks. Without it (Windows, some network file systems) all stays
    correct, only less fair.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._descriptor: int | None = None

    @contextmanager
    def taken_by(self, deadline: float) -> Iterator[None]:
        """Hold the turn inside; after `deadline` (monotonic seconds) or a quarter second go on without it."""
        held = self._take(deadline)
        try:
            yield
        finally:
            if held and self._descriptor is not None and sys.platform != "win32":
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def _take(self, deadline: float) -> bool:
        deadline = min(deadline, time.monotonic() + TURN_WAIT_S)
        if sys.platform == "win32":
            return False
        try:
            if self._descriptor is None:
                self._descriptor = os.open(self._directory, os.O_RDONLY | os.O_CLOEXEC)
            while True:
                try:
                    fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    if time.monotonic() >= deadline:
                        return False
                    time.sleep(POLL_S)
                else:
                    return True
        except OSError:
            return False

    def close(self) -> None:
        """Give the descriptor back."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
