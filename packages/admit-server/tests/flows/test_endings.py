"""How things end: once, with the revocation that follows from it, and with none where nobody would need it."""

import pytest
from site_kit import claims_of

from admit_server.domain.revocation import handle
from admit_server.flows.endings import end_everything_of_user, end_grant, end_session

pytestmark = pytest.mark.anyio


async def write(site, work):
    return await site.rt.store.write(work)


async def handles(site):
    return {row["handle"]: row["until"] for row in (await site.get("/revocations")).json()["revoked"]}


async def test_a_grant_ends_once_and_its_handle_is_kept_as_long_as_a_token_could_live(site):
    claims = claims_of((await site.tokens())["access_token"])
    now = site.clock()

    async def unit(tx):
        return [await end_grant(tx, claims["grant"], reason="test", nonce="n", now=now) for _ in range(2)]

    assert await write(site, unit) == [True, False]
    assert await handles(site) == {handle("grant", claims["grant"]): claims["exp"] + 60}


async def test_a_session_ends_once_with_its_handle(site):
    claims = claims_of((await site.tokens())["access_token"])
    now = site.clock()

    async def unit(tx):
        return [await end_session(tx, claims["sid"], reason="logout", nonce="n", now=now) for _ in range(2)]

    assert await write(site, unit) == [True, False]
    assert await handles(site) == {handle("sid", claims["sid"]): claims["exp"] + 60}


async def test_nothing_is_published_where_no_jwt_can_be_alive(site):
    claims = claims_of((await site.tokens())["access_token"])
    opaque = await site.introspect((await site.tokens("opaque-web"))["access_token"])
    site.clock.advance(600)
    now = site.clock()

    async def unit(tx):
        ended = [
            await end_session(tx, sid, reason="logout", nonce="n", now=now) for sid in (claims["sid"], opaque["sid"])
        ]
        return [*ended, await end_grant(tx, claims["grant"], reason="test", nonce="n", now=now)]

    assert await write(site, unit) == [True, True, True]
    assert await handles(site) == {}


async def test_a_session_without_tokens_needs_no_handle(site):
    await site.browser().sign_in()
    session = (await site.rows("SELECT id FROM session"))[0][0]

    async def unit(tx):
        return await end_session(tx, session, reason="logout", nonce="n", now=site.clock())

    assert await write(site, unit) is True
    assert await handles(site) == {}


async def test_everything_of_a_person_ends_and_nothing_of_others(site):
    mine = [await site.tokens(), await site.tokens("opaque-web")]
    bobs = await site.redeem(await site.browser().code(username="bob", password="another sturdy phrase"))
    user = claims_of(mine[0]["access_token"])["sub"]

    async def unit(tx):
        return await end_everything_of_user(tx, user, reason="user_disabled", nonce="n", now=site.clock())

    assert await write(site, unit) == 4  # two sessions, two grants
    for tokens in mine:
        assert not await site.is_active(tokens["access_token"])
    assert await site.is_active(bobs.json()["access_token"])


async def test_what_never_was_can_not_end(site):
    async def unit(tx):
        return [
            await end_grant(tx, "grt_x", reason="x", nonce="n", now=1),
            await end_session(tx, "ses_x", reason="logout", nonce="n", now=1),
            await end_everything_of_user(tx, "usr_x", reason="x", nonce="n", now=1),
        ]

    assert await write(site, unit) == [False, False, 0]
