"""What applies, and which rule won."""

import pytest

from admit.limits import groups_of
from admit_server.domain.errors import NotFound
from admit_server.domain.token_policy import TokenPolicy
from admit_server.flows.admin import clients, policies, resources, users
from admit_server.flows.admin.effective import effective

pytestmark = pytest.mark.anyio

API = "https://api.example"


@pytest.fixture
async def house(rt, caller):
    await resources.add(resources.NewResource(audience=API), rt=rt, caller=caller)
    await clients.add(clients.NewClient(name="shop", audiences=(API,)), rt=rt, caller=caller)
    await users.add(users.NewUser(username="alice"), rt=rt, caller=caller)
    await policies.set_policy("short", TokenPolicy(lifetime_s=60), rt=rt, caller=caller)
    await policies.set_policy("once", TokenPolicy(max_uses=1, lifetime_s=300), rt=rt, caller=caller)
    await clients.update("shop", clients.ClientChange(policy="short"), rt=rt, caller=caller)
    await users.update("alice", users.UserChange(policy="once"), rt=rt, caller=caller)
    return rt


async def test_each_limit_names_the_rules_that_set_it(house):
    found = await effective(user="alice", client="shop", resource=API, rt=house)

    set_by = {limit.name: (limit.value, limit.set_by) for limit in found.limits}
    assert set_by["lifetime_s"] == (60, ("client shop (policy short)",))
    assert set_by["max_uses"] == (1, ("user alice (policy once)",))
    assert set_by["end_with_session"] == (True, ("server",))
    assert found.rules == ("server", "client shop (policy short)", "user alice (policy once)")


async def test_who_is_not_named_adds_no_rule(house):
    found = await effective(user=None, client=None, resource=None, rt=house)

    assert found.rules == ("server",)
    assert (found.format, found.format_because) == (None, None)


async def test_the_format_is_said_with_its_reason(house, caller):
    async def form(user=None):
        found = await effective(user=user, client=None, resource=API, rt=house)
        return found.format, found.format_because

    assert await form() == ("jwt", "the resource says --format jwt")
    assert await form("alice") == ("opaque", "its verifier is not known to enforce these limits (--verifier admit)")
    await resources.update(API, resources.ResourceChange(verifier="admit"), rt=house, caller=caller)
    assert await form("alice") == ("jwt", "the resource says --format jwt")
    await policies.set_policy("once", TokenPolicy(format="opaque"), rt=house, caller=caller)
    assert await form("alice") == ("opaque", "a policy says --format opaque")


async def test_groups_of_several_rules_stand_side_by_side(house, caller):
    inner, outer = groups_of(["10.1.0.0/16"]), groups_of(["10.0.0.0/8"])
    await policies.set_policy("short", TokenPolicy(networks=inner), rt=house, caller=caller)
    await policies.set_policy("once", TokenPolicy(networks=outer), rt=house, caller=caller)

    (networks,) = [
        o
        for o in (await effective(user="alice", client="shop", resource=None, rt=house)).limits
        if o.name == "networks"
    ]

    assert networks.value == [["10.0.0.0/8"], ["10.1.0.0/16"]]
    assert networks.set_by == ("client shop (policy short)", "user alice (policy once)")


@pytest.mark.parametrize("unknown", [{"user": "nobody"}, {"client": "nothing"}, {"resource": "nowhere"}])
async def test_somebody_unknown_is_not_found(house, unknown):
    with pytest.raises(NotFound):
        await effective(**({"user": None, "client": None, "resource": None} | unknown), rt=house)
