"""Replaying recorded decisions of a real site against other policies."""

import os
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from site_kit import API, claims_of

from admit.limits import Attempt, groups_of
from admit_server.app import open_runtime
from admit_server.domain.check_request import read_request
from admit_server.domain.decision import Decision
from admit_server.domain.descent import ACCESS_TOKEN, TOKEN_EXCHANGE
from admit_server.domain.errors import NotAllowed, NotFound
from admit_server.domain.token_policy import TokenPolicy
from admit_server.flows.admin import clients, policies, resources, rules, sessions, tokens, users
from admit_server.flows.admin.simulate import in_order, simulate
from admit_server.flows.admin.simulation import Question
from admit_server.flows.check import Asked, check, refresh
from admit_server.flows.client_auth import AuthenticatedClient
from admit_server.flows.introspect import introspect
from admit_server.flows.recording import write_decisions
from admit_server.flows.redeem import Use
from admit_server.flows.reports import Report, take
from admit_server.flows.runtime import Caller
from admit_server.settings import load_settings
from admit_server.starting import read_or_make_key_file

pytestmark = pytest.mark.anyio

OPAQUE_API = "https://opaque.example"
BY = Caller(actor="tests")
WIDE = {"actions": groups_of(["* /**"])}


@pytest.fixture
def world(site):
    return World(site)


class World:
    """A site with the policy `strict`, and what is done under it."""

    def __init__(self, site):
        self.site, self.rt = site, site.rt

    async def set(self, **limits):
        await policies.set_policy("strict", TokenPolicy(**limits), rt=self.rt, caller=BY)

    async def issue(self, policy="strict", **limits):
        new = tokens.NewToken(
            user="alice", client="robot", resource=OPAQUE_API, policy=policy, limits=TokenPolicy(**limits)
        )
        return (await tokens.issue(new, rt=self.rt, caller=BY)).tokens.access_token

    async def use(self, token, path="/orders/7", address="192.0.2.1", **told):
        told = {"request_method": "GET", "request_path": path, "client_address": address} | told
        answer = await self.site.post("/introspect", {"token": token} | self.site.proof("api") | told)
        return answer.json()["active"]

    async def ask(self, *, change=True, **limits):
        await write_decisions(self.rt)
        wanted = TokenPolicy(**limits) if change else None
        return await simulate(Question(name="strict", limits=wanted), rt=self.rt)


async def test_the_policy_as_it_is_changes_nothing(world):
    await world.set(max_uses=2, idle_timeout_s=600, **WIDE)
    token = await world.issue()
    # The first of these seconds is not complete in the records.
    world.site.clock.advance(1)
    assert [await world.use(token) for _ in range(3)] == [True, True, False]
    other = await world.issue()
    world.site.clock.advance(601)
    assert await world.use(other) is False

    found = await world.ask(change=False)

    assert (found.total, found.concerned, found.changes, dict(found.unknown)) == (6, 6, 0, {})


async def test_what_a_tighter_policy_would_refuse_is_listed_with_code_and_whom_it_concerns(world):
    await world.set()
    token = await world.issue()
    for path in ("/orders/1", "/orders/2", "/bills/1"):
        assert await world.use(token, path)

    found = await world.ask(actions=groups_of(["GET /orders/*"]))

    assert (found.outcomes["newly_refused"], found.changes, found.people) == (1, 1, 1)
    [group] = found.groups
    assert (group.first.after, group.user, group.client, group.first.resource) == (
        "action_not_allowed",
        "alice",
        "The robot",
        OPAQUE_API,
    )
    assert [change.decision.path for change in found.examples] == ["/bills/1"]


async def test_what_a_wider_policy_would_let_in_is_listed(world):
    await world.set(networks=groups_of(["10.0.0.0/8"]))
    token = await world.issue()
    assert await world.use(token, address="192.0.2.1") is False

    found = await world.ask()

    assert dict(found.outcomes) == {"newly_allowed": 1}


async def test_other_rules_of_the_same_token_hold_on(world):
    await world.set(networks=groups_of(["10.0.0.0/8"]))
    token = await world.issue(actions=groups_of(["GET /bills/*"]))
    assert await world.use(token) is False

    found = await world.ask()

    assert dict(found.outcomes) == {}


async def test_fewer_uses_are_counted_in_the_order_in_which_they_came(world):
    await world.set()
    await world.issue()
    world.site.clock.advance(1)
    first, second = await world.issue(), await world.issue()
    for token in (first, second, first, first, second):
        assert await world.use(token)

    found = await world.ask(max_uses=2)

    assert [change.after for change in found.examples] == ["uses_exhausted"]


