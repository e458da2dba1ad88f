"""Refresh tokens: once each, with a window for lost replies, and the family's end for thieves."""

import asyncio

import pytest
from site_kit import API, claims_of

from admit_server.domain.token_policy import TokenPolicy
from admit_server.flows.admin import policies
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio


def error_of(answer):
    assert answer.status_code == 400, answer.text
    return answer.json()["error"]


async def limit(site, client_id="web", **limits):
    """Give a client a policy."""
    await policies.set_policy("strict", TokenPolicy(**limits), rt=site.rt, caller=Caller())

    async def unit(tx):
        await tx.clients._tx.run("UPDATE client SET policy = 'strict' WHERE id = :id", id=client_id)

    await site.rt.store.write(unit)


async def test_a_refresh_gives_a_new_pair_and_the_old_access_token_lives_on(site):
    first = await site.tokens()
    site.clock.advance(5)
    second = (await site.refresh(first["refresh_token"])).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert second["access_token"] != first["access_token"]
    one, two = claims_of(first["access_token"]), claims_of(second["access_token"])
    assert (one["sub"], one["grant"], one["sid"]) == (two["sub"], two["grant"], two["sid"])
    assert one["jti"] != two["jti"]
    assert two["exp"] == one["exp"] + 5
    assert await site.is_active(first["access_token"])
    assert await site.is_active(second["access_token"])


async def test_the_id_token_of_a_refresh_tells_of_the_first_sign_in(site):
    first = await site.tokens(nonce="n-1")
    site.clock.advance(100)
    second = (await site.refresh(first["refresh_token"])).json()
    one, two = claims_of(first["id_token"]), claims_of(second["id_token"])
    assert one["auth_time"] == two["auth_time"]
    assert "nonce" not in two


async def test_a_repeat_inside_the_window_gets_the_same_successor(site):
    """A lost reply, two tabs: nobody is logged out."""
    first = await site.tokens()
    second = (await site.refresh(first["refresh_token"])).json()
    site.clock.advance(29)
    again = (await site.refresh(first["refresh_token"])).json()
    assert again["refresh_token"] == second["refresh_token"]
    assert claims_of(again["access_token"])["grant"] == claims_of(second["access_token"])["grant"]
    assert (await site.refresh(second["refresh_token"])).status_code == 200
    assert "refresh_token.replayed" in await site.actions()


