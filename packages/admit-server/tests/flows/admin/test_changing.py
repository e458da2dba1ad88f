"""Changes that name some fields and leave the others."""

import pytest

from admit_server.domain.errors import NotAllowed, NotFound
from admit_server.domain.token_policy import TokenPolicy
from admit_server.flows.admin import clients, policies, resources, users
from admit_server.flows.admin.changing import KEEP, chosen
from admit_server.flows.admin.resources import ResourceChange
from admit_server.flows.admin.resources import update as to_resource

pytestmark = pytest.mark.anyio

API = "https://api.example"


async def to_client(name, policy, **more):
    return await clients.update(name, clients.ClientChange(policy=policy), **more)


async def to_user(name, policy, **more):
    return (await users.update(name, users.UserChange(policy=policy), **more)).user


@pytest.fixture
async def house(rt, caller):
    await resources.add(resources.NewResource(audience=API, scopes={"read": "Read"}), rt=rt, caller=caller)
    await clients.add(clients.NewClient(name="shop", audiences=(API,)), rt=rt, caller=caller)
    await users.add(users.NewUser(username="alice"), rt=rt, caller=caller)
    await policies.set_policy("once", TokenPolicy(max_uses=1), rt=rt, caller=caller)
    return rt


async def test_a_client_gets_a_policy_and_loses_it(house, caller, actions):
    assert (await to_client("shop", "once", rt=house, caller=caller)).policy == "once"
    assert (await clients.find("shop", rt=house)).policy == "once"
    await to_client("shop", None, rt=house, caller=caller)
    assert (await clients.find("shop", rt=house)).policy is None
    assert (await actions()).count("client.updated") == 2


async def test_a_person_gets_a_policy_and_loses_it(house, caller, actions):
    alice = await to_user("alice", "once", rt=house, caller=caller)
    assert await house.store.read.users.policy_of(alice.id) == "once"
    await to_user(alice.id, None, rt=house, caller=caller)
    assert await house.store.read.users.policy_of(alice.id) is None
    assert (await actions()).count("user.updated") == 2


async def test_of_a_resource_only_what_is_said_changes(house, caller, actions):
    before = await resources.find(API, rt=house)

    first = await to_resource(API, ResourceChange(policy="once", verifier="admit"), rt=house, caller=caller)
    second = await to_resource(API, ResourceChange(format="opaque"), rt=house, caller=caller)
    third = await to_resource(API, ResourceChange(policy=None, verifier=None), rt=house, caller=caller)

    assert (first.policy, first.verifier, first.format) == ("once", "admit", "jwt")
    assert (second.policy, second.verifier, second.format) == ("once", "admit", "opaque")
    assert (third.policy, third.verifier, third.format) == (None, None, "opaque")
    assert third.scopes == before.scopes
    assert await resources.find(API, rt=house) == third
    assert (await actions()).count("resource.updated") == 3


async def test_a_format_that_there_is_not_is_refused(house, caller):
    with pytest.raises(NotAllowed):
        await to_resource(API, ResourceChange(format="xml"), rt=house, caller=caller)


def test_what_is_not_named_stays():
    assert chosen(KEEP, "old") == "old"
    assert chosen(None, "old") is None


async def test_what_does_not_exist_is_not_found_and_nothing_changes(house, caller):
    for work in (
        lambda: to_client("nothing", None, rt=house, caller=caller),
        lambda: to_client("shop", "none", rt=house, caller=caller),
        lambda: to_user("nobody", None, rt=house, caller=caller),
        lambda: to_user("alice", "none", rt=house, caller=caller),
        lambda: to_resource("nowhere", ResourceChange(), rt=house, caller=caller),
        lambda: to_resource(API, ResourceChange(policy="none", format="opaque"), rt=house, caller=caller),
    ):
        with pytest.raises(NotFound):
            await work()
    assert (await resources.find(API, rt=house)).format == "jwt"
