"""Folding SQLite's write-ahead log back into the database file, away from the writer and the loops."""

import logging
import sqlite3
import threading
from pathlib import Path

from admit_server.ports.store import StoreUnavailable
from admit_server.storage.sqlite_connection import connect

LOG = logging.getLogger(__name__)

# Changed rows after which the log is folded. Under load, when units share commits, a row costs 1.2 pages (measured with refreshes),
# so this is near SQLite's own 1,000 pages; alone it costs two to four.
ROWS_A_CHECKPOINT = 850

# Under steady writing a passive checkpoint never catches up with the log's end, so the log would grow without end. Beyond
# this many pages the writers are held back for the last stretch.
RESTART_PAGES = 4_000

# Beyond this size the file is also given back to the disk, in bytes.
TRUNCATE_BYTES = 64 * 1024 * 1024

# How long a restart may hold writers back while it waits for a reader, in milliseconds.
RESTART_WAIT_MS = 50


class Checkpointer:
    """A thread that folds the log when told how many rows were written. SQLite folds the rest when the last process leaves."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._log = path.with_name(path.name + "-wal")
        self._rows = 0
        self._due = threading.Event()
        self._closed = False
        self._thread: threading.Thread | None = None

    def written(self, rows: int) -> None:
        """Count rows that were committed; called by the writer thread only."""
        self._rows += rows
        if self._rows < ROWS_A_CHECKPOINT:
            return
        self._rows = 0
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="admit-checkpoint", daemon=True)
            self._thread.start()
        self._due.set()

    def close(self) -> None:
        """End the thread; the writer must have ended before."""
        self._closed = True
        self._due.set()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        connection: sqlite3.Connection | None = None
        while True:
            self._due.wait()
            self._due.clear()
            if self._closed:
                break
            try:
                if connection is None:
                    connection = connect(self._path, sqlite3.Connection, writer=True)
                    connection.execute(f"PRAGMA busy_timeout={RESTART_WAIT_MS}")
                self._fold(connection)
            except (sqlite3.Error, StoreUnavailable) as error:
                # Nothing is lost: the log stays, and the next round tries again.
                LOG.warning("the write-ahead log of %s could not be folded: %s", self._path, error)
                if connection is not None:
                    connection.close()
                connection = None
        if connection is not None:
            connection.close()

    def _fold(self, connection: sqlite3.Connection) -> None:
        _, pages, _ = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        if self._log.stat().st_size > TRUNCATE_BYTES:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        elif pages > RESTART_PAGES:
            connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
