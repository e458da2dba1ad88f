"""Bringing a database to this program's schema. Alembic lives here and nowhere in the server process.

`python -m admit_server.storage.migrations.upgrade --database URL` does it in a process of its own.
"""

import argparse
import asyncio
import os
import secrets
import sqlite3
import sys
import time
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from admit_server.ports.store import SchemaMismatch, StoreUnavailable
from admit_server.storage.location import BadLocation, Location, PostgresServer, SqliteFile, locate
from admit_server.storage.schema import Schema, Standing, inspect_postgres, inspect_sqlite, require_current
from admit_server.storage.sqlite_connection import primary, unavailable

# Any number that no other program on the same PostgreSQL database uses: the bytes of "admit".
ADVISORY_LOCK = int.from_bytes(b"admit")

# How long to wait for a server that writes, in seconds.
LOCK_WAIT_S = 10.0


def upgrade(database: str | Path | Location) -> Schema:
    """Bring a database to the newest schema, making it when it is fresh; all in one transaction.

    A SQLite database that is not fresh is copied beside itself first, as `NAME.before-REVISION`.

    Returns:
        What the database was before.

    Raises:
        BadLocation: The text names no database.
        SchemaMismatch: It is newer than this program, or somebody else's.
        StoreUnavailable: It can't be reached, opened or written. Nothing was changed.
    """
    match locate(database) if isinstance(database, str | Path) else database:
        case SqliteFile(path):
            return _sqlite(path)
        case PostgresServer() as server:
            return asyncio.run(_postgres(server))


def _migrate(connection: Connection, before: Schema) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    if before.standing is Standing.FRESH:
        _seed(connection)


def _seed(connection: Connection) -> None:
    """The rows that are there from the first moment. They name this installation, so they are never copied from elsewhere."""
    nonce = secrets.token_urlsafe(8)
    connection.exec_driver_sql(
        f"INSERT INTO installation (id, nonce, created_at) VALUES (1, '{nonce}', {int(time.time())})"  # noqa: S608
    )
    # The position before the first revocation is 0 and the nonce of the database.
    connection.exec_driver_sql(f"INSERT INTO feed_head (id, seq, nonce) VALUES (1, 0, '{nonce}')")  # noqa: S608


def _must_upgrade(schema: Schema, where: str) -> bool:
    if schema.standing in (Standing.NEWER, Standing.FOREIGN):
        require_current(schema, where)
    return schema.standing is not Standing.CURRENT


def _sqlite(path: Path) -> Schema:
    try:
        _make_file(path)
        raw = sqlite3.connect(path, timeout=LOCK_WAIT_S, isolation_level=None)
    except OSError as error:
        raise StoreUnavailable(f"can't make {path}: {error.strerror}") from error
    except sqlite3.Error as error:
        raise unavailable(error, path) from error
    try:
        _must_upgrade(inspect_sqlite(raw), str(path))  # before anything is touched that isn't ours
        _keep_a_log(raw, path)
        raw.execute("PRAGMA synchronous=FULL")
        engine = create_engine("sqlite://", creator=lambda: raw, poolclass=NullPool)
        with engine.begin() as connection:
            # Begun by ourselves, for SQLAlchemy begins nothing here; it ends it, and Alembic leaves alone what it did not begin.
            # From here on no server writes, so the copy below holds everything that was ever acknowledged.
            raw.execute("BEGIN IMMEDIATE")
            before = inspect_sqlite(raw)
            if _must_upgrade(before, str(path)):
                if before.standing is not Standing.FRESH:
                    _back_up(path, path.with_name(f"{path.name}.before-{before.head}"))
                _migrate(connection, before)
        return before
    except sqlite3.Error as error:
        raise unavailable(error, path) from error
    except DBAPIError as error:
        if isinstance(error.orig, sqlite3.Error) and primary(error.orig) != sqlite3.SQLITE_ERROR:
            raise unavailable(error.orig, path) from error
        raise  # a revision is wrong
    finally:
        raw.close()


def _keep_a_log(raw: sqlite3.Connection, path: Path) -> None:
    """Switch the file to a write-ahead log, for good."""
    ends_at = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            (mode,) = raw.execute("PRAGMA journal_mode=WAL").fetchone()
        except sqlite3.OperationalError as error:
            # Of two that switch at once one is refused without waiting, since both would wait for ever.
            if primary(error) != sqlite3.SQLITE_BUSY or time.monotonic() > ends_at:
                raise
            time.sleep(0.01)
        else:
            break
    if mode != "wal":
        raise StoreUnavailable(f"{path} lies on a file system that can't share memory: use a local disk")


def _make_file(path: Path) -> None:
    """An empty file that only its owner can read: SQLite gives its log the same mode."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        pass


def _back_up(path: Path, target: Path) -> None:
    """Copy a database whole, or not at all."""
    unfinished = target.with_name(target.name + ".unfinished")
    try:
        unfinished.unlink(missing_ok=True)
        _make_file(unfinished)
        source, copy = sqlite3.connect(path), sqlite3.connect(unfinished)
        try:
            source.backup(copy)
        finally:
            copy.close()
            source.close()
        descriptor = os.open(unfinished, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        unfinished.replace(target)
    except (OSError, sqlite3.Error) as error:
        unfinished.unlink(missing_ok=True)
        raise StoreUnavailable(
            f"can't copy the database to {target} before the upgrade, so nothing was changed: {error}"
        ) from error


async def _postgres(server: PostgresServer) -> Schema:
    # Half of all imports here, and the first start on a fresh SQLite file waits for none of them.
    import asyncpg
    from sqlalchemy.ext.asyncio import create_async_engine

    from admit_server.storage import postgres_errors
    from admit_server.storage.postgres_pool import connect

    raw = await connect(server, changes_schema=True)

    async def connection_made() -> asyncpg.Connection:
        return raw

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connection_made, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            # Two servers that start at once: the second waits here, then finds nothing left to do.
            await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})")
            before = await inspect_postgres(raw)
            if _must_upgrade(before, str(server)):
                await connection.run_sync(_migrate, before)
        return before
    except (DBAPIError, *postgres_errors.ERRORS) as error:
        cause = error.orig.__cause__ if isinstance(error, DBAPIError) and error.orig else error
        known = cause and postgres_errors.unavailable(cause, server)
        if known is None:
            raise  # a revision is wrong
        raise known from error
    finally:
        await engine.dispose()
        raw.terminate()


def main(arguments: list[str] | None = None) -> int:
    """The command line: 0 done, 1 refused (one line on stderr says why), 2 wrong usage."""
    parser = argparse.ArgumentParser(prog="upgrade", description="Bring a database to this version's schema.")
    parser.add_argument("--database", required=True, metavar="URL", help="a file, sqlite:///PATH or postgresql://...")
    chosen = parser.parse_args(arguments)
    try:
        upgrade(chosen.database)
    except (BadLocation, SchemaMismatch, StoreUnavailable) as refused:
        sys.stderr.write(f"{refused}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