async def test_a_repeat_of_a_use_is_no_use_here_either(world):
    await world.set()
    await world.issue()
    world.site.clock.advance(1)
    token = await world.issue()
    for number in (1, 1, 2):
        assert await world.use(token, use_id=f"a-use-of-this-test-{number}")

    assert (await world.ask(max_uses=2)).changes == 0
    assert (await world.ask(max_uses=1)).outcomes["newly_refused"] == 1


async def test_a_shorter_life_refuses_what_came_later_and_a_longer_one_lets_it_in(world):
    await world.set(lifetime_s=120)
    token = await world.issue()
    world.site.clock.advance(100)
    assert await world.use(token)
    world.site.clock.advance(100)
    assert await world.use(token) is False

    assert dict((await world.ask(lifetime_s=60)).outcomes) == {"newly_refused": 1}
    assert dict((await world.ask(lifetime_s=300)).outcomes) == {"newly_allowed": 1}


async def test_what_the_records_do_not_tell_is_listed_as_unknown(world):
    await world.set()
    token = await world.issue()
    assert await world.use(token)

    found = await world.ask(lease_s=60)

    assert (found.changes, dict(found.unknown)) == (0, {"lease": 1})


async def test_issues_without_a_key_would_be_refused_by_a_binding(world):
    await world.set()
    await world.issue()

    found = await world.ask(binding=frozenset({"dpop"}))

    assert [(change.decision.kind, change.after) for change in found.examples] == [("issue", "invalid_dpop_proof")]


async def test_decisions_in_which_the_policy_had_no_part_are_counted_only(world):
    await world.set()
    token = await world.issue(policy=None)
    assert await world.use(token)

    found = await world.ask(max_uses=1)

    assert (found.total, found.concerned, found.changes) == (2, 0, 0)


async def test_a_policy_changed_meanwhile_is_compared_as_it_is_now(world):
    await world.set(lifetime_s=120)
    token = await world.issue()
    world.site.clock.advance(100)
    assert await world.use(token)
    await world.set(lifetime_s=60)

    assert (await world.ask(change=False)).changes == 0
    assert dict((await world.ask(lifetime_s=120)).outcomes) == {"newly_allowed": 1}


async def test_only_what_is_asked_for_is_told(world):
    await world.set()
    assert await world.use(await world.issue())
    await write_decisions(world.rt)

    async def total(**only):
        return (await simulate(Question(name="strict", **only), rt=world.rt)).total

    assert [await total(user="alice"), await total(user="bob")] == [2, 0]
    assert [await total(client="robot"), await total(client="web")] == [2, 0]
    assert await total(resource=OPAQUE_API) == 2


async def test_older_decisions_are_not_told_and_too_many_are_called_a_sample(world):
    await world.set()
    token = await world.issue()
    world.rt.decisions.most = 2
    for _ in range(4):
        await world.use(token)
    found = await world.ask(max_uses=1)

    assert (found.total, found.dropped, dict(found.unknown)) == (2, 3, {"uses": 1})

    world.site.clock.advance(8 * 86_400)
    assert (await world.ask()).total == 0


async def test_limits_that_could_not_be_set_are_refused(world):
    await world.set()
    for limits in ({"max_auth_age_s": 3}, {"networks": groups_of(["nowhere"])}):
        with pytest.raises(NotAllowed):
            await world.ask(**limits)
    with pytest.raises(NotFound):
        await simulate(Question(name="nothing"), rt=world.rt)
    with pytest.raises(NotAllowed):
        await simulate(Question(name="strict", days=0), rt=world.rt)


async def test_a_sign_in_is_replayed_through_refresh_and_logout(world):
    site = world.site
    await world.set(end_with_session=True)
    change = resources.ResourceChange(policy="strict")
    await resources.update("https://api.example", change, rt=world.rt, caller=BY)
    issued = await site.tokens("web")
    site.clock.advance(400)
    again = (await site.refresh(issued["refresh_token"])).json()
    site.clock.advance(4000)
    assert (await site.refresh(again["refresh_token"])).status_code == 200

    assert (await world.ask(change=False)).changes == 0
    tight = await world.ask(refresh_idle_s=600, refresh_lifetime_s=600)
    assert [(each.decision.kind, each.after) for each in tight.examples] == [("refresh", "refresh_expired")]


async def test_a_change_of_what_no_record_tells_is_said(world):
    await world.set()

    assert (await world.ask(max_sessions=3)).untold == ("max_sessions",)
    assert (await world.ask(max_uses=3)).untold == ()


