"""What the revocation feed needs of a store: the head, and a hint when it moves."""

import asyncio

import pytest

from admit_server.storage.open import open_store

pytestmark = pytest.mark.anyio


async def test_the_head_follows_commits_of_other_stores(store, database_url):
    other = await open_store(database_url, lambda statements: statements)

    await other.write(lambda tx: tx.run("UPDATE feed_head SET seq = 41"))

    assert await store.head_seq() == 41
    await other.close()


async def test_an_announcement_reaches_every_listener(store):
    heard = [asyncio.Event(), asyncio.Event()]
    for event in heard:
        await store.listen(event.set)
    await asyncio.sleep(0.1)
    for event in heard:
        event.clear()  # PostgreSQL's listeners call once they listen, since they may have missed something

    await store.announce()

    async with asyncio.timeout(2):
        await asyncio.gather(*(event.wait() for event in heard))


async def test_announcing_with_no_listener_is_fine(store):
    await store.announce()


async def test_a_listener_on_postgresql_hears_other_processes(pg_url, anyio_backend):
    here, there = [await open_store(pg_url, lambda statements: statements) for _ in range(2)]
    heard = asyncio.Event()
    await here.listen(heard.set)
    async with asyncio.timeout(2):
        await heard.wait()
    heard.clear()

    await there.announce()

    async with asyncio.timeout(2):
        await heard.wait()
    await here.close()
    await there.close()
