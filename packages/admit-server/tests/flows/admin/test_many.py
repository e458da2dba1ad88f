"""Ending many at once."""

import pytest
from site_kit import API, claims_of

from admit.revocations import handle
from admit_server.domain.errors import NotAllowed, NotFound
from admit_server.flows.admin import many
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio
CALLER = Caller(actor="test")


async def count(site, text, what="grants"):
    return (await many.select(text, what=what, rt=site.rt)).count


async def end(site, text, what="grants"):
    return await many.end(await many.select(text, what=what, rt=site.rt), rt=site.rt, caller=CALLER)


@pytest.fixture
async def crowd(site):
    """Alice with two apps, an hour apart; bob with one; a robot."""
    site.alices = await site.tokens()
    site.clock.advance(3600)
    site.alices_opaque = await site.tokens("opaque-web")
    code = await site.browser(address="192.0.2.9").code("web", username="bob", password="another sturdy phrase")
    site.bobs = (await site.redeem(code)).json()
    site.robots = (await site.own_token()).json()
    return site


async def test_it_is_counted_first_and_nothing_ends_by_that(crowd):
    for text, expected in {
        "user=alice": 2, "user=bob": 1, "client=web": 2, "client=web and user=alice": 1, "user!=alice": 2, "client!=web": 2,
        "resource=https://opaque.example": 1, "format=opaque": 1, "scope=notes:read": 4, "scope=notes:rea_": 0, "scope!=notes:read": 0,
        "role=editor": 2, "role!=editor": 2, "role=edit": 0, "age>30m": 1, "age<30m": 3, "signed_in<30m and user=alice": 1,
        "acr=urn:admit:acr:1fa": 3,
    }.items():  # fmt: skip
        assert await count(crowd, text) == expected, text
    assert await crowd.is_active(crowd.bobs["access_token"])


async def test_exactly_what_was_counted_ends_and_the_feed_tells(crowd):
    assert await end(crowd, "client=web") == 2
    assert not await crowd.is_active(crowd.alices["access_token"])
    assert not await crowd.is_active(crowd.bobs["access_token"])
    assert await crowd.is_active(crowd.alices_opaque["access_token"])
    assert await crowd.is_active(crowd.robots["access_token"])
    handles = {each.handle for each in await crowd.rt.store.read.feed.live(now=crowd.clock())}
    assert handle("grant", claims_of(crowd.bobs["access_token"])["grant"]) in handles
    event = next(event for event in await crowd.events() if event.action == "grants.ended")
    assert event.details == {"where": "client=web", "ended": 2}
    assert await end(crowd, "client=web") == 0


async def test_sessions_are_selected_by_what_they_have(crowd):
    assert await count(crowd, "network=192.0.2.9", "sessions") == 1
    assert await count(crowd, "network!=192.0.2.9", "sessions") == 2
    assert await end(crowd, "user=alice and age>30m", "sessions") == 1
    assert await crowd.is_active(crowd.alices_opaque["access_token"])
    assert await end(crowd, "role=editor", "sessions") == 1
    assert not await crowd.is_active(crowd.alices_opaque["access_token"])


async def test_what_is_made_after_the_count_is_not_meant(crowd):
    selected = await many.select("client=web", what="grants", rt=crowd.rt)
    crowd.clock.advance(1)
    later = await crowd.tokens()
    assert await many.end(selected, rt=crowd.rt, caller=CALLER) == 2
    assert await crowd.is_active(later["access_token"])


async def test_more_than_a_batch_ends_whole(crowd):
    async def unit(tx):
        for number in range(2 * many.BATCH + 1):
            await tx.clients._tx.run(
                """INSERT INTO access_grant (id, client_id, end_with_session, format, lifetime_s, acr, amr, scopes, audience, policy,
                                             created_at, expires_at, jwt_alive_until)
                   SELECT :id, client_id, end_with_session, format, lifetime_s, acr, amr, scopes, audience, policy, created_at,
                          expires_at, jwt_alive_until FROM access_grant WHERE client_id = 'robot' LIMIT 1""",
                id=f"grt_{number}",
            )

    await crowd.rt.store.write(unit)
    assert await end(crowd, f"resource={API} and client=robot") == 2 * many.BATCH + 2


async def test_a_name_that_nobody_has_is_an_error_and_selects_nothing(crowd):
    for text in ("user=nobody", "client=nothing", "resource=https://nowhere.example", "user!=nobody"):
        with pytest.raises(NotFound):
            await count(crowd, text)
    with pytest.raises(NotAllowed):
        await count(crowd, "")
