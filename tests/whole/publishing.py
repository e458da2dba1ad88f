"""One of several processes that publish revocations at once. Not a test: `test_the_feed_is_lost_and_found.py` starts it.

`python publishing.py DATABASE NAME UNITS`: publishes `NAME-0`, `NAME-1`, ... each in a unit of work of its own, several at a time,
with pauses before and after, so that whoever began first is seldom the one who commits first.
"""

import asyncio
import random
import sys
import time

from admit_server.storage.open import open_store
from admit_server.storage.statements import bind

AT_ONCE = 5


async def main(database: str, name: str, units: int) -> None:
    store = await open_store(database, bind)
    on_postgres = database.startswith("postgres")
    numbers = iter(range(units))

    async def pause(tx):
        if on_postgres:
            await tx.feed._tx.all(f"SELECT 1 FROM pg_sleep({random.random() * 0.01:.4f})")
        else:
            time.sleep(random.random() * 0.001)

    def publishing(number):
        async def unit(tx):
            await pause(tx)
            await tx.feed.head()
            await tx.feed.publish(f"{name}-{number}", until=int(time.time()) + 600, nonce=f"{name}{number}", now=0)
            await pause(tx)

        return unit

    async def writer():
        for number in numbers:
            await store.write(publishing(number))
            await store.announce()

    await asyncio.gather(*(writer() for _ in range(AT_ONCE)))
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
