"""Issuing: who issues checks who lives."""

import pytest
from site_kit import API, claims_of

from admit_server.domain.token_policy import TokenPolicy
from admit_server.flows import issuing
from admit_server.flows.admin import policies
from admit_server.flows.effective import effective_policy
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio


async def policy_of(site, client="web", audience=API):
    read = site.rt.store.read
    applied = await effective_policy(
        read, site.rt, client=await read.clients.get(client), resource=await read.resources.get(audience)
    )
    return applied.policy


async def name_policies(site, **limits_of):
    for table, limits in limits_of.items():
        await policies.set_policy(table, TokenPolicy(**limits), rt=site.rt, caller=Caller())
        key = {"client": "id = 'web'", "resource": f"audience = '{API}'"}[table]

        async def unit(tx, table=table, key=key):
            await tx.clients._tx.run(f"UPDATE {table} SET policy = '{table}' WHERE {key}")

        await site.rt.store.write(unit)


async def test_the_servers_default_holds_where_nobody_says_more(site):
    assert await policy_of(site) == site.rt.default_policy.bounded()


async def test_client_and_resource_can_only_be_stricter(site):
    await name_policies(site, client={"lifetime_s": 3600, "refresh_idle_s": 100}, resource={"lifetime_s": 60})
    policy = await policy_of(site)
    assert (policy.lifetime_s, policy.refresh_idle_s) == (60, 100)
    assert policy.end_with_session is True


async def test_the_strictest_lifetime_stands_in_answer_token_and_introspection(site):
    await name_policies(site, client={"lifetime_s": 120}, resource={"lifetime_s": 90})
    tokens = await site.tokens()
    claims = claims_of(tokens["access_token"])
    assert tokens["expires_in"] == claims["exp"] - claims["iat"] == 90
    assert (await site.introspect(tokens["access_token"]))["exp"] == claims["exp"]


def a_blank(site):
    return issuing.blank(site.rt, caller=Caller(), now=site.clock())


async def test_random_parts_are_drawn_before_the_unit_so_that_it_may_run_again(site):
    one = a_blank(site)
    assert one.secret == one.secret
    assert one.secret != a_blank(site).secret
    assert "adm_at_" not in repr(one)


async def test_the_tokens_are_in_no_representation(site):
    issued = issuing.IssuedTokens(access_token="sec-a", expires_in=1, scope="", refresh_token="sec-b", id_token="sec-c")
    assert "sec-" not in repr(issued)


async def test_nothing_is_issued_on_an_ended_grant(site):
    claims = claims_of((await site.tokens())["access_token"])

    async def unit(tx):
        assert await issuing.hold_alive(tx, claims["grant"], token=a_blank(site), now=site.clock()) is not None
        await tx.grants.end(claims["grant"], reason="x", now=site.clock())
        return await issuing.hold_alive(tx, claims["grant"], token=a_blank(site), now=site.clock())

    assert await site.rt.store.write(unit) is None


async def test_nothing_is_issued_in_an_ended_session(site):
    claims = claims_of((await site.tokens())["access_token"])

    async def unit(tx):
        await tx.sessions.end(claims["sid"], reason="logout", now=site.clock())
        return await issuing.hold_alive(tx, claims["grant"], token=a_blank(site), now=site.clock())

    assert await site.rt.store.write(unit) is None


async def test_no_token_outlives_the_session_it_ends_with(site):
    browser = site.browser()
    first = await browser.tokens()
    session_ends = site.clock() + site.rt.session_lifetime_s
    site.clock.advance(site.rt.session_lifetime_s - 100)
    late = (await site.refresh(first["refresh_token"])).json()
    assert claims_of(late["access_token"])["exp"] == session_ends
    assert claims_of(late["id_token"])["exp"] == session_ends
    assert late["expires_in"] == 100
    assert await site.is_active(late["access_token"])
    site.clock.advance(100)
    assert not await site.is_active(late["access_token"])
    assert (await site.refresh(late["refresh_token"])).status_code == 400
