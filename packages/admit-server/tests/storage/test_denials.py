"""What the database decides about refusals, on each engine."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from admit_server.domain.denial import Check, Denial
from admit_server.storage.open import open_store
from admit_server.storage.statements import bind

pytestmark = pytest.mark.anyio

DENIAL = Denial(
    id="den_1",
    at=1_000,
    code="token_expired",
    endpoint="GET /items",
    client_id="web",
    user_id="usr_1",
    network="192.0.2.1",
    checks=(Check("issuer", "a", "a", True), Check("end", "later", 'ünïcode "quoted"', False)),
    grant_id="grt_1",
    token_id="tok_1",
    session_id="ses_1",
    resource="https://api.example",
    reported_by="api",
)
BARE = Denial(
    id="den_2", at=2_000, code="x", endpoint="", client_id=None, user_id=None, network="", checks=()
)  # fmt: skip


@pytest.fixture
async def store(database_url: str, anyio_backend: str) -> AsyncIterator[Any]:
    opened = await open_store(database_url, bind, connections=16)
    yield opened
    await opened.close()


def adding(denial: Denial, *, sample: bool = False):
    async def unit(tx):
        return await (tx.denials.add_sample(denial) if sample else tx.denials.add(denial))

    return unit


async def test_a_refusal_comes_back_as_it_was_kept(store):
    for denial in (DENIAL, BARE):
        assert await store.write(adding(denial)) is True
        assert await store.read.denials.get(denial.id) == denial
    assert await store.read.denials.get("den_3") is None


async def test_an_id_is_taken_once(store):
    await store.write(adding(DENIAL))
    assert await store.write(adding(Denial(**{**_fields(BARE), "id": "den_1"}))) is False
    assert (await store.read.denials.get("den_1")).code == "token_expired"


async def test_samples_stand_apart_and_are_found_all_the_same(store):
    await store.write(adding(BARE, sample=True))
    await store.write(adding(BARE, sample=True))
    assert await store.read.denials.get("den_2") == BARE


async def test_of_any_number_racing_exactly_so_many_rows_are_given_out(store):
    async def unit(tx):
        return await tx.denials.spend("web", minute=7, most=10)

    given = await asyncio.gather(*(store.write(unit) for _ in range(40)))
    assert sum(given) == 10
    assert not await store.write(unit)

    async def elsewhere(tx):
        return await tx.denials.spend("web", minute=8, most=10) and await tx.denials.spend("app", minute=7, most=10)

    assert await store.write(elsewhere)


async def test_the_newest_come_first_whichever_table_they_are_in(store):
    await store.write(adding(DENIAL))
    await store.write(adding(BARE, sample=True))
    later = Denial(**{**_fields(DENIAL), "id": "den_3", "at": 3_000})
    await store.write(adding(later))

    assert [d.id for d in await store.read.denials.newest(client_id=None, limit=10)] == ["den_3", "den_2", "den_1"]
    assert [d.id for d in await store.read.denials.newest(client_id="web", limit=1)] == ["den_3"]
    assert await store.read.denials.newest(client_id="nobody", limit=10) == []


async def test_what_is_old_is_swept_and_what_is_not_stays(store):
    day = 86_400

    async def fill(tx):
        await tx.denials.add(DENIAL)
        await tx.denials.add_sample(Denial(**{**_fields(BARE), "id": "den_old", "at": 1}))
        await tx.denials.add_sample(Denial(**{**_fields(BARE), "id": "den_new", "at": 3 * day}))
        await tx.denials.spend("web", minute=1, most=5)
        await tx.denials.spend("web", minute=3 * day // 60, most=1)

    await store.write(fill)

    async def sweep(tx):
        return await tx.sweeping.sweep(now=3 * day + 10, limit=100)

    assert await store.write(sweep) == 2
    assert await store.read.denials.get("den_old") is None
    assert await store.read.denials.get("den_new") is not None
    assert await store.read.denials.get("den_1") is not None

    async def spend(tx):
        return await tx.denials.spend("web", minute=3 * day // 60, most=1)

    assert not await store.write(spend), "the budget of this minute is still known"


def _fields(denial: Denial) -> dict[str, Any]:
    return {name: getattr(denial, name) for name in denial.__slots__}
