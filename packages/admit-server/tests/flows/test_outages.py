"""No answer is nobody's failure, ten times a day."""

import asyncio

import pytest

from admit_server.domain.throttle import UNANSWERED
from admit_server.flows import charging
from admit_server.flows.outages import excuse
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio
ACCOUNT, NETWORK = b"a" * 32, b"n" * 32


async def charged(site):
    caller = Caller(network="192.0.2.1")
    return await charging.charge(
        ACCOUNT, from_known_device=False, network=NETWORK, rt=site.rt, caller=caller, username_known=None
    )


async def failures(site):
    found = await site.rt.store.read.throttles.of((ACCOUNT, NETWORK))
    return [found[key].failures for key in (ACCOUNT, NETWORK)]


async def test_so_many_a_day_are_taken_back_and_the_next_one_counts(site):
    for _ in range(UNANSWERED.free_failures):
        assert await excuse(await charged(site), rt=site.rt, now=site.clock())
    assert await failures(site) == [0, 0]
    assert site.rt.stuffing.seen(now=site.clock()).failed == 0
    assert not await excuse(await charged(site), rt=site.rt, now=site.clock())
    assert await failures(site) == [1, 1]
    assert site.rt.stuffing.seen(now=site.clock()).failed == 1
    site.clock.advance(UNANSWERED.window_s)
    assert await excuse(await charged(site), rt=site.rt, now=site.clock())


async def test_of_many_at_once_no_more_are_taken_back(site):
    paid = await charged(site)
    excused = await asyncio.gather(*(excuse(paid, rt=site.rt, now=site.clock()) for _ in range(30)))
    assert sum(excused) <= UNANSWERED.free_failures
