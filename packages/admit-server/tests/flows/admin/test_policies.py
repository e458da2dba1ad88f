"""Named policies: what they may promise, and when they may go."""

import pytest

from admit.limits import groups_of
from admit_server.domain.errors import NotAllowed, NotFound
from admit_server.domain.token_policy import BROWSER, TokenPolicy
from admit_server.flows.admin import clients, policies, resources, roles, users

pytestmark = pytest.mark.anyio

API = "https://api.example"


@pytest.mark.parametrize(
    "limits",
    [
        TokenPolicy(networks=groups_of(["10.0.0.1/8"])),
        TokenPolicy(hours=groups_of(["always"])),
        TokenPolicy(actions=groups_of(["GET /a/../b"])),
        TokenPolicy(actions=groups_of([f"action-{number}" for number in range(51)])),
    ],
)
async def test_an_entry_that_could_not_be_kept_is_refused_when_it_is_set(rt, caller, limits):
    with pytest.raises(NotAllowed):
        await policies.set_policy("p", limits, rt=rt, caller=caller)


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
async def test_a_policy_goes_when_nothing_refers_to_it(rt, caller, actions):
    await resources.add(resources.NewResource(audience=API), rt=rt, caller=caller)
    await clients.add(clients.NewClient(name="shop", audiences=(API,)), rt=rt, caller=caller)
    await users.add(users.NewUser(username="alice"), rt=rt, caller=caller)
    await policies.set_policy("once", TokenPolicy(max_uses=1), rt=rt, caller=caller)
    await resources.update(API, resources.ResourceChange(policy="once"), rt=rt, caller=caller)
    await clients.update("shop", clients.ClientChange(policy="once"), rt=rt, caller=caller)
    await users.update("alice", users.UserChange(policy="once"), rt=rt, caller=caller)
    await roles.add("editor", policy="once", rt=rt, caller=caller)
    releases = [
        lambda: resources.update(API, resources.ResourceChange(policy=None), rt=rt, caller=caller),
        lambda: clients.update("shop", clients.ClientChange(policy=None), rt=rt, caller=caller),
        lambda: roles.delete("editor", rt=rt, caller=caller),
        lambda: users.update("alice", users.UserChange(policy=None), rt=rt, caller=caller),
    ]
    for who, release in zip((f"resource {API}", "client shop", "role editor", "user alice"), releases, strict=True):
        with pytest.raises(NotAllowed, match=who):
            await policies.delete("once", rt=rt, caller=caller)
        await release()

    await policies.delete("once", rt=rt, caller=caller)

    with pytest.raises(NotFound):
        await policies.find("once", rt=rt)
    assert "policy.deleted" in await actions()


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
async def test_the_database_itself_keeps_a_policy_that_somebody_refers_to(rt, caller):
    """However the check and the reference race: the database decides."""
    from admit_server.ports.store import ReferenceViolation

    await users.add(users.NewUser(username="alice"), rt=rt, caller=caller)
    await policies.set_policy("once", TokenPolicy(max_uses=1), rt=rt, caller=caller)
    await users.update("alice", users.UserChange(policy="once"), rt=rt, caller=caller)

    with pytest.raises(ReferenceViolation):
        await rt.store.write(lambda tx: tx.policies.remove("once"))


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
async def test_the_built_in_policy_is_there_from_the_start_may_be_changed_and_stays(rt, caller):
    assert (await policies.find("browser", rt=rt)).limits == BROWSER
    with pytest.raises(NotAllowed, match="built in"):
        await policies.delete("browser", rt=rt, caller=caller)
    assert not await policies.set_policy("browser", TokenPolicy(lease_s=300), rt=rt, caller=caller)

    assert (await policies.find("browser", rt=rt)).limits == TokenPolicy(lease_s=300)
