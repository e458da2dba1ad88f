"""`admit db`: the database's schema. Beside the composition root, this is the one module that sees storage."""

import asyncio
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from ..ports.store import StoreUnavailable
from ..storage.location import BadLocation, PostgresServer, SqliteFile, locate
from ..storage.schema import Schema, Standing, inspect_postgres, inspect_sqlite, judge
from ..storage.sqlite_connection import unavailable
from . import output
from .noun import noun
from .place import Place, placed
from .refusal import Refused

app = noun("The database.")

MENDS = {
    Standing.CURRENT: "",
    Standing.FRESH: "Run `admit db upgrade` (or `admit serve`) to set it up.",
    Standing.BEHIND: "Stop the older servers, then run `admit db upgrade`.",
    Standing.NEWER: "Install the newer Admit that made it, or restore the backup made before its upgrade.",
    Standing.FOREIGN: "Name another database: tables of another program are in this one.",
}


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look at a database found. `where` hides the password; `clock_s` is the database server's own time, if it has one."""

    where: str
    schema: Schema
    clock_s: float | None = None

    @property
    def mend(self) -> str:
        """What to do about the schema; '' when it is current."""
        return MENDS[self.schema.standing]


def look(database: str) -> Looked:
    """Look at a database without changing it; a file that is not there counts as fresh.

    Raises:
        Refused: It can't be reached or read, or the text names none.
    """
    try:
        location = locate(database)
        match location:
            case SqliteFile(path):
                return Looked(str(location), _look_at_file(path))
            case PostgresServer():
                return asyncio.run(_look_at_server(location))
    except (BadLocation, StoreUnavailable) as error:
        raise Refused(str(error)) from None


@app.command("status")
@placed
def status(place: Place) -> None:
    """Say whether the database fits this version; ends with 1 when there is something to do."""
    looked = look(place.settings().database)
    schema = looked.schema
    standing = schema.standing.name.lower()
    document = {
        "database": looked.where,
        "standing": standing,
        "schema": schema.revision,
        "newest": schema.head,
        "mend": looked.mend,
    }
    lines = [
        ("database", looked.where),
        ("standing", standing),
        ("schema", schema.revision or "none"),
        ("newest known", schema.head),
    ]
    place.show(document, output.record(lines))
    if looked.mend:
        raise Refused(f"The database is {standing}. {looked.mend}")


@app.command("upgrade")
@placed
def upgrade(place: Place) -> None:
    """Bring the database to this version's schema; a SQLite file is copied beside itself first."""
    from ..starting import StartError, read_or_make_key_file
    from ..storage.migrations.upgrade import upgrade as bring_up  # Alembic: much memory that only this command needs

    settings = place.settings()
    looked = look(settings.database)
    try:
        if looked.schema.standing is Standing.FRESH:
            # The first start would refuse a database that stands without the key it was made with.
            read_or_make_key_file(settings.key_file)
        before = bring_up(settings.database)
    except (StartError, StoreUnavailable) as error:
        raise Refused(str(error)) from None
    document = {"database": looked.where, "was": before.revision, "schema": before.head}
    changed = before.standing is not Standing.CURRENT
    if place.as_json:
        place.show(document, "")
    if not changed:
        place.tell(f"{looked.where} has the newest schema, {before.head}, already.")
    elif before.standing is Standing.FRESH:
        place.tell(
            f"Made {looked.where} with schema {before.head}. Keep a copy of {settings.key_file} in a safe place."
        )
    else:
        place.tell(f"Upgraded {looked.where} from {before.revision} to {before.head}.")


def _look_at_file(path: Path) -> Schema:
    if not path.exists():
        return judge(None, others=False)
    try:
        connection = sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro", uri=True, timeout=5)
        try:
            return inspect_sqlite(connection)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise unavailable(error, path) from error


async def _look_at_server(location: PostgresServer) -> Looked:
    import asyncpg

    try:
        connection = await asyncpg.connect(location.url, timeout=5)
        try:
            schema = await inspect_postgres(connection)
            clock = await connection.fetchval("SELECT extract(epoch FROM clock_timestamp())::float8")
        finally:
            await connection.close()
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError, TimeoutError) as error:
        raise StoreUnavailable(f"can't reach the database {location}: {error or type(error).__name__}") from error
    return Looked(str(location), schema, float(clock))
