"""The flow of forward authentication; what proxies send is in web/test_check.py."""

import asyncio

import pytest

from admit_server.domain.check_request import read_request
from admit_server.domain.token_policy import TokenPolicy
from admit_server.flows.admin import rules, tokens
from admit_server.flows.check import Asked, Passed, check, refresh, try_out
from admit_server.flows.runtime import Caller
from admit_server.flows.verdict import Denied, MayPass
from admit_server.housekeeping import RULES_LAST, keep_rules

pytestmark = pytest.mark.anyio

API = "https://opaque.example"
BY = Caller(actor="tests")


@pytest.fixture
def asked(site):
    async def asking(uri="/x", **limits):
        new = tokens.NewToken(user="alice", client="opaque-web", resource=API, limits=TokenPolicy(**limits))
        token = (await tokens.issue(new, rt=site.rt, caller=BY)).tokens.access_token
        return Asked(request=read_request(method="GET", host="a.example", uri=uri), token=token)

    return asking


async def rule(site, **values):
    return await rules.add(rules.NewRule(**({"path": "/**", "audience": API} | values)), rt=site.rt, caller=BY)


async def test_of_50_at_once_a_3_use_token_passes_exactly_3(site, asked):
    await rule(site, redeem=True)
    await refresh(site.rt)
    wanted = await asked(max_uses=3)
    outcomes = await asyncio.gather(*(check(wanted, rt=site.rt, caller=Caller()) for _ in range(50)))
    assert sum(isinstance(outcome, Passed) for outcome in outcomes) == 3
    assert {outcome.code for outcome in outcomes if isinstance(outcome, Denied)} == {"uses_exhausted"}


async def test_trying_out_takes_no_use_and_sees_a_spent_token(site, asked):
    made = await rule(site, redeem=True)
    wanted = await asked(max_uses=1)
    for _ in range(3):
        tried = await try_out(wanted, rt=site.rt, caller=Caller())
        assert (tried.rule.rule.id, tried.outcome) == (made.id, MayPass("here"))
    assert isinstance(await check(wanted, rt=site.rt, caller=Caller()), Passed)
    spent = (await try_out(wanted, rt=site.rt, caller=Caller())).outcome
    assert isinstance(spent, Denied)
    assert spent.code == "uses_exhausted"


async def test_rules_are_compiled_anew_only_when_they_have_changed(site):
    await rule(site)
    first = await refresh(site.rt)
    assert await refresh(site.rt) is first
    await rule(site, path="/y")
    assert await refresh(site.rt) is not first


async def test_a_running_server_obeys_a_new_rule_within_a_second(site, asked):
    wanted = await asked()
    assert isinstance(await check(wanted, rt=site.rt, caller=Caller()), Denied)
    await rule(site)
    async with asyncio.timeout(1.0):
        while isinstance(await check(wanted, rt=site.rt, caller=Caller()), Denied):
            await asyncio.sleep(0.02)


async def test_rules_that_can_not_be_read_any_more_are_forgotten(site, monkeypatch):
    """A rule may have been taken away meanwhile: what is public must not stay so because nobody could ask."""
    from dataclasses import replace

    from site_kit import Unavailable

    await rule(site, audience=None)
    holder = type(site.rt.rules)(await refresh(site.rt))
    rt = replace(site.rt, store=Unavailable(), rules=holder)
    rounds = 0
    sleep = asyncio.sleep

    async def quickly(seconds):
        nonlocal rounds
        rounds += 1
        await sleep(0)
        if rounds > RULES_LAST:
            raise asyncio.CancelledError

    monkeypatch.setattr("admit_server.housekeeping.asyncio.sleep", quickly)
    with pytest.raises(asyncio.CancelledError):
        await keep_rules(rt)
    assert holder.current is None


async def test_rules_of_another_version_that_nobody_here_understands_are_forgotten(site, monkeypatch):
    await rule(site, audience=None)
    await refresh(site.rt)
    await site.rt.store.write(lambda tx: tx.check_rules._tx.run("UPDATE check_rule SET path = '/{new}/%syntax'"))
    async with asyncio.timeout(2.0):
        while site.rt.rules.current is not None:
            await asyncio.sleep(0.02)
