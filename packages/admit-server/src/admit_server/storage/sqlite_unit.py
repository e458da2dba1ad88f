"""What a unit of work sees of SQLite."""

import sqlite3
from pathlib import Path

from admit_server.ports.store import Row
from admit_server.storage.sqlite_connection import translated


class UnitStatements:
    """`Statements` inside a unit. The first error spoils the unit, as it does on PostgreSQL.

    `connection` is set by the writer while a batch runs; `failure` holds what spoilt the unit, and is cleared before each.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.connection: sqlite3.Connection | None = None
        self.failure: Exception | None = None

    def _execute(self, sql: str, params: dict[str, str | int | bytes | None]) -> sqlite3.Cursor:
        if self.failure is not None:
            raise self.failure
        if self.connection is None:
            raise RuntimeError("tx was used outside its unit of work")
        return self.connection.execute(sql, params)

    def _failed(self, error: sqlite3.Error) -> Exception:
        self.failure = translated(error, self._path)
        if self.failure is not error:
            self.failure.__cause__ = error
        return self.failure

    async def all(self, sql: str, /, **params: str | int | bytes | None) -> list[Row]:
        """Run a statement and fetch its rows to the end: an open RETURNING would block RELEASE."""
        try:
            return self._execute(sql, params).fetchall()
        except sqlite3.Error as error:
            raise self._failed(error)  # noqa: B904 (the cause is set already)

    async def one(self, sql: str, /, **params: str | int | bytes | None) -> Row | None:
        """The first row of `all`, or None."""
        rows = await self.all(sql, **params)
        return rows[0] if rows else None

    async def run(self, sql: str, /, **params: str | int | bytes | None) -> int:
        """Run a statement that returns no rows; the number of rows it changed."""
        try:
            return max(self._execute(sql, params).rowcount, 0)
        except sqlite3.Error as error:
            raise self._failed(error)  # noqa: B904
