"""Grants, as an administrator sees and ends them."""

import pytest

from admit_server.domain.errors import NotFound
from admit_server.flows.admin import clients, grants, resources, tokens, users

pytestmark = pytest.mark.anyio
both_engines = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
API = "https://api.example"


@pytest.fixture
async def issued(rt, caller):
    await resources.add(resources.NewResource(audience=API, scopes={"read": "Read"}), rt=rt, caller=caller)
    await clients.add(clients.NewClient(name="shop", audiences=(API,)), rt=rt, caller=caller)
    found = []
    for name in ("alice", "bob", "bob2"):
        await users.add(users.NewUser(username=name), rt=rt, caller=caller)
        new = tokens.NewToken(user=name, client="shop", resource=API)
        found.append((await tokens.issue(new, rt=rt, caller=caller)).grant)
    return found


@both_engines
async def test_living_grants_are_listed_by_page_person_and_client(rt, issued):
    first = await grants.page(user=None, client=None, limit=2, rt=rt)
    rest = await grants.page(user=None, client="shop", after=first[-1].grant.id, limit=2, rt=rt)
    [bobs] = await grants.page(user="bob", client=None, rt=rt)

    assert sorted(one.grant.id for one in (*first, *rest)) == sorted(grant.id for grant in issued)
    assert (bobs.username, bobs.client_name, bobs.grant.id) == ("bob", "shop", issued[1].id)


@both_engines
async def test_a_grant_is_ended_once_and_then_no_longer_listed(rt, caller, issued):
    grant = issued[0].id

    assert [await grants.end(grant, rt=rt, caller=caller) for _ in range(2)] == [True, False]
    assert await grants.page(user="alice", client=None, rt=rt) == []
    assert (await grants.show(grant, rt=rt)).grant.end_reason == "ended_by_administrator"


async def test_what_does_not_exist_is_not_found(rt, caller):
    for work in (
        lambda: grants.page(user="nobody", client=None, rt=rt),
        lambda: grants.page(user=None, client="nothing", rt=rt),
        lambda: grants.show("grt_x", rt=rt),
        lambda: grants.end("grt_x", rt=rt, caller=caller),
    ):
        with pytest.raises(NotFound):
            await work()
