"""Which schema version a database has, read without the migration tools: they would cost the server up to 46 MB."""

import sqlite3
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Protocol

from admit_server.ports.store import SchemaMismatch

VERSIONS = Path(__file__).parent / "migrations" / "versions"

# The table in which the migrations keep their place.
REVISION_TABLE = "alembic_version"


class Standing(Enum):
    """How a database stands to this program."""

    FRESH = auto()
    """Empty: nothing of ours is in it."""
    BEHIND = auto()
    """Made by an older version: an upgrade is due."""
    CURRENT = auto()
    NEWER = auto()
    """Made by a version that this program doesn't know."""
    FOREIGN = auto()
    """Somebody else's tables are in it."""


@dataclass(frozen=True, slots=True)
class Schema:
    """What was found in a database."""

    standing: Standing
    revision: str | None
    head: str


class _Fetches(Protocol):
    """As much of an asyncpg connection as is needed here; importing asyncpg would cost every SQLite command 70 ms."""

    async def fetchval(self, query: str, /, *args: object) -> object: ...


def known_revisions() -> list[str]:
    """The revisions this program knows, oldest first: the numbers that the files of `versions/` begin with."""
    return sorted(path.name.partition("_")[0] for path in VERSIONS.glob("[0-9]*.py"))


def judge(revision: str | None, *, others: bool) -> Schema:
    """How a database with this revision stands. `others`: it holds tables that no migration of ours made."""
    known = known_revisions()
    head = known[-1]
    if revision is None:
        return Schema(Standing.FOREIGN if others else Standing.FRESH, None, head)
    if revision == head:
        return Schema(Standing.CURRENT, revision, head)
    return Schema(Standing.BEHIND if revision in known else Standing.NEWER, revision, head)


def inspect_sqlite(connection: sqlite3.Connection) -> Schema:
    """Look at a SQLite database.

    Raises:
        sqlite3.Error: It can't be read.
    """
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()}
    revision = None
    if REVISION_TABLE in names:
        row = connection.execute(f"SELECT version_num FROM {REVISION_TABLE}").fetchall()  # noqa: S608 (a constant)
        revision = str(row[0][0]) if row else None
    return judge(revision, others=bool(names - {REVISION_TABLE}))


async def inspect_postgres(connection: _Fetches) -> Schema:
    """Look at a PostgreSQL database; tables of other programs beside ours are allowed there, except under our names.

    Raises:
        asyncpg.PostgresError: It can't be read.
    """
    revision = None
    if await connection.fetchval("SELECT to_regclass($1)::text", REVISION_TABLE) is not None:
        found = await connection.fetchval(f"SELECT version_num FROM {REVISION_TABLE}")  # noqa: S608 (a constant)
        revision = None if found is None else str(found)
    others = await connection.fetchval("SELECT to_regclass('app_user')::text") is not None
    return judge(revision, others=others)


def require_current(schema: Schema, where: str) -> None:
    """Refuse a database that this program can't serve.

    Args:
        schema: What was found.
        where: The database as people know it, without its password.

    Raises:
        SchemaMismatch: It is not current; the message says what to do.
    """
    match schema.standing:
        case Standing.CURRENT:
            return
        case Standing.FRESH:
            raise SchemaMismatch(f"the database {where} is empty: run `admit db upgrade` to set it up")
        case Standing.BEHIND:
            raise SchemaMismatch(
                f"the database {where} has schema {schema.revision}, this program needs {schema.head}: "
                "stop the older servers, then run `admit db upgrade`"
            )
        case Standing.NEWER:
            raise SchemaMismatch(
                f"the database {where} has schema {schema.revision}, made by a newer Admit; this one knows up to "
                f"{schema.head}: install the newer version, or restore the backup made before its upgrade"
            )
        case Standing.FOREIGN:
            raise SchemaMismatch(f"the database {where} holds tables of another program: name another database")