async def test_where_it_would_be_tighter_for_sessions_their_tokens_are_unknown(world):
    await world.set()
    change = resources.ResourceChange(policy="strict")
    await resources.update(API, change, rt=world.rt, caller=BY)
    issued = await world.site.tokens("web")
    await world.site.refresh(issued["refresh_token"])

    assert dict((await world.ask(max_sessions=1)).unknown) == {"sessions": 1}


async def test_what_ends_with_its_session_is_told_from_when_that_ended(world):
    rt, site = world.rt, world.site
    async with _server_without(rt, "end_with_session") as rt:
        await world.set()
        change = resources.ResourceChange(policy="strict")
        await resources.update(API, change, rt=rt, caller=BY)
        issued = await site.tokens("web", scope="openid")
        bearer = {"Authorization": f"Bearer {issued['access_token']}"}
        grant = await rt.store.read.grants.get(claims_of(issued["access_token"])["grant"])
        assert (await site.get("/userinfo", headers=bearer)).status_code == 200
        site.clock.advance(5)
        await sessions.end_one(grant.session_id, rt=rt, caller=BY)
        assert (await site.get("/userinfo", headers=bearer)).status_code == 200

        found = await world.ask(end_with_session=True)

    assert [(each.after, each.decision.at) for each in found.examples] == [("session_ended", site.clock())]


@asynccontextmanager
async def _server_without(rt, limit):
    """The server's default without one of its limits; its runtime is frozen, and shared by all of the site."""
    before = rt.default_policy
    object.__setattr__(rt, "default_policy", replace(before, **{limit: False}))
    yield rt
    object.__setattr__(rt, "default_policy", before)


async def test_the_policy_of_a_rule_of_check_is_replayed_by_the_rule_with_and_without_a_token(world):
    await world.set(networks=groups_of(["192.0.2.0/24"]))
    for path, values in (("/open/**", {}), ("/**", {"audience": OPAQUE_API})):
        new = rules.NewRule(path=path, policy="strict", **values)
        await rules.add(new, rt=world.rt, caller=BY)
    await refresh(world.rt)
    token = await world.issue(policy=None)
    for path, address, shown in (
        ("/open/1", "192.0.2.1", None),
        ("/open/2", "203.0.113.5", None),
        ("/x", "192.0.2.1", token),
        ("/x", "203.0.113.5", token),
        ("/x", "192.0.2.1", None),
    ):
        request = read_request(method="GET", host="a.example", uri=path)
        await check(Asked(request=request, token=shown, address=address), rt=world.rt, caller=Caller())

    as_it_is = await world.ask(change=False)
    assert (as_it_is.kinds["check"], as_it_is.changes, dict(as_it_is.unknown)) == (4, 0, {})
    found = await world.ask(networks=groups_of(["203.0.113.0/24"]))
    assert dict(found.outcomes) == {"newly_refused": 2, "newly_allowed": 2}
    assert {each.after for each in found.examples if each.after} == {"network_not_allowed"}


async def test_what_a_library_reported_is_replayed_from_the_issue_of_its_token(world):
    await world.set(lifetime_s=60, actions=groups_of(["GET /items"]))
    await resources.update(API, resources.ResourceChange(policy="strict", verifier="admit"), rt=world.rt, caller=BY)
    claims = claims_of((await world.site.tokens("web"))["access_token"])
    who = AuthenticatedClient(await world.rt.store.read.clients.get("api"), proved=True)

    async def reported(code, endpoint):
        handles = {name: claims[name] for name in ("grant", "jti", "sid")}
        report = Report(
            id=world.rt.new_id("den"), code=code, at=world.site.clock(), resource=API, endpoint=endpoint, **handles
        )
        assert await take([report, report], who=who, rt=world.rt, caller=BY) == [report.id, report.id]

    await reported("action_not_allowed", "GET /bills")
    await reported("action_not_allowed", "GET /(...)")
    world.site.clock.advance(100)
    await reported("token_expired", "GET /items")

    as_it_is = await world.ask(change=False)
    assert (as_it_is.kinds["report"], as_it_is.changes, dict(as_it_is.unknown)) == (3, 0, {})
    wider = await world.ask(lifetime_s=300, actions=groups_of(["GET /bills", "GET /items"]))
    assert (wider.outcomes["newly_allowed"], dict(wider.unknown)) == (2, {"path": 1})


async def test_a_child_of_an_exchange_is_judged_by_the_rules_of_its_parent_too(world):
    await world.set(networks=groups_of(["192.0.2.0/24"]))
    site = world.site
    change = clients.ClientChange(grant_types=frozenset({"client_credentials", TOKEN_EXCHANGE}))
    await clients.update("robot", change, rt=world.rt, caller=BY)
    parent = await world.issue()
    form = {"grant_type": TOKEN_EXCHANGE, "subject_token": parent, "subject_token_type": ACCESS_TOKEN}
    child = (await site.post("/token", form | site.proof("robot"))).json()["access_token"]
    assert await world.use(child, address="203.0.113.5") is False

    found = await world.ask()

    assert [(each.before, each.after) for each in found.examples] == [("network_not_allowed", "")]


