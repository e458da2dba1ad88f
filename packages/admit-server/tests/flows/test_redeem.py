"""Using limited tokens: what a resource tells is judged, uses are counted, looking is free."""

import pytest

from admit.limits import groups_of
from admit_server.domain.token_policy import TokenPolicy
from admit_server.flows.admin import clients, policies, resources, tokens
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio

API, OPAQUE_API = "https://api.example", "https://opaque.example"
BY = Caller(actor="tests")
ORDERS = {"actions": groups_of(["GET /orders/*"])}
ID = "a-use-of-this-test"


@pytest.fixture
def issue(site):
    async def issuing(*, resource=OPAQUE_API, **limits):
        new = tokens.NewToken(user="alice", client="robot", resource=resource, limits=TokenPolicy(**limits))
        return (await tokens.issue(new, rt=site.rt, caller=BY)).tokens.access_token

    return issuing


@pytest.fixture
def ask(site):
    async def asking(token, *, by="api", **told):
        return await site.post("/introspect", {"token": token} | site.proof(by) | told)

    return asking


@pytest.fixture
def answer(ask):
    async def answering(token, **told):
        response = await ask(token, **told)
        assert response.status_code == 200, response.text
        return response.json()

    return answering


async def test_each_question_of_the_resource_is_one_use(issue, answer):
    token = await issue(max_uses=2)

    assert [(await answer(token))["active"] for _ in range(3)] == [True, True, False]


async def test_the_answer_tells_the_limits(issue, answer):
    token = await issue(max_uses=2, idle_timeout_s=60, **ORDERS)

    told = await answer(token, enforces="limits")

    assert told["limits"] == {"actions": [["GET /orders/*"]], "idle_timeout_s": 60, "max_uses": 2}
    assert "limits" not in await answer(await issue())


async def test_why_is_told_only_to_who_enforces_limits(issue, answer):
    token = await issue(max_uses=1)
    await answer(token)

    assert await answer(token) == {"active": False}
    assert await answer(token, enforces="limits") == {"active": False, "code": "uses_exhausted"}
    assert await answer("adm_at_unknown", enforces="limits") == {"active": False}


async def test_a_repeat_with_the_same_id_is_no_second_use(issue, answer):
    token = await issue(max_uses=2)

    assert [(await answer(token, use_id=ID))["active"] for _ in range(3)] == [True] * 3
    assert (await answer(token))["active"] is True
    assert (await answer(token, use_id=ID))["active"] is True, "also when nothing is left"


