"""The PostgreSQL connections of one event loop."""

import asyncio
import time
from collections.abc import Callable
from typing import Generic, TypeVar

import asyncpg

from admit_server.ports.store import Statements, StoreUnavailable
from admit_server.storage.location import PostgresServer
from admit_server.storage.postgres_errors import ERRORS, unavailable
from admit_server.storage.postgres_session import Session

Tx = TypeVar("Tx")

# A caller has its answer within two seconds when the server is gone; seconds.
CONNECT_S = 2.0
# A statement without an answer, and the wait for a free connection; seconds.
ANSWER_S = 5.0
# A connection that rested longer may have been dropped silently on the way; seconds.
IDLE_S = 300.0
# Saying goodbye to the server; seconds.
PARTING_S = 2.0

SETTINGS = {
    "application_name": "admit",
    # A read that writes is a mistake; units say READ WRITE.
    "default_transaction_read_only": "on",
    # Below ANSWER_S, so that the server says which it was.
    "lock_timeout": "4s",
    # A stopped process must not hold its rows for ever.
    "idle_in_transaction_session_timeout": "10s",
    # Compiling costs more than any of our statements takes.
    "jit": "off",
    "tcp_keepalives_idle": "60",
}


async def connect(server: PostgresServer, *, changes_schema: bool = False) -> "asyncpg.Connection[asyncpg.Record]":
    """Open one connection.

    Args:
        server: Where the database is.
        changes_schema: For upgrades: their statements may write, and take and wait as long as they need.

    Raises:
        StoreUnavailable: It can't be had within two seconds; the message says what to do.
    """
    try:
        return await asyncpg.connect(
            server.url,
            timeout=CONNECT_S,
            command_timeout=None if changes_schema else ANSWER_S,
            statement_cache_size=0,
            server_settings={"application_name": "admit upgrade"} if changes_schema else SETTINGS,
        )
    except (*ERRORS, ValueError) as error:
        if isinstance(error, TimeoutError):
            raise StoreUnavailable(f"{server} did not answer within {CONNECT_S:.0f} s: is it reachable?") from error
        known = unavailable(error, server)
        # What asyncpg says of a malformed URL may repeat the password.
        raise known or StoreUnavailable(f"can't connect to {server}: {type(error).__name__}") from error


class Pool(Generic[Tx]):
    """At most `size` connections; made when needed, the most recently used first, replaced when they die.

    Written here because a connection keeps its prepared statements and aggregates with it, and because no reset is due between
    two uses: units leave nothing behind, so a round trip for each use is saved.
    """

    def __init__(self, server: PostgresServer, bind: Callable[[Statements], Tx], size: int) -> None:
        self._server = server
        self._bind = bind
        self._free = asyncio.Semaphore(size)
        self._idle: list[Session[Tx]] = []
        self._taken: set[Session[Tx]] = set()
        self._partings: set[asyncio.Task[None]] = set()
        self._closed = False

    async def take(self) -> Session[Tx]:
        """A connection for the caller alone, to be given back with `give`.

        Raises:
            StoreUnavailable: None was free for five seconds, or the server can't be reached.
        """
        if self._free.locked():
            try:
                await asyncio.wait_for(self._free.acquire(), ANSWER_S)
            except TimeoutError as error:
                raise StoreUnavailable(
                    f"all connections to {self._server} are busy: the server is overloaded"
                ) from error
        else:
            await self._free.acquire()
        session = self._rested()
        if session is None:
            making = asyncio.create_task(self._made())
            try:
                session = await asyncio.shield(making)
            except asyncio.CancelledError:
                # The place stays taken until the connection is there, which then rests for the next caller.
                making.add_done_callback(self._keep)
                raise
            except BaseException:
                self._free.release()
                raise
        self._taken.add(session)
        return session

    def _rested(self) -> Session[Tx] | None:
        while self._idle:
            session = self._idle.pop()
            if session.connection.is_closed():
                continue
            if time.monotonic() - session.idle_since < IDLE_S:
                return session
            self._part_from(session)
        return None

    async def _made(self) -> Session[Tx]:
        if self._closed:
            raise StoreUnavailable(f"the connections to {self._server} are closed: this process is stopping")
        return Session(await connect(self._server), self._server, self._bind)

    def _keep(self, making: "asyncio.Task[Session[Tx]]") -> None:
        if making.cancelled() or making.exception() is not None:
            self._free.release()
        else:
            self.give(making.result())

    def give(self, session: Session[Tx], *, broken: bool = False) -> None:
        """Give a connection back; one that is broken, or still inside a transaction, is thrown away."""
        self._taken.discard(session)
        connection = session.connection
        if not connection.is_closed():
            if broken or self._closed or connection.is_in_transaction():
                self._part_from(session)
            else:
                session.failure = None
                session.idle_since = time.monotonic()
                self._idle.append(session)
        self._free.release()

    def _part_from(self, session: Session[Tx]) -> None:
        """Close a connection in the background: when its statement was cancelled, the server must hear of that first."""
        parting = asyncio.create_task(session.connection.close(timeout=PARTING_S))
        self._partings.add(parting)

        def parted(task: "asyncio.Task[None]") -> None:
            self._partings.discard(task)
            if not task.cancelled() and task.exception() is not None:
                session.connection.terminate()

        parting.add_done_callback(parted)

    def forget_idle(self) -> None:
        """Throw the resting connections away: when one has died, the others most likely have too."""
        idle, self._idle = self._idle, []
        for session in idle:
            session.connection.terminate()

    def terminate(self) -> None:
        """Cut every connection at once; only this loop may call it."""
        self._closed = True
        self.forget_idle()
        for session in self._taken:
            session.connection.terminate()

    async def close(self) -> None:
        """Say goodbye on the resting connections and cut the others."""
        self._closed = True
        idle, self._idle = self._idle, []
        for session in idle:
            self._part_from(session)
        await asyncio.gather(*self._partings, return_exceptions=True)
        self.terminate()


class Pools(Generic[Tx]):
    """A pool for each event loop: a connection belongs to the loop it was made on."""

    def __init__(self, server: PostgresServer, bind: Callable[[Statements], Tx], size: int) -> None:
        self._server = server
        self._bind = bind
        self._size = size
        self._pools: dict[asyncio.AbstractEventLoop, Pool[Tx]] = {}

    def here(self) -> Pool[Tx]:
        """The running loop's pool."""
        loop = asyncio.get_running_loop()
        pool = self._pools.get(loop)
        if pool is None:
            for other in [known for known in list(self._pools) if known.is_closed()]:
                self._pools.pop(other, None)
            pool = self._pools[loop] = Pool(self._server, self._bind, self._size)
        return pool

    async def close(self) -> None:
        """Close the running loop's connections, and cut those of other loops."""
        here = asyncio.get_running_loop()
        for loop, pool in list(self._pools.items()):
            if loop is here:
                await pool.close()
            elif not loop.is_closed():
                loop.call_soon_threadsafe(pool.terminate)
