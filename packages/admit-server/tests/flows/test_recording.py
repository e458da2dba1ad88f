"""What is recorded of real requests."""

import pytest

from admit.limits import groups_of
from admit_server.domain.token_policy import TokenPolicy
from admit_server.flows.admin import tokens
from admit_server.flows.recording import write_decisions
from admit_server.flows.runtime import Caller
from admit_server.ports.store import StoreUnavailable

pytestmark = pytest.mark.anyio

OPAQUE_API = "https://opaque.example"


async def issue(site, **limits):
    new = tokens.NewToken(user="alice", client="robot", resource=OPAQUE_API, limits=TokenPolicy(**limits))
    return (await tokens.issue(new, rt=site.rt, caller=Caller(actor="tests"))).tokens.access_token


async def use(site, token, path="/orders/7", **told):
    told = {"request_method": "GET", "request_path": path, "client_address": "192.0.2.9"} | told
    return (await site.post("/introspect", {"token": token} | site.proof("api") | told)).json()


async def recorded(site):
    await write_decisions(site.rt)
    batches = await site.rt.store.read.decisions.page(after=(0, ""), until=1 << 40, limit=100)
    return [decision for batch in batches for decision in batch.decisions]


async def test_an_issue_and_each_use_are_recorded_with_what_policies_look_at(site):
    token = await issue(site, actions=groups_of(["GET /orders/*"]))
    site.clock.advance(5)
    await use(site, token, use_id="a-use-of-this-test")
    await use(site, token, "/bills/1")

    issued, allowed, refused = await recorded(site)

    assert (issued.kind, issued.code, issued.ends_at - issued.at) == ("issue", "", 600)
    assert (allowed.kind, allowed.code, allowed.method, allowed.path, allowed.address, allowed.use_id) == (
        "introspect", "", "GET", "/orders/7", "192.0.2.9", "a-use-of-this-test",
    )  # fmt: skip
    assert (refused.code, refused.path) == ("action_not_allowed", "/bills/1")
    assert {each.grant_id for each in (issued, allowed, refused)} == {issued.grant_id}
    assert {each.token_id for each in (issued, allowed, refused)} == {issued.token_id}
    assert (allowed.made_at, allowed.ends_at) == (issued.at, issued.ends_at)


async def test_a_refused_token_is_recorded_with_its_times(site):
    token = await issue(site)
    site.clock.advance(600)
    await use(site, token)

    issued, late = await recorded(site)

    assert (late.code, late.token_id, late.ends_at) == ("token_expired", issued.token_id, issued.ends_at)


async def test_refreshes_and_userinfo_are_recorded(site):
    issued = await site.tokens("web", scope="openid notes:read")
    site.clock.advance(10)
    again = (await site.refresh(issued["refresh_token"])).json()
    await site.get("/userinfo", headers={"Authorization": f"Bearer {again['access_token']}"})
    site.clock.advance(200 * 86_400)
    assert (await site.refresh(again["refresh_token"])).status_code == 400

    first, second, looked, late = await recorded(site)

    assert [each.kind for each in (first, second, looked, late)] == ["issue", "refresh", "userinfo", "refresh"]
    assert (second.made_at, late.made_at) == (first.at, second.at)
    assert (looked.path, looked.token_id) == ("/userinfo", second.token_id)
    assert late.code == "refresh_expired"


async def test_what_somebody_asks_about_its_own_token_is_no_decision(site):
    token = await issue(site)
    await site.post("/introspect", {"token": token} | site.proof("robot"))
    await site.post("/introspect", {"token": "adm_at_unknown"} | site.proof("api"))

    assert [each.kind for each in await recorded(site)] == ["issue"]


async def test_no_token_stands_in_a_record_not_even_in_a_path(site):
    token = await issue(site)
    await use(site, token, f"/reset/{token}/now")

    _, used = await recorded(site)

    assert (used.path, used.cut) == ("/reset/(a token)/now", True)
    assert token.encode() not in (site.directory / "admit.db").read_bytes()


async def test_nothing_is_recorded_where_the_settings_say_so(open_site):
    async with open_site(toml="[decisions]\nkeep_days = 0\n") as site:
        await use(site, await issue(site))

        assert await recorded(site) == []


async def test_a_database_that_is_away_costs_the_records_and_is_counted(site, monkeypatch):
    await issue(site)

    async def away(unit):
        raise StoreUnavailable("away")

    with monkeypatch.context() as patched:
        patched.setattr(type(site.rt.store), "write", lambda self, unit: away(unit))
        with pytest.raises(StoreUnavailable):
            await write_decisions(site.rt)
    await write_decisions(site.rt)

    [batch] = await site.rt.store.read.decisions.page(after=(0, ""), until=1 << 40, limit=10)
    assert (batch.decisions, batch.dropped) == ((), 1)