async def test_an_id_that_comes_back_late_is_a_mistake_of_the_resource(issue, ask, site):
    token = await issue(max_uses=5)
    await ask(token, use_id=ID)
    site.clock.advance(61)

    late = await ask(token, use_id=ID)

    assert (late.status_code, late.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("use_id", ["short", "x" * 65])
async def test_a_use_id_has_16_to_64_characters(issue, ask, use_id):
    response = await ask(await issue(max_uses=1), use_id=use_id)

    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


async def test_looking_never_counts(issue, answer, site):
    token = await issue(max_uses=1)
    for _ in range(3):
        found = await tokens.inspect(token, rt=site.rt)
        assert (await tokens.count_of(found, rt=site.rt)).uses_left == 1
        assert (await answer(token, by="robot"))["active"] is True, "the app looks at its own token"

    assert (await answer(token))["active"] is True


async def test_a_verifier_with_the_apps_own_credentials_is_refused(issue, answer):
    for limits in ({"max_uses": 1}, ORDERS):
        token = await issue(**limits)
        refused = await answer(token, by="robot", enforces="limits")
        assert refused == {"active": False, "code": "limits_not_enforceable"}
    assert (await answer(await issue(), by="robot", enforces="limits"))["active"] is True


async def test_what_is_told_is_judged_before_anything_is_counted(issue, answer):
    token = await issue(max_uses=1, **ORDERS)
    wrong = {"request_method": "DELETE", "request_path": "/orders/7"}

    assert await answer(token, enforces="limits", **wrong) == {"active": False, "code": "action_not_allowed"}
    assert (await answer(token, request_method="GET", request_path="/orders/../admin"))["active"] is False
    assert (await answer(token, request_method="GET", request_path="/orders/7"))["active"] is True


async def test_a_resource_that_tells_nothing_gets_nothing_that_nobody_could_judge(issue, answer):
    for limits in (ORDERS, {"networks": groups_of(["10.0.0.0/8"])}):
        token = await issue(**limits)
        assert await answer(token) == {"active": False}
        assert (await answer(token, enforces="limits"))["active"] is True, "the library judges it itself"
        assert await answer(token, enforces="something") == {"active": False}


@pytest.mark.parametrize(
    ("address", "active"), [("10.1.2.3", True), ("::ffff:10.1.2.3", True), ("192.0.2.1", False), ("nowhere", False)]
)
async def test_the_address_of_the_client_is_as_the_resource_tells_it(issue, answer, address, active):
    token = await issue(networks=groups_of(["10.0.0.0/8"]))

    assert (await answer(token, client_address=address))["active"] is active


async def test_named_actions_are_told_by_name(issue, answer):
    token = await issue(actions=groups_of(["orders.refund"]))

    assert (await answer(token, request_action="orders.refund"))["active"] is True
    assert (await answer(token, request_action="orders.cancel", enforces="limits"))["code"] == "action_not_allowed"


async def test_hours_are_judged_by_the_servers_clock_whoever_asks(issue, answer, site):
    token = await issue(hours=groups_of(["tue 23:13-23:18 UTC"]))  # the site's clock begins on a Tuesday, at 23:13:20

    assert (await answer(token))["active"] is True
    site.clock.advance(279)
    assert (await answer(token))["active"] is True
    site.clock.advance(1)
    assert (await answer(token, enforces="limits"))["code"] == "hour_not_allowed"


async def test_an_idle_token_ends_and_its_use_is_written_every_tenth(issue, answer, site):
    token = await issue(idle_timeout_s=100, lifetime_s=3600)
    found = await tokens.inspect(token, rt=site.rt)

    async def last_used():
        return (await tokens.count_of(found, rt=site.rt)).last_used_at - site.clock.now

    site.clock.advance(9)
    assert (await answer(token))["active"] is True
    assert await last_used() == -9
    site.clock.advance(1)
    assert (await answer(token))["active"] is True
    assert await last_used() == 0
    site.clock.advance(99)
    assert (await answer(token))["active"] is True
    site.clock.advance(100)
    assert (await answer(token, enforces="limits"))["code"] == "idle_timeout"


async def test_a_counted_jwt_is_counted_like_an_opaque_token(issue, answer, site):
    await resources.update(API, resources.ResourceChange(verifier="admit"), rt=site.rt, caller=BY)
    token = await issue(resource=API, max_uses=1)
    assert token.count(".") == 2

    assert [(await answer(token))["active"] for _ in range(2)] == [True, False]


async def test_each_token_of_a_client_has_its_own_count(site, answer):
    await policies.set_policy("once", TokenPolicy(max_uses=1), rt=site.rt, caller=BY)
    await clients.update("robot", clients.ClientChange(policy="once"), rt=site.rt, caller=BY)
    texts = [(await site.own_token(resource=OPAQUE_API)).json()["access_token"] for _ in range(2)]

    assert [(await answer(text))["active"] for text in (*texts, *texts)] == [True, True, False, False]


async def test_userinfo_is_a_use_and_obeys_the_limits(site):
    await policies.set_policy(
        "once", TokenPolicy(max_uses=1, networks=groups_of(["2001:db8::7/128"])), rt=site.rt, caller=BY
    )
    await clients.update("web", clients.ClientChange(policy="once"), rt=site.rt, caller=BY)
    token = (await site.tokens("web"))["access_token"]

    async def userinfo(address):
        return await site.http(address=address).get("/userinfo", headers={"Authorization": f"Bearer {token}"})

    answers = [await userinfo(address) for address in ("2001:db8::8", "2001:db8::7", "2001:db8::7")]
    assert [each.status_code for each in answers] == [401, 200, 401]
