"""The contract of DPoP proofs, on both engines: each is taken once."""

import asyncio

import pytest

from admit_server.storage.open import open_store
from admit_server.storage.statements import bind

pytestmark = pytest.mark.anyio

NOW = 1_800_000_000


@pytest.fixture
async def store(database_url, anyio_backend):
    opened = await open_store(database_url, bind, connections=32)
    yield opened
    await opened.close()


async def take(store, number, *, until=NOW + 90):
    return await store.write(lambda tx: tx.proofs.take(number.to_bytes(32, "big"), keep_until=until))


async def test_of_64_requests_with_the_same_proof_exactly_one_goes_on(store):
    for number in range(10):
        assert (await asyncio.gather(*(take(store, number) for _ in range(64)))).count(True) == 1


async def test_different_proofs_do_not_disturb_each_other(store):
    assert all(await asyncio.gather(*(take(store, number) for number in range(64))))


async def test_a_unit_that_is_undone_gives_the_proof_back(store):
    async def unit(tx):
        assert await tx.proofs.take(b"x" * 32, keep_until=NOW)
        raise RuntimeError("after it was taken")

    with pytest.raises(RuntimeError):
        await store.write(unit)

    assert await store.write(lambda tx: tx.proofs.take(b"x" * 32, keep_until=NOW))


async def test_it_is_forgotten_when_it_would_be_refused_by_its_time_alone(store):
    await take(store, 1)

    async def sweep(at):
        return await store.write(lambda tx: tx.sweeping.sweep(now=at, limit=100))

    assert [await sweep(NOW + 89), await sweep(NOW + 90)] == [0, 1]
    assert await take(store, 1)
