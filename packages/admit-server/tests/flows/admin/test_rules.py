import asyncio

import pytest

from admit.limits import groups_of
from admit_server.domain.errors import AlreadyExists, NotAllowed, NotFound
from admit_server.domain.token_policy import TokenPolicy
from admit_server.flows.admin import policies, rules
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio

API = "https://api.example"
BY = Caller(actor="tests")


@pytest.fixture
def add(site):
    async def adding(path="/x", **values):
        return await rules.add(rules.NewRule(path=path, **({"audience": API} | values)), rt=site.rt, caller=BY)

    return adding


async def test_a_rule_is_added_changed_and_deleted_and_each_is_an_event(site, add):
    rule = await add(scopes=frozenset({"notes:read"}), methods=frozenset({"GET"}))
    assert await rules.find(rule.id, rt=site.rt) == rule
    site.clock.advance(5)
    changed = await rules.update(rule.id, rules.NewRule(path="/y", audience=API, redeem=True), rt=site.rt, caller=BY)
    assert changed == await rules.find(rule.id, rt=site.rt)
    assert (changed.path, changed.redeem, changed.scopes, changed.updated_at) == (
        "/y",
        True,
        frozenset(),
        rule.created_at + 5,
    )
    await rules.delete(rule.id, rt=site.rt, caller=BY)
    assert await rules.in_order(rt=site.rt) == []
    assert [action for action in await site.actions() if action.startswith("rule.")] == [
        "rule.deleted",
        "rule.updated",
        "rule.added",
    ]


async def test_what_does_not_exist_is_not_found(site, add):
    with pytest.raises(NotFound, match="resource"):
        await add(audience="https://none.example")
    with pytest.raises(NotFound, match="policy"):
        await add(policy="none")
    for act in (
        rules.find("rul_none", rt=site.rt),
        rules.delete("rul_none", rt=site.rt, caller=BY),
        rules.update("rul_none", rules.NewRule(path="/x"), rt=site.rt, caller=BY),
    ):
        with pytest.raises(NotFound, match="rul_none"):
            await act


async def test_a_scope_that_the_resource_does_not_have_is_a_typing_error(add):
    with pytest.raises(NotAllowed, match="notes:raed"):
        await add(scopes=frozenset({"notes:raed"}))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {}),
        ({"path": "/x/"}, {"path": "/X"}),
        ({"host": "A.example"}, {"host": "a.example"}),
        ({"methods": frozenset({"GET", "PUT"})}, {"methods": frozenset({"PUT", "POST"})}),
    ],
)
async def test_two_rules_never_decide_about_the_same_request(add, one, other):
    await add(**one)
    with pytest.raises(AlreadyExists, match="same requests"):
        await add(**other)


async def test_rules_of_one_place_are_told_apart_by_their_methods(site, add):
    made = [await add(), await add(methods=frozenset({"GET"})), await add(methods=frozenset({"PUT"}))]
    assert len(await rules.in_order(rt=site.rt)) == len(made)
    with pytest.raises(AlreadyExists):
        await rules.update(made[1].id, rules.NewRule(path="/x", audience=API), rt=site.rt, caller=BY)


async def test_of_20_that_add_the_same_rule_at_once_one_does(site, add):
    outcomes = await asyncio.gather(*(add() for _ in range(20)), return_exceptions=True)
    assert sum(not isinstance(outcome, Exception) for outcome in outcomes) == 1
    assert {type(outcome) for outcome in outcomes if isinstance(outcome, Exception)} == {AlreadyExists}


async def test_a_policy_of_a_rule_can_not_be_changed_to_what_a_rule_does_not_keep(site, add):
    office = TokenPolicy(networks=groups_of(["10.0.0.0/8"]))
    await policies.set_policy("office", office, rt=site.rt, caller=BY)
    rule = await add(policy="office")
    with pytest.raises(NotAllowed, match="when a token is issued"):
        await policies.set_policy("office", TokenPolicy(max_uses=1), rt=site.rt, caller=BY)
    with pytest.raises(NotAllowed, match=rule.id):
        await policies.delete("office", rt=site.rt, caller=BY)
    await policies.set_policy("once", TokenPolicy(max_uses=1), rt=site.rt, caller=BY)
    with pytest.raises(NotAllowed, match="when a token is issued"):
        await add("/y", policy="once")
