"""The one writer thread of a process: units from every loop, many to a commit."""

import asyncio
import logging
import queue
import random
import sqlite3
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from admit_server.ports.store import Statements, StoreUnavailable
from admit_server.storage.driving import drive
from admit_server.storage.sqlite_connection import connect, must_reopen, primary, unavailable
from admit_server.storage.sqlite_file import OpenedFile
from admit_server.storage.sqlite_turn import Turn
from admit_server.storage.sqlite_unit import UnitStatements

Tx = TypeVar("Tx")

LOG = logging.getLogger(__name__)

# A batch ends with whichever comes first: a longer one would let the first unit wait for the last one's work.
UNITS_A_COMMIT = 128
WORK_A_COMMIT_S = 0.005

# How long to sleep between two attempts at the lock of another process, in seconds.
LOCK_POLL_S = 0.0005


@dataclass(slots=True, eq=False)
class _Job:
    unit: Callable[[Any], Awaitable[Any]]
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[Any]"
    queued_at: float
    value: Any = None
    error: BaseException | None = None


class _Lost(Exception):
    """The transaction is gone, and with it every unit of the batch."""


class SqliteWriter(Generic[Tx]):
    """Runs units one after the other in a thread of its own and commits them in groups.

    Args:
        path: The database file.
        bind: Builds the aggregates; called once.
        file: What was opened; nothing is acknowledged that another file at its place would not hold.
        lock_wait_s: How long a unit may wait for another process's lock, counted from when it was queued.
        connection_class: Tests inject faults through it.
        committed: Called in the writer thread after each commit with the units and the changed rows it held.
    """

    def __init__(
        self,
        path: Path,
        bind: Callable[[Statements], Tx],
        *,
        file: OpenedFile,
        lock_wait_s: float,
        connection_class: type[sqlite3.Connection],
        committed: Callable[[int, int], None],
    ) -> None:
        self._path, self._file = path, file
        self._statements = UnitStatements(path)
        self._tx = bind(self._statements)
        self._lock_wait_s = lock_wait_s
        self._connection_class = connection_class
        self._committed = committed
        self._connection: sqlite3.Connection | None = None
        self._turn = Turn(path.parent)
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._stopping = False

    def submit(self, unit: Callable[[Tx], Awaitable[Any]]) -> "asyncio.Future[Any]":
        """Queue a unit; the future belongs to the running loop and is settled after the commit."""
        loop = asyncio.get_running_loop()
        job = _Job(unit, loop, loop.create_future(), time.monotonic())
        with self._lock:
            if self._closed:
                raise StoreUnavailable(f"the database {self._path} is closed: this process is stopping")
            if self._thread is None:
                # A daemon, so that a process whose loop died without close() can still end; a batch is atomic anyway.
                self._thread = threading.Thread(target=self._work, name="admit-writer", daemon=True)
                self._thread.start()
            self._queue.put(job)
        return job.future

    def close(self) -> None:
        """Finish what is queued, then end the thread. Blocks; call it off the loop."""
        with self._lock:
            self._closed = True
            thread = self._thread
            self._queue.put(None)
        if thread is not None:
            thread.join()
        self._turn.close()

    def _work(self) -> None:
        while not self._stopping:
            job = self._queue.get()
            if job is None:
                break
            batch: list[_Job] = [job]
            try:
                changes = self._batch(batch)
            except BaseException as error:
                self._lose(batch, error)
            else:
                self._tell(len(batch), changes)
            _deliver(batch)
        self._disconnect()

    def _tell(self, units: int, changes: int) -> None:
        try:
            self._committed(units, changes)
        except Exception:
            # What is committed stays committed, whatever an observer thinks of it.
            LOG.exception("the hook after a commit failed")

    def _batch(self, batch: list[_Job]) -> int:
        """Run the first job and whatever else is waiting, and commit; the number of rows changed."""
        connection = self._begin(batch[0].queued_at + self._lock_wait_s)
        changes = connection.total_changes
        ends_at = time.monotonic() + WORK_A_COMMIT_S
        self._statements.connection = connection
        try:
            self._run(batch[0], connection)
            while len(batch) < UNITS_A_COMMIT and time.monotonic() < ends_at:
                try:
                    job = self._queue.get_nowait()
                except queue.Empty:
                    break
                if job is None:
                    self._stopping = True
                    break
                batch.append(job)
                self._run(job, connection)
        finally:
            self._statements.connection = None
        self._file.require(afresh=True)
        connection.execute("COMMIT")
        return connection.total_changes - changes

    def _run(self, job: _Job, connection: sqlite3.Connection) -> None:
        """Run one unit inside its savepoint; its outcome stands in the job.

        Raises:
            _Lost: SQLite undid the whole transaction.
        """
        statements = self._statements
        statements.failure = None
        connection.execute("SAVEPOINT unit")
        try:
            job.value = drive(job.unit(self._tx))  # type: ignore[arg-type]
            if statements.failure is not None:
                raise statements.failure
        except BaseException as error:
            job.error = error
            fault = statements.failure.__cause__ if statements.failure is not None else None
            # A full disk may undo one statement or the whole transaction; only SQLite knows which it was.
            if not connection.in_transaction or must_reopen(fault):
                raise _Lost from (fault or error)
            connection.execute("ROLLBACK TO unit")
        connection.execute("RELEASE unit")

    def _begin(self, deadline: float) -> sqlite3.Connection:
        """Take the write lock, waiting for other processes until `deadline` (monotonic seconds)."""
        if self._connection is None:
            self._connection = connect(self._path, self._connection_class, writer=True)
        with self._turn.taken_by(deadline):
            while True:
                try:
                    self._connection.execute("BEGIN IMMEDIATE")
                except sqlite3.Error as error:
                    if primary(error) != sqlite3.SQLITE_BUSY or time.monotonic() >= deadline:
                        raise
                else:
                    return self._connection
                time.sleep(LOCK_POLL_S * (0.5 + random.random()))  # noqa: S311 (only spreads the attempts)

    def _lose(self, batch: list[_Job], error: BaseException) -> None:
        """Nothing of the batch was kept: tell every unit so, also those that had failed by themselves.

        What a unit saw before it failed (a row of its neighbour, say) may never have come to be.
        """
        cause = error.__cause__ if isinstance(error, _Lost) and error.__cause__ else error
        if self._connection is not None:
            try:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
            except sqlite3.Error as second:
                cause = second if must_reopen(second) else cause
                self._disconnect()
        if must_reopen(cause):
            self._disconnect()
        for job in batch:
            if isinstance(cause, sqlite3.Error):
                job.error = unavailable(cause, self._path)
            else:
                job.error = StoreUnavailable(str(cause) or repr(cause))
            job.error.__cause__ = cause

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except sqlite3.Error:
                pass


def _deliver(batch: list[_Job]) -> None:
    """Hand all results to each loop in one call: one wake-up a batch, not one a unit."""
    by_loop: dict[asyncio.AbstractEventLoop, list[_Job]] = {}
    for job in batch:
        by_loop.setdefault(job.loop, []).append(job)
    for loop, jobs in by_loop.items():
        try:
            loop.call_soon_threadsafe(_settle, jobs)
        except RuntimeError:
            pass  # that loop has closed: nobody waits there any more


def _settle(jobs: list[_Job]) -> None:
    for job in jobs:
        if job.future.done():
            continue  # its caller was cancelled; the unit stands all the same
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.value)