async def test_records_are_replayed_from_each_engine(database_url, tmp_path, monkeypatch, anyio_backend):
    for name in [name for name in os.environ if name.startswith("ADMIT_")]:
        monkeypatch.delenv(name)
    (tmp_path / "data").mkdir(mode=0o700, exist_ok=True)
    read_or_make_key_file(tmp_path / "data" / "admit.key")
    async with open_runtime(load_settings(data=tmp_path / "data", database=database_url)) as rt:
        await policies.set_policy("strict", TokenPolicy(), rt=rt, caller=BY)
        api = (await clients.add(clients.NewClient(name="api"), rt=rt, caller=BY)).client
        new = resources.NewResource(audience=API, scopes={"x": "X"}, format="opaque", client=api.id, policy="strict")
        await resources.add(new, rt=rt, caller=BY)
        await clients.add(clients.NewClient(name="app", audiences=(API,)), rt=rt, caller=BY)
        await users.add(users.NewUser(username="ada"), rt=rt, caller=BY)
        issued = await tokens.issue(tokens.NewToken(user="ada", client="app", resource=API), rt=rt, caller=BY)
        for path in ("/a", "/b"):
            use = Use(attempt=Attempt(method="GET", path=path))
            who = AuthenticatedClient(api, proved=True)
            await introspect(issued.tokens.access_token, who=who, rt=rt, caller=Caller(), use=use)
        await write_decisions(rt)

        limits = TokenPolicy(actions=groups_of(["GET /a"]))
        as_it_is = await simulate(Question(name="strict", client="app"), rt=rt)
        found = await simulate(Question(name="strict", limits=limits), rt=rt)

    assert (as_it_is.total, as_it_is.concerned, as_it_is.changes, dict(as_it_is.unknown)) == (3, 3, 0, {})
    assert [(each.decision.path, each.after) for each in found.examples] == [("/b", "action_not_allowed")]


async def test_apps_that_a_binding_refused_would_be_let_in_without_it(world):
    site = world.site
    await world.set()
    await resources.update(API, resources.ResourceChange(policy="strict"), rt=world.rt, caller=BY)
    issued = await site.tokens("web")
    await world.set(binding=frozenset({"dpop"}))
    code = await site.browser().code("web")
    assert (await site.redeem(code)).json()["error"] == "invalid_dpop_proof"
    assert (await site.refresh(issued["refresh_token"])).status_code == 200, "of before"

    as_it_is = await world.ask(change=False)
    assert (as_it_is.kinds["issue"], as_it_is.changes, dict(as_it_is.unknown)) == (2, 0, {})
    found = await world.ask()
    assert {(each.decision.kind, each.before, each.after) for each in found.examples} == {
        ("issue", "invalid_dpop_proof", ""),
        ("refresh", "invalid_dpop_proof", ""),
    }


async def test_uses_that_check_counts_are_counted_here_too(world):
    await world.set(max_uses=2)
    await world.issue()
    world.site.clock.advance(1)
    await rules.add(rules.NewRule(path="/**", audience=OPAQUE_API, redeem=True), rt=world.rt, caller=BY)
    await refresh(world.rt)
    token = await world.issue()
    request = read_request(method="GET", host="a.example", uri="/x")
    for _ in range(3):
        await check(Asked(request=request, token=token), rt=world.rt, caller=Caller())

    as_it_is = await world.ask(change=False)
    assert (as_it_is.kinds["check"], as_it_is.changes, dict(as_it_is.unknown)) == (3, 0, {})
    assert dict((await world.ask(max_uses=5)).outcomes) == {"newly_allowed": 1}
    assert dict((await world.ask(max_uses=1)).outcomes) == {"newly_refused": 1}


def test_the_order_of_one_process_is_kept_and_of_several_who_was_refused_as_used_up_comes_last():
    def one(token, code=""):
        return Decision(7, "introspect", code, "grt_1", token)

    spent, other = one("tok_1", "uses_exhausted"), one("tok_1", "network_not_allowed")
    alone = [(one("tok_1"), "a"), (spent, "a"), (other, "a"), (one("tok_2"), "b")]
    assert in_order(alone) == [each for each, _ in alone]
    shared = [(spent, "a"), (one("tok_1"), "b"), (Decision(6, "issue"), "b")]
    assert in_order(shared) == [Decision(6, "issue"), one("tok_1"), spent]
