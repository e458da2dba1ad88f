"""Hearing NOTIFY on a connection of its own."""

import asyncio
from collections.abc import Callable

import asyncpg

from admit_server.ports.store import StoreUnavailable
from admit_server.storage.location import PostgresServer
from admit_server.storage.postgres_errors import ERRORS
from admit_server.storage.postgres_pool import connect

CHANNEL = "admit_feed"

# The first and the longest pause before connecting again, in seconds.
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 1.0


async def listen(server: PostgresServer, callback: Callable[[], None]) -> None:
    """Call `callback` at each notice, until cancelled. Also after each (re)connection: notices were missed before it."""
    pause = FIRST_PAUSE_S
    while True:
        connection: asyncpg.Connection[asyncpg.Record] | None = None
        try:
            connection = await connect(server)
            await connection.add_listener(CHANNEL, lambda *_: callback())
            pause = FIRST_PAUSE_S
            callback()
            await _end_of(connection)
        except (*ERRORS, StoreUnavailable):
            pass  # the feed is polled as well, so a notice that comes late costs a second at most
        finally:
            if connection is not None:
                connection.terminate()
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_S)


async def _end_of(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    ended = asyncio.Event()
    connection.add_termination_listener(lambda _: ended.set())
    if not connection.is_closed():
        await ended.wait()
