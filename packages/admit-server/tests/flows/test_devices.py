"""What is new to a person is told to them."""

import asyncio

import pytest

from admit_server.flows.admin import users
from admit_server.flows.devices import note, sighting
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio
CALLER = Caller(network="10.0.0.9", user_agent="curl/8.5.0")


async def seen(site, *, device="d1", client_id=None, caller=CALLER, username="bob"):
    user = await users.find(username, rt=site.rt)
    found = await sighting(user, device=device, client_id=client_id, rt=site.rt, caller=caller, now=site.clock())
    return await site.rt.store.write(lambda tx: note(tx, found, rt=site.rt))


async def told(site):
    return [event for event in await site.events() if event.action == "sign_in.new_device"]


async def test_the_first_sign_in_of_all_is_no_news_and_each_new_browser_is(site):
    assert not await seen(site, device="d1")
    assert not await seen(site, device="d1")
    assert await seen(site, device="d2")
    assert not await seen(site, device="d2")
    (event,) = await told(site)
    assert (event.network, event.details) == ("10.0.0.9", {"device": "curl"})


async def test_an_app_without_a_browser_is_told_by_its_client_and_its_network(site):
    await seen(site)
    assert await seen(site, device=None, client_id="script")
    assert not await seen(site, device=None, client_id="script")
    assert await seen(site, device=None, client_id="script", caller=Caller(network="10.0.0.10"))
    assert await seen(site, device=None, client_id="other")


async def test_a_browser_whose_own_cookie_vouches_for_it_is_noted_and_not_told(site):
    """Those that signed in before this was kept."""
    await seen(site)
    bob = await users.find("bob", rt=site.rt)
    assert not await seen(site, device="old", caller=Caller(device=(bob.id, "old")))
    assert not await seen(site, device="old")
    assert await seen(site, device="new", caller=Caller(device=("usr_other", "new")))


async def test_of_many_sign_ins_at_once_with_something_new_one_tells_it(site):
    await seen(site)
    outcomes = await asyncio.gather(*(seen(site, device="d2") for _ in range(8)))
    assert sorted(outcomes) == [False] * 7 + [True]
    assert len(await told(site)) == 1


async def test_somebody_who_signed_in_before_anything_was_noted_is_told(site):
    await site.browser().sign_in(username="bob", password="another sturdy phrase")
    bob = await users.find("bob", rt=site.rt)
    await site.rt.store.write(lambda tx: tx.known_devices.forget(bob.id))
    assert await seen(site, device="thief")
