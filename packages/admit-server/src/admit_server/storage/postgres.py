"""The store on PostgreSQL: a pool for each event loop, one READ COMMITTED transaction for each unit."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

import asyncpg

from admit_server.ports.store import Statements, StoreUnavailable
from admit_server.storage.location import PostgresServer
from admit_server.storage.postgres_errors import ERRORS, ConnectionLost, OutOfDate, RunAgain, translated
from admit_server.storage.postgres_listener import CHANNEL, listen
from admit_server.storage.postgres_pool import Pools
from admit_server.storage.postgres_reads import PooledReads
from admit_server.storage.postgres_session import OnlyTx, Session
from admit_server.storage.schema import inspect_postgres, require_current

T = TypeVar("T")
Tx = TypeVar("Tx")

LOG = logging.getLogger(__name__)

# READ WRITE, because the connections' default is to read only.
BEGIN_UNIT = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
BEGIN_VIEW = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

# How often a unit is run that loses against others, and the pauses between, in seconds (doubled each time, jittered).
ATTEMPTS = 8
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.005, 0.2


class PostgresStore(Generic[Tx]):
    """One database, usable from any number of loops, threads and processes at once. Made by `opened`.

    When the connection dies while a COMMIT waits for its answer, nobody knows whether the unit was kept. `write` raises
    `StoreUnavailable` then, like for any other loss; callers must not conclude that nothing happened.
    """

    def __init__(
        self,
        server: PostgresServer,
        bind: Callable[[Statements], Tx],
        *,
        committed: Callable[[int], None] | None = None,
        connections: int = 10,
    ) -> None:
        self._server = server
        self._observer = committed
        self._pools = Pools(server, bind, connections)
        self._reads = PooledReads(self._pools, server)
        self._read = bind(self._reads)
        self._units: set[asyncio.Task[Any]] = set()
        self._listening: list[asyncio.Task[None]] = []
        self._closed = False

    @classmethod
    async def opened(
        cls,
        server: PostgresServer,
        bind: Callable[[Statements], Tx],
        *,
        committed: Callable[[int], None] | None = None,
        connections: int = 10,
    ) -> "PostgresStore[Tx]":
        """Connect and see that the schema is current.

        Args:
            server: Where the database is.
            bind: Builds the aggregates on a `Statements`; called once for each connection.
            committed: Called after each commit with the number of units it held, which is 1 here.
            connections: The most connections of each event loop.

        Raises:
            StoreUnavailable: It can't be reached.
            SchemaMismatch: It has another schema version.
        """
        store = cls(server, bind, committed=committed, connections=connections)
        try:
            schema = await store._reads.using(lambda session: inspect_postgres(session.connection))
            require_current(schema, str(server))
        except BaseException:
            await store.close()
            raise
        return store

    @property
    def read(self) -> Tx:
        """Aggregates for single reads, each statement on a connection of the pool."""
        return self._read

    async def view(self, look: Callable[[Tx], Awaitable[T]], /) -> T:
        """Run reads in one snapshot; keep it under a second."""

        async def snapshot(session: Session[Tx]) -> T:
            await session.connection.execute(BEGIN_VIEW)
            try:
                value: T = await OnlyTx(look(session.tx), session)  # type: ignore[arg-type]
            except Exception:
                await self._roll_back(session)
                raise
            await session.connection.execute("COMMIT")
            return value

        return await self._reads.using(snapshot)

    async def write(self, unit: Callable[[Tx], Awaitable[T]], /) -> T:
        """Run a unit in a transaction of its own, and return once it is durable."""
        if self._closed:
            raise StoreUnavailable(f"the connections to {self._server} are closed: this process is stopping")
        task = asyncio.create_task(self._write(unit))
        self._units.add(task)
        task.add_done_callback(self._forget)
        # A caller that is cancelled does not cancel its unit.
        return await asyncio.shield(task)

    def _forget(self, task: "asyncio.Task[Any]") -> None:
        self._units.discard(task)
        if not task.cancelled():
            task.exception()  # seen, also when the caller was cancelled and nobody asks

    async def _write(self, unit: Callable[[Tx], Awaitable[T]]) -> T:
        pool = self._pools.here()
        pause = FIRST_PAUSE_S
        lost = False
        for _ in range(ATTEMPTS):
            session = await pool.take()
            broken = True
            try:
                value = await self._unit(session, unit)
                broken = False
                return value
            except RunAgain as error:
                broken = isinstance(error, OutOfDate)
            except ConnectionLost:
                # Nothing was kept, so a fresh connection may try. A server that is gone refuses that one at once.
                pool.forget_idle()
                if lost:
                    raise
                lost = True
                continue
            except StoreUnavailable:
                raise
            except Exception:
                broken = False  # the unit's own, and undone
                raise
            finally:
                pool.give(session, broken=broken)
            await asyncio.sleep(pause * (0.5 + random.random()))  # noqa: S311 (only spreads the attempts)
            pause = min(2 * pause, LONGEST_PAUSE_S)
        raise StoreUnavailable(f"the unit lost {ATTEMPTS} times against others on {self._server}: try again")

    async def _unit(self, session: Session[Tx], unit: Callable[[Tx], Awaitable[T]]) -> T:
        """Run a unit once.

        Raises:
            ConnectionLost: Nothing was kept.
            RunAgain: Nothing was kept; another transaction was in the way.
            StoreUnavailable: It can't answer, or died at the COMMIT.
        """
        try:
            await self._command(session, BEGIN_UNIT)
        except asyncpg.FeatureNotSupportedError as error:
            # What a standby says to READ WRITE.
            raise StoreUnavailable(f"{self._server} only reads now: point --database at the primary server") from error
        try:
            value: T = await OnlyTx(unit(session.tx), session)  # type: ignore[arg-type]
            if session.failure is not None:
                raise session.failure
        except Exception as error:
            await self._roll_back(session)
            # A unit that dressed the loss of a race as something else is run again all the same.
            if isinstance(session.failure, RunAgain | ConnectionLost):
                raise session.failure from error
            raise
        try:
            await self._command(session, "COMMIT")
        except StoreUnavailable as error:
            if isinstance(error.__cause__, asyncpg.PostgresError) and not isinstance(error, ConnectionLost):
                raise  # the server itself says that it kept nothing
            raise StoreUnavailable(f"{error} (it is not known whether the last write was kept)") from error
        if self._observer is not None:
            try:
                self._observer(1)
            except Exception:
                # What is committed stays committed, whatever an observer thinks of it.
                LOG.exception("the hook after a commit failed")
        return value

    async def _command(self, session: Session[Tx], text: str) -> None:
        try:
            await session.connection.execute(text)
        except ERRORS as error:
            translation = translated(error, self._server, closed=session.connection.is_closed())
            if translation is error:
                raise
            raise translation from error

    async def _roll_back(self, session: Session[Tx]) -> None:
        if session.connection.is_closed():
            return
        try:
            await session.connection.execute("ROLLBACK")
        except ERRORS:
            session.connection.terminate()  # the server rolls back what it no longer hears of

    async def head_seq(self) -> int:
        """The sequence number of the newest revocation; one round trip."""
        row = await self._reads.using(lambda session: session.one("SELECT seq FROM feed_head WHERE id = 1"))
        return int(row[0]) if row else 0

    async def listen(self, callback: Callable[[], None], /) -> None:
        """Have `callback` called on this loop at each announcement of any process, and after each reconnection."""
        self._listening.append(asyncio.create_task(listen(self._server, callback)))

    async def announce(self) -> None:
        """Tell the listeners of every process. A lost notice is no fault: they poll as well."""
        try:
            await self._reads.using(lambda session: session.connection.execute(f"NOTIFY {CHANNEL}"))
        except StoreUnavailable:
            pass

    async def close(self) -> None:
        """Finish the units under way, then close every connection."""
        self._closed = True
        here = asyncio.get_running_loop()
        mine = [task for task in list(self._units) if task.get_loop() is here]
        await asyncio.gather(*mine, return_exceptions=True)
        for task in self._listening:
            task.get_loop().call_soon_threadsafe(task.cancel)
        await self._pools.close()
