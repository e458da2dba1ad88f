"""One SQLite connection: how it is opened, and what its errors mean."""

import sqlite3
from pathlib import Path
from typing import TypeVar

from admit_server.ports.store import ConstraintViolation, ReferenceViolation, StoreUnavailable, UniqueViolation

Made = TypeVar("Made", bound=sqlite3.Connection)

# Prepared statements kept by each connection; the program has a few hundred texts.
CACHED_STATEMENTS = 512

# A reader only waits for a crashed process's log to be recovered, or for the last writer to fold it away. Milliseconds.
READER_BUSY_MS = 1000

_UNIQUE = {sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID}
_REFERENCE = {sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY, sqlite3.SQLITE_CONSTRAINT_TRIGGER}

# Primary result codes (the low byte) that speak of the machine, not of the statement.
_WHY = {
    sqlite3.SQLITE_BUSY: "another process holds the database locked; if this lasts, look for a stopped backup or shell",
    sqlite3.SQLITE_LOCKED: "another connection holds the table locked",
    sqlite3.SQLITE_FULL: "the disk is full: free some space where the database lies",
    sqlite3.SQLITE_IOERR: "the disk reported an error: check the device and the file system",
    sqlite3.SQLITE_NOMEM: "no memory is left",
    sqlite3.SQLITE_CANTOPEN: "the file can't be opened: check that it exists and that this user may write it and its directory",
    sqlite3.SQLITE_READONLY: "the file can't be written: check its owner and mode, and that it was not replaced under the server",
    sqlite3.SQLITE_PERM: "this user may not use the file: check its owner and mode",
    sqlite3.SQLITE_CORRUPT: "the file is damaged: restore a backup (admit db restore FILE)",
    sqlite3.SQLITE_NOTADB: "the file is no SQLite database: restore a backup (admit db restore FILE) or name another file",
    sqlite3.SQLITE_PROTOCOL: "the lock protocol failed: too many processes open the file at once",
    sqlite3.SQLITE_INTERRUPT: "the statement was interrupted",
}

# After these the connection's own state is not to be trusted either.
_REOPEN = {
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_PROTOCOL,
}


def connect(path: Path, connection_class: type[Made], *, writer: bool = False) -> Made:
    """Open an existing database file; transactions are ours to begin.

    Args:
        path: The file. It is never created here: an empty file made by a typing error would hide the real one.
        connection_class: The class of the connection; tests inject faults through the writer's.
        writer: May write, and never waits for a lock by itself (the writer thread waits, within its bound).

    Raises:
        StoreUnavailable: The file can't be opened; the message says what to do.
    """
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=rw",
            uri=True,
            timeout=0 if writer else READER_BUSY_MS / 1000,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=CACHED_STATEMENTS,
            factory=connection_class,
        )
    except sqlite3.Error as error:
        raise unavailable(error, path) from error
    try:
        connection.execute("PRAGMA foreign_keys=ON")
        if writer:
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA wal_autocheckpoint=0")
        else:
            connection.execute("PRAGMA query_only=ON")
    except sqlite3.Error as error:
        connection.close()
        raise unavailable(error, path) from error
    return connection


def primary(error: sqlite3.Error) -> int:
    """The primary result code of an error, 0 when it has none (a misuse of the driver)."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def must_reopen(error: BaseException | None) -> bool:
    """Whether the connection itself can't be trusted after this error."""
    return isinstance(error, sqlite3.Error) and primary(error) in _REOPEN


def unavailable(error: sqlite3.Error, path: Path | str) -> StoreUnavailable:
    """What to tell about an error of the machine."""
    why = _WHY.get(primary(error), str(error))
    return StoreUnavailable(f"the database {path} can't answer: {why}")


def translated(error: sqlite3.Error, path: Path | str) -> Exception:
    """The engine-neutral exception for an error of a statement, or the error itself when the statement is wrong."""
    code = int(getattr(error, "sqlite_errorcode", 0))
    if code in _UNIQUE:
        # "UNIQUE constraint failed: client.name" names columns, never values.
        return UniqueViolation(str(error).rpartition(": ")[2].partition(".")[0])
    if code in _REFERENCE:
        return ReferenceViolation("the row refers to one that does not exist, or is still referred to")
    if code & 0xFF == sqlite3.SQLITE_CONSTRAINT:
        return ConstraintViolation(str(error))
    if code & 0xFF in _WHY:
        return unavailable(error, path)
    return error
