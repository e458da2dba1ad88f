"""One PostgreSQL connection with its prepared statements, and the aggregates bound to it."""

from collections.abc import Callable, Coroutine, Generator
from typing import Any, Generic, TypeVar

import asyncpg
from asyncpg.prepared_stmt import PreparedStatement

from admit_server.ports.store import Row, Statements
from admit_server.storage.driving import UnitSuspended
from admit_server.storage.location import PostgresServer
from admit_server.storage.placeholders import numbered
from admit_server.storage.postgres_errors import ERRORS, translated

T = TypeVar("T")
Tx = TypeVar("Tx")

# What both engines can carry. `int4` comes back from SELECT 1 and length(), and fits.
_PARAMETERS = {"text", "int8", "bytea"}
_COLUMNS = {"text", "int8", "bytea", "int4", "varchar"}


class NotPortable(TypeError):
    """A statement whose types PostgreSQL understands otherwise than SQLite; it would fail there with some values only."""


class Session(Generic[Tx]):
    """`Statements` on one connection. The first error inside a unit spoils the unit, also one that the unit catches."""

    def __init__(
        self, connection: "asyncpg.Connection[asyncpg.Record]", server: PostgresServer, bind: Callable[[Statements], Tx]
    ) -> None:
        self.connection = connection
        self.failure: BaseException | None = None
        """What spoilt the unit being run; cleared before each."""
        self.waiting = False
        """A statement is under way: the one thing that a unit may wait for."""
        self.idle_since = 0.0
        self.tx: Tx = bind(self)
        self._server = server
        self._prepared: dict[str, tuple[PreparedStatement[asyncpg.Record], tuple[str, ...]]] = {}

    async def all(self, sql: str, /, **params: str | int | bytes | None) -> list[Row]:
        """Run a statement and fetch its rows."""
        records, _ = await self._execute(sql, params)
        return [tuple(record) for record in records]

    async def one(self, sql: str, /, **params: str | int | bytes | None) -> Row | None:
        """The first row of `all`, or None."""
        records, _ = await self._execute(sql, params)
        return tuple(records[0]) if records else None

    async def run(self, sql: str, /, **params: str | int | bytes | None) -> int:
        """Run a statement that returns no rows; the number of rows it changed."""
        _, status = await self._execute(sql, params)
        count = (status or "").rpartition(" ")[2]  # "UPDATE 3", "INSERT 0 1"; other commands count nothing
        return int(count) if count.isdecimal() else 0

    async def _execute(
        self, sql: str, params: dict[str, str | int | bytes | None]
    ) -> "tuple[list[asyncpg.Record], str | None]":
        if self.failure is not None:
            raise self.failure
        self.waiting = True
        try:
            prepared, names = self._prepared.get(sql) or await self._prepare(sql)
            try:
                values = [params[name] for name in names]
            except KeyError as missing:
                raise TypeError(f"no value was given for :{missing.args[0]} in {sql}") from None
            return await prepared.fetch(*values), prepared.get_statusmsg()
        except ERRORS as error:
            self.failure = translated(error, self._server, closed=self.connection.is_closed())
            if self.failure is error:
                raise
            raise self.failure from error
        except BaseException as error:
            self.failure = error
            raise
        finally:
            self.waiting = False

    async def _prepare(self, sql: str) -> "tuple[PreparedStatement[asyncpg.Record], tuple[str, ...]]":
        spelled = numbered(sql)
        prepared = await self.connection.prepare(spelled.text)
        # `:now - 60` is a 32-bit sum to PostgreSQL, since 60 is a 32-bit number: it would work until 2038. Say so today.
        for name, kind in zip(spelled.names, prepared.get_parameters(), strict=True):
            if kind.name not in _PARAMETERS:
                raise NotPortable(
                    f":{name} is {kind.name} to PostgreSQL: write CAST(:{name} AS BIGINT) or AS TEXT in {sql}"
                )
        for column in prepared.get_attributes():
            if column.type.name not in _COLUMNS:
                raise NotPortable(
                    f"column {column.name} is {column.type.name} on PostgreSQL: CAST it AS BIGINT in {sql}"
                )
        self._prepared[sql] = prepared, spelled.names
        return self._prepared[sql]


class OnlyTx(Generic[T]):
    """Awaits a unit, and refuses it when it waits for anything besides this session's statements."""

    def __init__(self, work: Coroutine[Any, Any, T], session: Session[Any]) -> None:
        self._work = work
        self._session = session

    def __await__(self) -> Generator[Any, Any, T]:
        work, session = self._work, self._session
        thrown: BaseException | None = None
        while True:
            try:
                awaited = work.send(None) if thrown is None else work.throw(thrown)
            except StopIteration as end:
                value: T = end.value
                return value
            if not session.waiting:
                work.close()
                raise UnitSuspended
            thrown = None
            try:
                yield awaited
            except BaseException as error:
                thrown = error