async def test_many_tabs_at_once_all_get_the_same_successor(site):
    first = await site.tokens()
    answers = await asyncio.gather(*(site.refresh(first["refresh_token"]) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1


@pytest.mark.parametrize(("age_s", "alive"), [(29, True), (30, False), (31, False)])
async def test_after_the_window_a_repeat_ends_the_whole_family(site, age_s, alive):
    """The honest holder is cut off too: who is the thief can't be told (RFC 9700 section 4.14.2)."""
    first = await site.tokens()
    second = (await site.refresh(first["refresh_token"])).json()
    site.clock.advance(age_s)
    repeat = await site.refresh(first["refresh_token"])
    if alive:
        assert repeat.status_code == 200
    else:
        assert error_of(repeat) == "invalid_grant"
        assert error_of(await site.refresh(second["refresh_token"])) == "invalid_grant"
        for tokens in (first, second):
            assert not await site.is_active(tokens["access_token"])
        assert "refresh_token.reused" in await site.actions()


async def test_a_late_tab_is_refused_but_keeps_the_family(site):
    first = await site.tokens()
    second = (await site.refresh(first["refresh_token"])).json()
    third = (await site.refresh(second["refresh_token"])).json()
    assert error_of(await site.refresh(first["refresh_token"])) == "invalid_grant"
    assert (await site.refresh(third["refresh_token"])).status_code == 200
    reused = [event for event in await site.events() if event.action == "refresh_token.reused"]
    assert reused[0].details == {"late_tab": True}
    assert reused[0].outcome == "refused"


async def test_an_old_ancestor_after_the_window_ends_the_family(site):
    first = await site.tokens()
    second = (await site.refresh(first["refresh_token"])).json()
    third = (await site.refresh(second["refresh_token"])).json()
    site.clock.advance(30)
    assert error_of(await site.refresh(first["refresh_token"])) == "invalid_grant"
    assert error_of(await site.refresh(third["refresh_token"])) == "invalid_grant"


async def test_more_than_five_replays_end_the_family(site):
    """A burst in one second is one race, so each of these comes in a second of its own."""
    first = await site.tokens()
    second = (await site.refresh(first["refresh_token"])).json()
    for _ in range(5):
        site.clock.advance(1)
        assert (await site.refresh(first["refresh_token"])).status_code == 200
    site.clock.advance(1)
    assert error_of(await site.refresh(first["refresh_token"])) == "invalid_grant"
    assert error_of(await site.refresh(second["refresh_token"])) == "invalid_grant"
    assert not await site.is_active(second["access_token"])


async def test_with_a_window_of_zero_exactly_one_of_many_wins_and_the_repeat_ends_the_family(site):
    await limit(site, refresh_reuse_window_s=0)
    first = await site.tokens()
    second = await site.refresh(first["refresh_token"])
    assert second.status_code == 200
    assert error_of(await site.refresh(first["refresh_token"])) == "invalid_grant"
    assert error_of(await site.refresh(second.json()["refresh_token"])) == "invalid_grant"
    fresh = await site.tokens()
    answers = await asyncio.gather(*(site.refresh(fresh["refresh_token"]) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 9


async def test_the_successor_stands_nowhere_in_the_database_once_it_was_used(site):
    first = await site.tokens()
    second = (await site.refresh(first["refresh_token"])).json()
    sealed = "SELECT COUNT(*) FROM refresh_token WHERE sealed_successor IS NOT NULL"
    assert await site.rows(sealed) == [(1,)]
    await site.refresh(second["refresh_token"])
    assert await site.rows(sealed) == [(1,)]  # of the newest only


async def test_a_refresh_may_narrow_the_scope_and_the_next_one_may_have_all_again(site):
    """RFC 6749 section 6: the refresh token's own scope stays that of the one before it."""
    first = await site.tokens(scope="openid email notes:read notes:write")
    narrow = (await site.refresh(first["refresh_token"], scope="openid notes:read")).json()
    assert narrow["scope"] == claims_of(narrow["access_token"])["scope"] == "notes:read openid"
    assert "email" not in claims_of(narrow["id_token"])
    wide = (await site.refresh(narrow["refresh_token"])).json()
    assert wide["scope"] == first["scope"]
    assert "id_token" not in (await site.refresh(wide["refresh_token"], scope="notes:read")).json()


@pytest.mark.parametrize("scope", ["notes:write", "openid notes:read notes:write", "admin", "email"])
async def test_a_wider_scope_is_refused_and_spends_nothing(site, scope):
    first = await site.tokens(scope="openid notes:read")
    assert error_of(await site.refresh(first["refresh_token"], scope=scope)) == "invalid_scope"
    second = await site.refresh(first["refresh_token"])
    assert second.status_code == 200
    assert "refresh_token.replayed" not in await site.actions()
    assert error_of(await site.refresh(first["refresh_token"], scope=scope)) == "invalid_scope"
    assert (await site.refresh(second.json()["refresh_token"])).status_code == 200


async def test_a_malformed_scope_spends_nothing(site):
    first = await site.tokens()
    assert error_of(await site.refresh(first["refresh_token"], scope="a  b")) == "invalid_scope"
    assert (await site.refresh(first["refresh_token"])).status_code == 200


async def test_a_replay_can_not_widen(site):
    first = await site.tokens(scope="openid notes:read")
    await site.refresh(first["refresh_token"])
    again = (await site.refresh(first["refresh_token"], scope="openid")).json()
    assert again["scope"] == "openid"


async def test_another_client_can_neither_use_nor_burn_a_refresh_token(site):
    first = await site.tokens()
    for thief in ("third", "portal"):
        assert error_of(await site.refresh(first["refresh_token"], thief)) == "invalid_grant"
    assert (await site.refresh(first["refresh_token"])).status_code == 200
    site.clock.advance(60)
    assert error_of(await site.refresh(first["refresh_token"], "third")) == "invalid_grant"
    assert await site.is_active(first["access_token"])


@pytest.mark.parametrize(("age_s", "good"), [(999, True), (1000, False)])
async def test_an_unused_refresh_token_is_dead_at_its_expiry_second(site, age_s, good):
    await limit(site, refresh_idle_s=1000)
    first = await site.tokens()
    site.clock.advance(age_s)
    answer = await site.refresh(first["refresh_token"])
    assert answer.status_code == (200 if good else 400)


async def test_refreshing_again_and_again_does_not_outlive_the_family(site):
    await limit(site, refresh_idle_s=100, refresh_lifetime_s=250)
    tokens = await site.tokens()
    for _ in range(3):
        site.clock.advance(80)
        answer = await site.refresh(tokens["refresh_token"])
        assert answer.status_code == 200
        tokens = answer.json()
    site.clock.advance(10)
    assert error_of(await site.refresh(tokens["refresh_token"])) == "invalid_grant"


async def test_it_dies_with_the_session_that_its_tokens_end_with(site):
    first = await site.tokens()
    site.clock.advance(43_200)
    assert error_of(await site.refresh(first["refresh_token"])) == "invalid_grant"


async def test_where_tokens_outlive_the_session_the_family_lives_on(open_site):
    async with open_site(toml="[tokens]\nend_with_session = false\n") as site:
        first = await site.tokens()
        assert "sid" not in claims_of(first["access_token"])
        site.clock.advance(43_200)
        assert (await site.refresh(first["refresh_token"])).status_code == 200


@pytest.mark.parametrize("token", ["x", "adm_rt_" + "0" * 49, "a" * 9000])
async def test_a_text_that_is_no_refresh_token_is_refused(site, token):
    assert error_of(await site.refresh(token)) == "invalid_grant"


async def test_an_access_token_or_a_code_is_no_refresh_token(site):
    tokens = await site.tokens("opaque-web")
    assert error_of(await site.refresh(tokens["access_token"], "opaque-web")) == "invalid_grant"


async def test_every_outcome_says_the_same_to_the_caller(site):
    """A thief does not learn whether the token was ever good."""
    first = await site.tokens()
    await site.refresh(first["refresh_token"])
    site.clock.advance(30)
    for token, client in ((first["refresh_token"], "web"), (first["refresh_token"], "third"), ("adm_rt_x", "web")) * 4:
        answer = await site.refresh(token, client)
        assert answer.json() == {"error": "invalid_grant", "denial_id": answer.json()["denial_id"]}


async def test_a_policy_that_became_stricter_holds_for_new_families_only(site):
    old = await site.tokens()
    await limit(site, lifetime_s=60)
    assert (await site.refresh(old["refresh_token"])).json()["expires_in"] == 600
    assert (await site.tokens())["expires_in"] == 60


async def test_an_opaque_access_token_is_rotated_too(site):
    first = await site.tokens("opaque-web")
    second = (await site.refresh(first["refresh_token"], "opaque-web")).json()
    assert second["access_token"].startswith("adm_at_")
    assert (await site.introspect(second["access_token"]))["aud"] == "https://opaque.example"
    assert API  # the other resource's tokens are JWTs
