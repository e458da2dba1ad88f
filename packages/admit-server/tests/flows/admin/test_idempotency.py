"""A request with a key is done once."""

import asyncio

import pytest

from admit_server.domain.errors import KeyReused, NotAllowed
from admit_server.flows.admin import roles
from admit_server.flows.admin.idempotency import KEPT_S, Key, once
from admit_server.flows.admin.one_unit import in_one_unit

pytestmark = pytest.mark.anyio
both_engines = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def attempt(rt, caller):
    async def request(key="k", holder="usr_1", body=b"a", name="desk"):
        async def act(inside):
            async def do():
                role = await roles.add(name, policy=None, rt=inside, caller=caller)
                return f"{role.name} {inside.new_id('evt')}".encode()

            return await once(Key(holder, key, body), do, rt=inside)

        return (await in_one_unit(act, rt=rt)).result

    return request


@both_engines
async def test_of_twenty_at_once_one_acts_and_all_get_its_answer(attempt, actions):
    answers = await asyncio.gather(*(attempt() for _ in range(20)))

    assert len({answer for answer, _ in answers}) == 1
    assert [repeated for _, repeated in answers].count(False) == 1
    assert await actions() == ["role.added"]


@both_engines
async def test_another_request_with_the_key_is_refused(attempt):
    await attempt()

    with pytest.raises(KeyReused):
        await attempt(body=b"b")


@both_engines
async def test_after_a_day_the_key_is_free(attempt, clock):
    await attempt()
    clock.now += KEPT_S

    assert (await attempt(body=b"b", name="other"))[1] is False


async def test_keys_belong_to_their_holder(attempt):
    await attempt()

    assert (await attempt(holder="usr_2", name="other"))[1] is False


async def test_a_refusal_leaves_the_key_free(attempt):
    with pytest.raises(NotAllowed):
        await attempt(name="No Role")

    assert (await attempt())[1] is False
