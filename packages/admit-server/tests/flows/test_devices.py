"""What is new to a person is told to them."""

import asyncio

import pytest
from site_kit import BOBS_PASSWORD

from admit_server.flows.account import password, sessions
from admit_server.flows.admin import revocations, users
from admit_server.flows.admin import sessions as all_sessions
from admit_server.flows.devices import known_browser, note, sighting
from admit_server.flows.endings import end_everything_of_user
from admit_server.flows.new_session import current_session
from admit_server.flows.runtime import Caller, DeviceCookie
from admit_server.web.security import open_device

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


async def test_no_cookie_alone_vouches_for_a_browser(site):
    """It is forgotten when everybody is thrown out; a copy of its cookie then is news again."""
    await seen(site)
    bob = await users.find("bob", rt=site.rt)
    assert await seen(site, device="old", caller=Caller(device=DeviceCookie(bob.id, "old")))


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


async def signed_in(site, *, username="alice", password="a sturdy pass phrase"):
    """A browser's sign-in: its session, and what it brings from then on."""
    browser = site.browser()
    await browser.sign_in(username=username, password=password)
    session = await current_session(browser.cookies["admit-8100-sid"], rt=site.rt)
    cookie = browser.cookies["admit-8100-did"]
    return session, lambda: Caller(device=open_device(cookie, rt=site.rt))


async def known(site, came, username="alice"):
    user = await site.rt.store.read.users.by_username_key(username)
    return await known_browser(user, rt=site.rt, caller=came())


async def test_a_browser_is_known_for_the_one_who_signed_in_with_it(site):
    _, came = await signed_in(site)
    assert await known(site, came) == came().device.device
    assert await known(site, came, "bob") is await known(site, came, "nobody") is None
    assert await known(site, Caller) is None


async def test_whoever_is_named_one_row_is_read_for_a_request(site, monkeypatch):
    """So neither the time nor the number of reads tells whether there is such a person."""
    _, came = await signed_in(site)
    table = type(site.rt.store.read.known_devices)
    is_known, read = table.is_known, []

    async def counted(self, user_id, digest):
        read.append((user_id, digest))
        return await is_known(self, user_id, digest)

    monkeypatch.setattr(table, "is_known", counted)
    alice, bob = [await users.find(name, rt=site.rt) for name in ("alice", "bob")]
    for named in (alice, bob, None):
        caller = came()
        for _ in range(3):
            await known_browser(named, rt=site.rt, caller=caller)
    assert len(read) == 3
    assert len(set(read)) == 1


async def everything_of_alice(site, session, came):
    def unit(tx):
        return end_everything_of_user(tx, session.user_id, reason="user_disabled", nonce="n", now=site.clock())

    await site.rt.store.write(unit)


async def sessions_of_alice(site, session, came):
    await all_sessions.end_all_of_user("alice", rt=site.rt, caller=Caller(actor="cli:root"))


async def the_emergency(site, session, came):
    await revocations.revoke_everything(rt=site.rt, caller=Caller(actor="cli:root"))


async def other_sessions(site, session, came):
    await sessions.end_others(session, rt=site.rt, caller=came())


async def new_password(site, session, came):
    alice = await users.find("alice", rt=site.rt)
    await password.change("walnut river lantern", user=alice, current=session, keep=False, rt=site.rt, caller=came())


async def other_sessions_by_a_browser_without_its_cookie(site, session, came):
    await sessions.end_others(session, rt=site.rt, caller=Caller())


@pytest.mark.parametrize(
    ("throw_out", "own_stays", "bobs_stays"),
    [
        (everything_of_alice, False, True),
        (sessions_of_alice, False, True),
        (the_emergency, False, False),
        (other_sessions, True, True),
        (new_password, True, True),
        (other_sessions_by_a_browser_without_its_cookie, False, True),
    ],
)
async def test_who_throws_everybody_out_has_their_browsers_forgotten(site, throw_out, own_stays, bobs_stays):
    session, here = await signed_in(site)
    _, there = await signed_in(site)
    _, bobs = await signed_in(site, username="bob", password=BOBS_PASSWORD)
    await throw_out(site, session, here)
    assert await known(site, there) is None
    assert (await known(site, here) is not None) == own_stays
    assert (await known(site, bobs, "bob") is not None) == bobs_stays
