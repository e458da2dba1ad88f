"""A person's own sessions."""

import asyncio

import pytest
from site_kit import BOBS_PASSWORD

from admit_server.domain.account import SignInTooOld
from admit_server.domain.errors import NotFound
from admit_server.flows.account import sessions
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio
CALLER = Caller()


async def session_of(site, username="alice", password="a sturdy pass phrase", address="192.0.2.1"):
    """A new browser's sign-in, as the flows see it."""
    browser = site.browser(address=address)
    await browser.sign_in(username=username, password=password)
    newest = await site.rows(
        f"SELECT s.id FROM session s JOIN app_user u ON u.id = s.user_id WHERE u.username = '{username}' ORDER BY s.rowid DESC"
    )
    return await site.rt.store.read.sessions.get(newest[0][0])


async def test_this_one_comes_first_then_the_newest(site):
    first = await session_of(site)
    site.clock.advance(10)
    second, third = await session_of(site), await session_of(site)
    page = await sessions.newest(first, rt=site.rt)
    assert page.sessions[0].session.id == first.id
    assert {own.session.id for own in page.sessions[1:]} == {second.id, third.id}
    assert [own.is_this for own in page.sessions] == [True, False, False]
    assert page.next_after is None


async def test_of_many_who_end_one_at_once_one_does_and_one_event_tells_it(site):
    here, there = await session_of(site), await session_of(site)
    ended = await asyncio.gather(
        *(sessions.end_one(there.id, current=here, rt=site.rt, caller=CALLER) for _ in range(12))
    )
    assert sorted(ended) == [False] * 11 + [True]
    assert (await site.actions()).count("session.ended") == 1


async def test_all_others_of_this_person_end_and_of_nobody_else(site):
    here, bob = await session_of(site), await session_of(site, "bob", BOBS_PASSWORD, "192.0.2.9")
    others = [await session_of(site) for _ in range(3)]
    assert await sessions.end_others(here, rt=site.rt, caller=CALLER) == 3
    assert await sessions.end_others(here, rt=site.rt, caller=CALLER) == 0
    read = site.rt.store.read.sessions
    assert [(await read.get(each.id)).end_reason for each in others] == ["ended_by_person"] * 3
    assert (await read.get(here.id)).is_alive(site.clock())
    assert (await read.get(bob.id)).is_alive(site.clock())
    (event,) = [event for event in await site.events() if event.action == "account.sessions_ended"]
    assert (event.actor, event.target, event.details) == (here.user_id, here.user_id, {"ended": 3})


async def test_an_old_sign_in_ends_nothing(site):
    here, there = await session_of(site), await session_of(site)
    site.clock.advance(601)
    for act in (
        sessions.end_one(there.id, current=here, rt=site.rt, caller=CALLER),
        sessions.end_others(here, rt=site.rt, caller=CALLER),
    ):
        with pytest.raises(SignInTooOld):
            await act
    assert (await site.rt.store.read.sessions.get(there.id)).is_alive(site.clock())


async def test_what_is_anothers_or_nobodys_is_not_found(site):
    here, bob = await session_of(site), await session_of(site, "bob", BOBS_PASSWORD, "192.0.2.9")
    for session_id in (bob.id, "ses_0000000000000000000000", "", "others"):
        with pytest.raises(NotFound):
            await sessions.end_one(session_id, current=here, rt=site.rt, caller=CALLER)
