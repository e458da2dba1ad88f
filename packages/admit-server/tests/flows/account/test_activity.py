"""Recent activity of one account."""

import pytest

from admit_server.flows.account import activity
from admit_server.flows.admin import sessions, users
from admit_server.flows.audit.sealing import Sealer
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio


async def test_it_is_told_at_once_and_once_whether_it_was_sealed_or_not(site):
    browser = site.browser()
    await browser.sign_in(password="wrong wrong wrong")
    await browser.sign_in()
    await browser.tokens("web")
    alice = await users.find("alice", rt=site.rt)
    before = [each.text for each in (await activity.recent(alice.id, rt=site.rt)).happenings]
    assert before == [
        "You went on to The web.",
        "You signed in.",
        "Somebody tried to sign in without success.",
        "Your account was made.",
    ]
    while await Sealer.of(site.rt).seal():
        pass
    assert [each.text for each in (await activity.recent(alice.id, rt=site.rt)).happenings] == before


async def test_it_comes_in_pages_of_which_none_leaves_anything_out(site, monkeypatch):
    monkeypatch.setattr(activity, "PAGE", 3)
    browser = site.browser()
    for number in range(8):
        site.clock.advance(number)
        await browser.sign_in()
    while await Sealer.of(site.rt).seal():
        pass
    alice = await users.find("alice", rt=site.rt)
    found, page = [], await activity.recent(alice.id, rt=site.rt)
    while True:
        found += page.happenings
        if page.next_before is None:
            break
        page = await activity.recent(alice.id, before=page.next_before, rt=site.rt)
    assert [each.text for each in found] == ["You signed in."] * 8 + ["Your account was made."]
    assert [each.at for each in found] == sorted((each.at for each in found), reverse=True)


async def test_the_end_of_ones_session_by_an_administrator_is_told(site):
    browser = site.browser()
    await browser.sign_in()
    ((session, alice),) = await site.rows("SELECT id, user_id FROM session")
    await sessions.end_one(session, rt=site.rt, caller=Caller(actor="test"))
    told = [each.text for each in (await activity.recent(alice, rt=site.rt)).happenings]
    assert told[0] == "An administrator ended one of your sessions."
    assert "session.ended" in await site.actions()
