"""Opening the store that the operator named."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from admit_server.ports.store import Statements, Store
from admit_server.storage.location import Location, PostgresServer, SqliteFile, locate
from admit_server.storage.sqlite import SqliteStore

Tx = TypeVar("Tx")
Tx_co = TypeVar("Tx_co", covariant=True)


class OpenStore(Store[Tx_co], Protocol[Tx_co]):
    """A store as `open_store` gives it: with what the revocation feed needs besides."""

    async def head_seq(self) -> int:
        """The sequence number of the newest revocation; cheap enough to poll."""
        ...

    async def listen(self, callback: Callable[[], None], /) -> None:
        """Have `callback` called on this loop when somebody announced a commit. A hint: poll `head_seq` as well."""
        ...

    async def announce(self) -> None:
        """Tell listeners that a commit may interest them. Never raises for a database that can't answer."""
        ...


async def open_store(
    database: str | Path | Location,
    bind: Callable[[Statements], Tx],
    *,
    committed: Callable[[int], None] | None = None,
    connections: int = 10,
) -> OpenStore[Tx]:
    """Open a database whose schema is current.

    Args:
        database: A file, `sqlite:///...` or `postgresql://...`.
        bind: Builds the aggregates on a `Statements`; it is called a few times, never for each unit.
        committed: Called after each commit with the number of units it held, on a thread of the store's choice.
        connections: PostgreSQL only: the most connections of each event loop.

    Raises:
        BadLocation: The text names no database.
        SchemaMismatch: Fresh, older, newer or foreign; the message says what to do.
        StoreUnavailable: It can't be reached or opened.
    """
    match locate(database) if isinstance(database, str | Path) else database:
        case SqliteFile(path):
            return SqliteStore(path, bind, committed=committed)
        case PostgresServer() as server:
            # asyncpg takes 70 ms to import, which every command on a SQLite file would pay.
            from admit_server.storage.postgres import PostgresStore

            return await PostgresStore.opened(server, bind, committed=committed, connections=connections)
