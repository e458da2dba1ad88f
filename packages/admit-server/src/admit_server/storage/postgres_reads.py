"""Single reads on PostgreSQL, each on whatever connection is free."""

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from admit_server.ports.store import Row, StoreUnavailable
from admit_server.storage.location import PostgresServer
from admit_server.storage.postgres_errors import ERRORS, ConnectionLost, OutOfDate, RunAgain, translated
from admit_server.storage.postgres_pool import Pool, Pools
from admit_server.storage.postgres_session import Session

T = TypeVar("T")
Tx = TypeVar("Tx")


class PooledReads(Generic[Tx]):
    """`Statements` for reads; a connection that turns out to be dead is replaced once, unseen by the caller."""

    def __init__(self, pools: Pools[Tx], server: PostgresServer) -> None:
        self._pools = pools
        self._server = server

    async def using(self, look: Callable[[Session[Tx]], Awaitable[T]]) -> T:
        """Run reads on one connection, and from the start on another one when the first was dead or out of date.

        Raises:
            StoreUnavailable: The second attempt failed too, or another one would not help.
        """
        pool = self._pools.here()
        try:
            return await self._once(pool, look)
        except ConnectionLost:
            pool.forget_idle()
        except RunAgain:
            pass
        try:
            return await self._once(pool, look)
        except RunAgain as error:
            raise StoreUnavailable(
                f"the database {self._server} is busy with a change of its tables: try again"
            ) from error

    async def _once(self, pool: Pool[Tx], look: Callable[[Session[Tx]], Awaitable[T]]) -> T:
        session = await pool.take()
        broken = True
        try:
            value = await look(session)
            broken = False
            return value
        except ERRORS as error:
            translation = translated(error, self._server, closed=session.connection.is_closed())
            if translation is error:
                broken = False
                raise
            raise translation from error
        except (StoreUnavailable, OutOfDate):
            raise
        except Exception:
            broken = False  # a mistake in the statement, or something the caller's function found
            raise
        finally:
            pool.give(session, broken=broken)

    async def all(self, sql: str, /, **params: str | int | bytes | None) -> list[Row]:
        """Run a statement and fetch its rows."""
        return await self.using(lambda session: session.all(sql, **params))

    async def one(self, sql: str, /, **params: str | int | bytes | None) -> Row | None:
        """The first row of `all`, or None."""
        return await self.using(lambda session: session.one(sql, **params))

    async def run(self, sql: str, /, **params: str | int | bytes | None) -> int:
        """Fails when the statement writes: these transactions only read."""
        return await self.using(lambda session: session.run(sql, **params))
