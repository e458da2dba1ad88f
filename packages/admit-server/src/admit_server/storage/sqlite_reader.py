"""Reads on SQLite: each thread has its own connection, so a read on the loop costs no hop to another thread."""

import sqlite3
import threading
import weakref
from pathlib import Path

from admit_server.ports.store import Row, StoreUnavailable
from admit_server.storage.sqlite_connection import connect, must_reopen, translated
from admit_server.storage.sqlite_file import OpenedFile


class ReadConnection(sqlite3.Connection):
    """A connection that can be referred to weakly, so that one of a thread that has ended goes with its thread."""


class SqliteReader:
    """`Statements` for reads, each on the calling thread's own connection; they never suspend."""

    def __init__(self, path: Path, file: OpenedFile) -> None:
        self._path, self._file = path, file
        self._mine = threading.local()
        self._open: weakref.WeakSet[ReadConnection] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._closed = False

    def connection(self) -> sqlite3.Connection:
        """The calling thread's connection, opened when it has none."""
        self._file.require()
        try:
            connection: sqlite3.Connection = self._mine.connection
        except AttributeError:
            connection = self._opened()
        return connection

    def _opened(self) -> sqlite3.Connection:
        with self._lock:
            if self._closed:
                raise self._stopping()
            connection = connect(self._path, ReadConnection)
            self._open.add(connection)
            self._mine.connection = connection
            return connection

    def _stopping(self) -> StoreUnavailable:
        return StoreUnavailable(f"the database {self._path} is closed: this process is stopping")

    def forget(self) -> None:
        """Close the calling thread's connection; the next read opens another."""
        connection = self._mine.__dict__.pop("connection", None)
        if connection is not None:
            connection.close()

    def failed(self, error: sqlite3.Error) -> Exception:
        """What to raise for an error of the calling thread's connection, which is dropped when it can't be trusted."""
        if self._closed:
            return self._stopping()
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_READONLY:
            return (
                error  # `query_only` refused a statement that writes: a mistake, while its extended codes are outages
            )
        if must_reopen(error):
            self.forget()
        return translated(error, self._path)

    async def all(self, sql: str, /, **params: str | int | bytes | None) -> list[Row]:
        """Run a statement and fetch its rows to the end: an unfinished one would keep the log from being folded away."""
        try:
            return self.connection().execute(sql, params).fetchall()
        except sqlite3.Error as error:
            raise self.failed(error) from error

    async def one(self, sql: str, /, **params: str | int | bytes | None) -> Row | None:
        """The first row of `all`, or None."""
        try:
            rows = self.connection().execute(sql, params).fetchall()
        except sqlite3.Error as error:
            raise self.failed(error) from error
        return rows[0] if rows else None

    async def run(self, sql: str, /, **params: str | int | bytes | None) -> int:
        """Always fails: these connections only read. Present because the aggregates are one type for both sides."""
        try:
            return self.connection().execute(sql, params).rowcount
        except sqlite3.Error as error:
            raise self.failed(error) from error

    def close(self) -> None:
        """Close the connections of every thread; no thread may be reading."""
        with self._lock:
            self._closed = True
            for connection in list(self._open):
                connection.close()
