"""What a sign-in has to prove: the settings, the rules that match, and the strength that is asked for."""

from dataclasses import replace

import pytest
from journeys_kit import CALLER, give_card

from admit_server.domain.journey import ACR_TWO_FACTORS, Ask, NoWay, Proof
from admit_server.domain.session import Session
from admit_server.domain.sign_in_rule import SignInRule
from admit_server.flows.journeys.planning import plan_for, proofs_of_session

pytestmark = pytest.mark.anyio

BY_PASSWORD = Proof("password", 1, ("pwd",), frozenset({"knowledge"}))


async def rule(rt, **values):
    new = SignInRule(**{"name": "r", "requires": "card", "created_at": 1, "updated_at": 1} | values)

    async def unit(tx):
        await tx.sign_in_rules.put(new)

    await rt.store.write(unit)


async def planned(rt, username="alice", *, client="web", new_device=False, **more):
    user = await rt.store.read.users.by_username_key(username) if username else None
    return await plan_for(
        user,
        request=None,
        client=await rt.store.read.clients.get(client),
        new_device=new_device,
        rt=rt,
        caller=CALLER,
        **more,
    )


async def test_without_rules_the_settings_decide(site, desk):
    plan = await planned(desk("password or guest"))
    assert plan.in_words == "password or guest"
    assert plan.next((BY_PASSWORD,)).acr.endswith("1fa")


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"client_id": "web"}, True),
        ({"client_id": "portal"}, False),
        ({"role": "editor"}, True),
        ({"role": "admin"}, False),
        ({"network": "192.0.2.0/24"}, True),
        ({"outside": "192.0.2.0/24"}, False),
        ({"risk": "new-device"}, False),
    ],
)
async def test_a_rule_adds_to_them_where_it_holds(site, desk, condition, holds):
    rt = desk()
    await rule(rt, **condition)
    plan = await planned(rt)
    assert plan.in_words == ("password and card" if holds else "password")
    assert [each.name for each in plan.rules] == (["r"] if holds else [])


async def test_a_browser_that_is_new_to_the_person_may_have_to_prove_more(site, desk):
    rt = desk()
    await rule(rt, risk="new-device")
    assert (await planned(rt, new_device=True)).in_words == "password and card"


async def test_what_the_person_has_set_up_decides_the_step(site, desk):
    rt = desk("password and (card or guest)")
    assert (await planned(rt)).next((BY_PASSWORD,)) == NoWay(("card", "guest"))
    assert (await planned(rt, may_enrol=True)).next((BY_PASSWORD,)) == Ask("card", enrol=True)
    await give_card(site)
    assert (await planned(rt)).next((BY_PASSWORD,)) == Ask("card")


async def test_before_anybody_is_known_the_plan_is_everybodys(site, desk):
    rt = desk("password or card")
    await rule(rt, role="editor", requires="guest")
    assert (await planned(rt, None)).next(()) == Ask("password", ("card",))


async def test_a_strength_is_named_with_the_requirement(site, desk):
    plan = replace(await planned(desk()), acr=ACR_TWO_FACTORS)
    assert plan.in_words == "password, urn:admit:acr:2fa"


def test_a_session_from_before_proofs_were_kept_was_opened_with_a_password():
    session = Session(
        id="ses_1", user_id="usr_1", auth_time=7, amr=("pwd",), acr="urn:admit:acr:1fa", network="", user_agent="",
        in_browser=True, created_at=7, last_seen_at=7, expires_at=99,
    )  # fmt: skip
    assert proofs_of_session(session) == (Proof("password", 7, ("pwd",), frozenset({"knowledge"})),)
    assert proofs_of_session(replace(session, proofs=(BY_PASSWORD,))) == (BY_PASSWORD,)


async def test_who_set_up_a_second_factor_is_asked_for_it_though_no_rule_wants_it(site, desk):
    rt = desk()
    assert (await planned(rt)).next((BY_PASSWORD,)).acr.endswith("1fa")
    await give_card(site)
    assert (await planned(rt)).next((BY_PASSWORD,)) == Ask("card")
    assert (await planned(rt, "bob")).next((BY_PASSWORD,)).acr.endswith("1fa")
