"""Deleting a client: everything of it ends, and it is gone."""

import pytest

from admit_server.domain.errors import NotAllowed, NotFound
from admit_server.domain.revocation import handle
from admit_server.flows import issuing
from admit_server.flows.admin import clients, leaving, resources, tokens, users
from admit_server.flows.token_status import BadToken

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)]

API = "https://api.example"


@pytest.fixture
async def house(rt, caller):
    await clients.add(clients.NewClient(name="reader", grant_types=frozenset()), rt=rt, caller=caller)
    await resources.add(resources.NewResource(audience=API, client="reader"), rt=rt, caller=caller)
    for name in ("shop", "other"):
        new = clients.NewClient(
            name=name, kind="public", redirect_uris=("https://shop.example/cb",), audiences=(API,), client_id=name
        )
        await clients.add(new, rt=rt, caller=caller)
    await users.add(users.NewUser(username="alice"), rt=rt, caller=caller)
    return rt


async def issue(rt, caller, client="shop"):
    new = tokens.NewToken(user="alice", client=client, resource=API)
    return await tokens.issue(new, rt=rt, caller=caller)


async def test_its_grants_end_and_its_rows_go(house, caller, actions, woken):
    issued = [await issue(house, caller) for _ in range(3)]
    kept = await issue(house, caller, "other")

    client, ended = await leaving.delete_client("shop", rt=house, caller=caller)

    assert (client.id, ended) == ("shop", 3)
    assert woken
    with pytest.raises(NotFound):
        await clients.find("shop", rt=house)
    read, now = house.store.read, house.clock()
    for each in issued:
        assert await read.feed.ended((handle("grant", each.grant.id),) * 3, issued_at=now, now=now), (
            "JWTs end by the feed"
        )
        assert isinstance(await tokens.inspect(each.tokens.access_token, rt=house), BadToken)
        assert isinstance(await tokens.inspect(each.tokens.refresh_token, rt=house), BadToken)
    assert not isinstance(await tokens.inspect(kept.tokens.access_token, rt=house), BadToken)
    assert (await actions()).count("client.deleted") == 1
    assert not await read.clients.origin_allowed("https://shop.example", client_id="shop")


async def test_its_name_and_id_are_free_again(house, caller):
    await issue(house, caller)
    await leaving.delete_client("shop", rt=house, caller=caller)

    again = clients.NewClient(name="shop", client_id="shop", audiences=(API,))
    assert (await clients.add(again, rt=house, caller=caller)).client.id == "shop"


async def test_more_grants_than_a_batch_end_too(house, caller, monkeypatch):
    monkeypatch.setattr(leaving, "BATCH", 2)
    for _ in range(7):
        await issue(house, caller)

    assert (await leaving.delete_client("shop", rt=house, caller=caller))[1] == 7


async def test_the_client_by_which_a_resource_introspects_stays(house, caller):
    with pytest.raises(NotAllowed, match=API):
        await leaving.delete_client("reader", rt=house, caller=caller)

    assert (await clients.find("reader", rt=house)).disabled_at is None


async def test_a_grant_made_meanwhile_ends_as_well(house, caller, monkeypatch):
    """A sign-in that was under way when the client was disabled."""
    end_all, late = leaving._end_all, []

    async def and_one_more(*args, rt, **more):
        ended = await end_all(*args, rt=rt, **more)
        if not late:
            late.append(await late_grant(rt, await clients.find("shop", rt=rt)))
        return ended

    async def late_grant(rt, client):
        from admit_server.domain.token_policy import SERVER_DEFAULT

        resource, user = await resources.find(API, rt=rt), await users.find("alice", rt=rt)
        grant = issuing.new_grant(
            grant_id=rt.new_id("grt"),
            client=client,
            resource=resource,
            policy=SERVER_DEFAULT.bounded(),
            scopes=frozenset(),
            user_id=user.id,
            now=rt.clock(),
        )

        async def unit(tx):
            await tx.grants.add(grant)
            await tx.grants.hold(grant.id, now=rt.clock())

        await rt.store.write(unit)
        return grant.id

    monkeypatch.setattr(leaving, "_end_all", and_one_more)

    assert (await leaving.delete_client("shop", rt=house, caller=caller))[1] == 1
    now = house.clock()
    assert await house.store.read.feed.ended((handle("grant", late[0]),) * 3, issued_at=now, now=now)


async def test_an_unknown_client_is_not_found(house, caller):
    with pytest.raises(NotFound):
        await leaving.delete_client("nothing", rt=house, caller=caller)
