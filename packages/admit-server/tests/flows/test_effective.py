"""Which policy a token is issued by, by which rules, and in which form."""

import dataclasses

import pytest

from admit.limits import groups_of
from admit_server.domain.applied_rule import labelled
from admit_server.domain.client import Resource
from admit_server.domain.errors import NotAllowed, NotFound
from admit_server.domain.token_policy import SERVER_DEFAULT, TokenPolicy, combine
from admit_server.flows.admin import clients, policies, resources, roles, users
from admit_server.flows.effective import effective_policy, limits_of, rules_of, this_issue, token_format
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio

API = "https://api.example"
BY = Caller(actor="tests")


@pytest.fixture
async def everything(site):
    """A policy on each place that can have one; alice is an editor."""
    rt = site.rt
    named = {
        "of-resource": TokenPolicy(lifetime_s=300),
        "of-client": TokenPolicy(max_uses=5, lifetime_s=400),
        "of-role": TokenPolicy(networks=groups_of(["10.0.0.0/8"])),
        "of-user": TokenPolicy(networks=groups_of(["10.1.0.0/16"]), max_uses=7),
    }
    for name, policy in named.items():
        await policies.set_policy(name, policy, rt=rt, caller=BY)
    await resources.update(API, resources.ResourceChange(policy="of-resource"), rt=rt, caller=BY)
    await clients.update("web", clients.ClientChange(policy="of-client"), rt=rt, caller=BY)
    await roles.add("editor", policy="of-role", rt=rt, caller=BY)
    await users.update("alice", users.UserChange(policy="of-user"), rt=rt, caller=BY)
    read = rt.store.read
    return {
        "client": await read.clients.get("web"),
        "resource": await read.resources.get(API),
        "user": await users.find("alice", rt=rt),
    }


async def test_every_place_that_has_a_policy_is_a_rule_with_a_name(site, everything):
    rules = await rules_of(site.rt.store.read, site.rt, **everything)

    assert [rule.label for rule in rules] == [
        "server",
        "resource https://api.example (policy of-resource)",
        "client The web (policy of-client)",
        "role editor (policy of-role)",
        "user alice (policy of-user)",
    ]


async def test_what_is_issued_obeys_all_of_them_and_the_single_issue(site, everything):
    issue = this_issue(TokenPolicy(lifetime_s=60))
    applied = await effective_policy(site.rt.store.read, site.rt, **everything, issue=issue)
    policy = applied.policy

    assert combine(labelled(applied.rules)).bounded() == policy
    assert (policy.lifetime_s, policy.max_uses, policy.end_with_session) == (60, 5, True)
    assert policy.networks == groups_of(["10.0.0.0/8"]) | groups_of(["10.1.0.0/16"])
    assert policy.refresh_lifetime_s == SERVER_DEFAULT.refresh_lifetime_s


async def test_a_single_issue_can_only_tighten(site, everything):
    wide = this_issue(TokenPolicy(lifetime_s=86_400, max_uses=1_000_000))

    assert (await effective_policy(site.rt.store.read, site.rt, **everything, issue=wide)).policy.max_uses == 5


async def test_a_sign_in_is_issued_by_all_rules(site, everything):
    answer = await site.tokens("web")

    assert answer["expires_in"] == 300
    assert answer["access_token"].startswith("adm_at_"), "limits that nobody would enforce in a JWT"


async def test_a_rule_whose_policy_is_gone_stops_the_issue_instead_of_loosening_it(site, everything):
    client = dataclasses.replace(everything["client"], policy="vanished")

    with pytest.raises(NotFound, match="vanished"):
        await rules_of(site.rt.store.read, site.rt, client=client)


def resource(**more) -> Resource:
    defaults = {"audience": API, "scopes": {}, "format": "jwt", "policy": None, "client_id": None, "created_at": 0}
    return Resource(**(defaults | more))


COUNTED, PLAIN, OPAQUE = TokenPolicy(max_uses=1), TokenPolicy(lifetime_s=60), TokenPolicy(format="opaque")


@pytest.mark.parametrize(
    ("policy", "form", "verifier", "expected"),
    [
        (PLAIN, "jwt", None, "jwt"),
        (PLAIN, "opaque", None, "opaque"),
        (PLAIN, "opaque", "admit", "opaque"),
        (COUNTED, "jwt", None, "opaque"),
        (COUNTED, "jwt", "admit", "jwt"),
        (COUNTED, "opaque", "admit", "opaque"),
        (OPAQUE, "jwt", "admit", "opaque"),
        (TokenPolicy(end_with_session=True), "jwt", None, "jwt"),
        (TokenPolicy(idle_timeout_s=60), "jwt", None, "opaque"),
        (TokenPolicy(actions=groups_of(["GET /a"])), "jwt", None, "opaque"),
        (TokenPolicy(networks=groups_of(["10.0.0.0/8"])), "jwt", None, "opaque"),
        (TokenPolicy(hours=groups_of(["mon 08:00-09:00 UTC"])), "jwt", None, "opaque"),
    ],
)
def test_a_jwt_carries_limits_only_to_a_verifier_that_knows_them(policy, form, verifier, expected):
    assert token_format(policy, resource(format=form, verifier=verifier)) == expected


def test_the_limits_for_a_resource_are_those_that_it_has_to_enforce():
    policy = SERVER_DEFAULT & TokenPolicy(max_uses=3, networks=groups_of(["10.0.0.0/8"]), lifetime_s=60)

    assert limits_of(policy).as_claim() == {"max_uses": 3, "networks": [["10.0.0.0/8"]]}
    assert not limits_of(SERVER_DEFAULT)


def test_a_limit_that_is_not_written_as_it_has_to_be_is_refused():
    with pytest.raises(NotAllowed, match="not a network"):
        limits_of(TokenPolicy(networks=groups_of(["10.0.0.1/8"])))


async def test_a_limited_jwt_names_its_limits_critical(site):
    """RFC 7515 section 4.1.11: so that who does not understand them has to refuse it."""
    import base64
    import json

    change = resources.ResourceChange(verifier="admit")
    await resources.update(API, change, rt=site.rt, caller=BY)
    plain = (await site.own_token()).json()["access_token"]
    await policies.set_policy("once", TokenPolicy(max_uses=1), rt=site.rt, caller=BY)
    await clients.update("robot", clients.ClientChange(policy="once"), rt=site.rt, caller=BY)
    limited = (await site.own_token()).json()["access_token"]

    def part(token: str, number: int):
        return json.loads(base64.urlsafe_b64decode(token.split(".")[number] + "=="))

    assert (part(limited, 0)["crit"], part(limited, 0)["limits"]) == (["limits"], True)
    assert part(limited, 1)["limits"] == {"max_uses": 1}
    assert "crit" not in part(plain, 0)
    assert "limits" not in part(plain, 1)
