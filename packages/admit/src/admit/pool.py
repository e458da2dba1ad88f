"""Blocking calls beside an event loop, on threads that hold up nobody's exit."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from admit.background import ForkAware, start_thread
from admit.connecting import Line

_Answer = TypeVar("_Answer")


class Pool(ForkAware):
    """A few threads at most, each of which ends when nothing waits any more.

    The interpreter waits at its end for the threads of `concurrent.futures`, however long a server lets those wait.
    """

    def __init__(self, most: int, *, name: str) -> None:
        """
        Args:
            most: How many threads at once; further calls wait for one of them.
            name: Of each thread.
        """
        super().__init__()
        self._most, self._name = most, name
        self._running: dict[Line, threading.Thread] = {}
        self.forget_parent()

    def forget_parent(self) -> None:
        """The parent's threads are not here, and their connections are not ours to speak on."""
        for line in self._running:
            line.abandon()
        self._lock = threading.Lock()
        self._waiting: deque[Callable[[Line], None]] = deque()
        self._running = {}

    def call(self, work: Callable[[Line], _Answer]) -> Future[_Answer]:
        """Have `work` called on a thread, with the line to fetch by.

        Raises:
            VerifierUnavailable: No thread can be started.
        """
        outcome: Future[_Answer] = Future()

        def run(line: Line) -> None:
            if outcome.set_running_or_notify_cancel():
                try:
                    outcome.set_result(work(line))
                except BaseException as error:
                    outcome.set_exception(error)

        with self._lock:
            if len(self._running) < self._most:
                line = Line()
                self._running[line] = start_thread(lambda: self._work(line, run), name=self._name)
            else:
                self._waiting.append(run)
        return outcome

    def close(self) -> None:
        """End what is under way, and wait a moment for its threads. What waits for one fails at once."""
        with self._lock:
            running = dict(self._running)
        for line in running:
            line.cut()
        for thread in running.values():
            if thread is not threading.current_thread():
                thread.join(timeout=1)

    def _work(self, line: Line, run: Callable[[Line], None]) -> None:
        while True:
            run(line)
            with self._lock:
                if not self._waiting:
                    self._running.pop(line, None)
                    return
                run = self._waiting.popleft()
