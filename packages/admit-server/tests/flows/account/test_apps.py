"""Connected apps."""

import pytest

from admit_server.domain.errors import NotFound
from admit_server.domain.personal_token import PERSONAL_CLIENT
from admit_server.flows.account import apps
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio
CALLER = Caller()


@pytest.fixture
async def alices(site):
    browser = site.browser()
    await browser.sign_in()
    return browser


async def session_of_alice(site):
    ((session_id,),) = await site.rows(
        "SELECT s.id FROM session s JOIN app_user u ON u.id = s.user_id WHERE u.username = 'alice' AND s.ended_at IS NULL"
    )
    return await site.rt.store.read.sessions.get(session_id)


async def test_what_several_grants_give_is_told_as_one_app(site, alices):
    await alices.tokens("web", scope="notes:read")
    site.clock.advance(30)
    await alices.tokens("web", scope="notes:write openid")
    alice = await session_of_alice(site)
    (app,) = (await apps.connected(alice.user_id, rt=site.rt)).apps
    assert [(wish.audience, wish.texts) for wish in app.wishes] == [
        ("https://api.example", ("Read your notes", "Write your notes", "Know that it is you"))
    ]
    assert app.connection.since == site.clock() - 30
    assert app.connection.last_issued_at == site.clock()


async def test_more_grants_than_one_unit_takes_all_end(site, alices, monkeypatch):
    monkeypatch.setattr(apps, "BATCH", 2)
    tokens = [await alices.tokens("web") for _ in range(5)]
    alice = await session_of_alice(site)
    assert await apps.disconnect("web", current=alice, rt=site.rt, caller=CALLER) == 5
    for each in tokens:
        assert not await site.is_active(each["access_token"])
    told = [event.details["ended"] for event in await site.events() if event.action == "account.app_disconnected"]
    assert sorted(told) == [2, 4, 5]


async def test_what_holds_nothing_can_not_be_disconnected(site, alices):
    alice = await session_of_alice(site)
    for client_id in ("web", "nobody", "", PERSONAL_CLIENT):
        with pytest.raises(NotFound):
            await apps.disconnect(client_id, current=alice, rt=site.rt, caller=CALLER)


async def test_apps_come_in_pages(site, alices, monkeypatch):
    monkeypatch.setattr(apps, "PAGE", 1)
    await alices.tokens("web")
    await alices.tokens("third", redirect_uri="https://third.example/cb")
    alice = await session_of_alice(site)
    first = await apps.connected(alice.user_id, rt=site.rt)
    second = await apps.connected(alice.user_id, after=first.next_after, rt=site.rt)
    assert [app.connection.client_id for app in (*first.apps, *second.apps)] == ["third", "web"]
    assert second.next_after == ""
