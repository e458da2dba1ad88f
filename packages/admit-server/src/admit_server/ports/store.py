"""How flows reach the database: reads, and units of work.

A unit of work is a function `async def unit(tx) -> T`. It awaits nothing but `tx`, does no I/O, hashing or signing, takes clock and
entropy as values, and may be run again. What must follow a commit (feed, caches, mail) follows `Store.write`, never stands inside
the unit. A refusal that must keep what was written before it is returned as a value; a raised exception undoes the whole unit.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
Tx_co = TypeVar("Tx_co", covariant=True)

Row = tuple[Any, ...]


class StoreUnavailable(Exception):
    """The database can't answer now: full disk, lost connection, a lock held too long. Nothing of the unit was kept."""


class SchemaMismatch(StoreUnavailable):
    """The database has another schema version than this program; the message says what to do."""


class ConstraintViolation(Exception):
    """A rule of the schema refused a row. The unit is spoilt: it can only be undone, also when it catches this.

    (PostgreSQL aborts the transaction there, so SQLite's units are held to the same.) Where a clash is an expected outcome,
    write `ON CONFLICT DO NOTHING` and look at the rows instead. The text never holds values: they may be digests.
    """


class UniqueViolation(ConstraintViolation):
    """A row with this key exists already. `table` is the table's name."""

    def __init__(self, table: str) -> None:
        super().__init__(f"a row with this key exists already in {table}")
        self.table = table


class ReferenceViolation(ConstraintViolation):
    """The row refers to one that does not exist, or others still refer to it."""


class Statements(Protocol):
    """Runs one statement. The text is one for both engines; parameters are written `:name` and given by name.

    Values are str, int, bytes and None; rows are tuples of the same.
    """

    async def all(self, sql: str, /, **params: str | int | bytes | None) -> list[Row]:
        """Run a statement and fetch its rows to the end: an open RETURNING would block RELEASE on SQLite."""
        ...

    async def one(self, sql: str, /, **params: str | int | bytes | None) -> Row | None:
        """The first row of `all`, or None."""
        ...

    async def run(self, sql: str, /, **params: str | int | bytes | None) -> int:
        """Run a statement that returns no rows; the number of rows it changed."""
        ...


class Store(Protocol[Tx_co]):
    """One database. `Tx_co` holds the aggregates (users, clients, ...), bound to a `Statements`."""

    @property
    def read(self) -> Tx_co:
        """Aggregates for single reads, each statement alone. Only for statements on a unique index or with LIMIT <= 200."""
        ...

    async def view(self, look: "Callable[[Any], Awaitable[T]]", /) -> T:
        """Run reads in one read transaction, off the loop on SQLite. Under 1 s.

        Raises:
            StoreUnavailable: The database can't answer now.
        """
        ...

    async def write(self, unit: "Callable[[Any], Awaitable[T]]", /) -> T:
        """Run a unit of work and return its result once it is durable.

        A caller that is cancelled does not cancel its unit.

        Raises:
            StoreUnavailable: Nothing was kept.
            Exception: Whatever the unit raised; nothing of it was kept.
        """
        ...

    async def close(self) -> None:
        """Finish what is queued, then close every connection and thread."""
        ...
