"""The contract of the rules of `/check`, on both engines."""

import asyncio
from dataclasses import replace

import pytest

from admit_server.domain.check_rule import CheckRule
from admit_server.ports.store import ReferenceViolation
from admit_server.storage.open import open_store
from admit_server.storage.statements import bind

pytestmark = pytest.mark.anyio

RULE = CheckRule(
    id="rul_1",
    host="*.example",
    path="/x/**",
    methods=frozenset({"GET", "POST"}),
    audience=None,
    created_at=1,
    updated_at=2,
)


@pytest.fixture
async def store(database_url, anyio_backend):
    opened = await open_store(database_url, bind, connections=32)
    yield opened
    await opened.close()


async def test_a_rule_is_read_as_it_was_written(store):
    await store.write(lambda tx: tx.check_rules.add(RULE))
    changed = replace(RULE, path="/y", methods=frozenset(), action="a.b", redeem=True, updated_at=9)
    assert await store.read.check_rules.get("rul_1") == RULE
    assert await store.write(lambda tx: tx.check_rules.update(changed))
    (found,) = await store.read.check_rules.all()
    assert (found.rule, found.limits, found.upstream_enforces) == (changed, None, False)
    assert [await store.write(lambda tx: tx.check_rules.remove("rul_1")) for _ in range(2)] == [True, False]
    assert await store.read.check_rules.get("rul_1") is None


@pytest.mark.parametrize("reference", [{"audience": "https://none.example"}, {"policy": "none"}])
async def test_a_rule_refers_to_what_is_there(store, reference):
    with pytest.raises(ReferenceViolation):
        await store.write(lambda tx: tx.check_rules.add(replace(RULE, **reference)))


async def test_who_holds_the_lock_sees_what_all_before_have_written(store):
    """So that of any number of equal rules added at once, one is."""

    async def unit_of(number):
        async def unit(tx):
            await tx.check_rules.lock()
            if not await tx.check_rules.all():
                await tx.check_rules.add(replace(RULE, id=f"rul_{number}"))
                return 1
            return 0

        return await store.write(unit)

    assert sum(await asyncio.gather(*(unit_of(number) for number in range(20)))) == 1
    assert len(await store.read.check_rules.all()) == 1
