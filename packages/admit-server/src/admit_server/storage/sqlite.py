"""The store on one SQLite file: reads inline, one writer thread with group commit, snapshots on reader threads."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Generic, TypeVar

from admit_server.ports.store import Statements, StoreUnavailable
from admit_server.storage.driving import drive
from admit_server.storage.schema import inspect_sqlite, require_current
from admit_server.storage.sqlite_checkpoint import Checkpointer
from admit_server.storage.sqlite_connection import unavailable
from admit_server.storage.sqlite_file import OpenedFile
from admit_server.storage.sqlite_reader import SqliteReader
from admit_server.storage.sqlite_writer import SqliteWriter

T = TypeVar("T")
Tx = TypeVar("Tx")

# Snapshots that may be read at the same time; each may be as long as a second, so lists never queue behind an export.
VIEW_THREADS = 2

LOCK_WAIT_S = 5.0

# A unit that changes more rows than this changes rows that lie beside each other (the audit's sealer), so they share their pages:
# folding the log as often as for scattered rows would slow down everybody else.
ROWS_A_UNIT = 200


class SqliteStore(Generic[Tx]):
    """One database file, usable from any number of loops, threads and processes at once.

    Args:
        path: The database file; `upgrade` makes it, the store never does.
        bind: Builds the aggregates on a `Statements`.
        lock_wait_s: How long a unit waits for another process that holds the write lock, in seconds.
        committed: Called in the writer thread after each commit with the number of units it held (for metrics).
        connection_class: The writer's connection; tests inject faults through it.

    Raises:
        StoreUnavailable: The file can't be opened.
        SchemaMismatch: It has another schema version.
    """

    def __init__(
        self,
        path: Path,
        bind: Callable[[Statements], Tx],
        *,
        lock_wait_s: float = LOCK_WAIT_S,
        committed: Callable[[int], None] | None = None,
        connection_class: type[sqlite3.Connection] = sqlite3.Connection,
    ) -> None:
        self._path = path
        file = OpenedFile(path)
        self._reader = SqliteReader(path, file)
        self._read = bind(self._reader)
        self._observer = committed
        self._checkpointer = Checkpointer(path)
        self._writer = SqliteWriter(
            path, bind, file=file, lock_wait_s=lock_wait_s, connection_class=connection_class, committed=self._committed
        )
        self._views: ThreadPoolExecutor | None = None
        self._listeners: list[tuple[asyncio.AbstractEventLoop, Callable[[], None]]] = []
        try:
            require_current(inspect_sqlite(self._reader.connection()), str(path))
        except sqlite3.Error as error:
            self._reader.close()
            raise unavailable(error, path) from error
        except StoreUnavailable:
            self._reader.close()
            raise

    @property
    def read(self) -> Tx:
        """Aggregates for single reads, inline on the calling thread's connection (about 10 µs each)."""
        return self._read

    async def view(self, look: Callable[[Tx], Awaitable[T]], /) -> T:
        """Run reads in one snapshot on a reader thread; keep it under a second, since it holds the log back."""
        if self._views is None:
            self._views = ThreadPoolExecutor(VIEW_THREADS, thread_name_prefix="admit-view")
        return await asyncio.get_running_loop().run_in_executor(self._views, self._view, look)

    def _view(self, look: Callable[[Tx], Awaitable[T]]) -> T:
        connection = self._reader.connection()
        try:
            connection.execute("BEGIN DEFERRED")
        except sqlite3.Error as error:
            raise self._reader.failed(error) from error
        try:
            return drive(look(self._read))  # type: ignore[arg-type]
        finally:
            # Nothing was written, so ending is all; the connection may be gone after an I/O error.
            try:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            except sqlite3.Error:
                self._reader.forget()

    async def write(self, unit: Callable[[Tx], Awaitable[T]], /) -> T:
        """Run a unit in the writer thread, and return once the commit it shares is on the disk."""
        value: T = await self._writer.submit(unit)
        return value

    async def head_seq(self) -> int:
        """The sequence number of the newest revocation, read inline."""
        row = await self._reader.one("SELECT seq FROM feed_head WHERE id = 1")
        return int(row[0]) if row else 0

    async def listen(self, callback: Callable[[], None], /) -> None:
        """Have `callback` called on this loop after each `announce` of this process; others are seen by polling only."""
        self._listeners.append((asyncio.get_running_loop(), callback))

    async def announce(self) -> None:
        """Tell this process's listeners that something was committed."""
        for loop, callback in self._listeners:
            try:
                loop.call_soon_threadsafe(callback)
            except RuntimeError:
                continue  # that loop has closed

    async def close(self) -> None:
        """Finish what is queued, then close every connection and thread."""
        await asyncio.get_running_loop().run_in_executor(None, self._close)

    def _close(self) -> None:
        if self._views is not None:
            self._views.shutdown()
        self._writer.close()
        self._checkpointer.close()
        self._reader.close()

    def _committed(self, units: int, rows: int) -> None:
        self._checkpointer.written(min(rows, units * ROWS_A_UNIT))
        if self._observer is not None:
            self._observer(units)
