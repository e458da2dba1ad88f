"""Scopes that belong to roles are for who has such a role."""

import pytest

from admit_server.domain.administration import ALL, api_audience
from admit_server.flows.admin import built_in, roles, users
from admit_server.flows.role_scopes import given_by_roles, permitted
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio
NOTES = "https://notes.example"


@pytest.fixture
def rt(site):
    return site.rt


@pytest.fixture
def caller():
    return Caller(actor="test")


@pytest.fixture
def person(rt, caller):
    async def add(name, *held):
        return await users.add(users.NewUser(username=name, roles=held), rt=rt, caller=caller)

    return add


async def test_a_scope_that_no_role_names_is_for_everybody(rt, person):
    alice = await person("anne")

    wanted = frozenset({"notes:read", "openid"})
    assert await permitted(rt.store.read, rt, user=alice, audience=NOTES, scopes=wanted) == wanted


async def test_a_scope_that_a_role_names_is_for_who_has_one_of_these_roles(rt, caller, person):
    for name in ("clerk", "boss"):
        await roles.add(name, policy=None, scopes=frozenset({"notes:write"}), rt=rt, caller=caller)
    alice, bob = await person("anne"), await person("ben", "boss")

    wanted = frozenset({"notes:read", "notes:write"})
    assert await permitted(rt.store.read, rt, user=alice, audience=NOTES, scopes=wanted) == {"notes:read"}
    assert await permitted(rt.store.read, rt, user=bob, audience=NOTES, scopes=wanted) == wanted


async def test_at_the_api_only_what_a_role_names_is_given(rt, caller, person):
    await roles.add("desk", policy=None, scopes=frozenset({"users:read"}), rt=rt, caller=caller)
    alice, bob, root = await person("anne"), await person("ben", "desk"), await person("root", "admin")

    api = api_audience(rt.issuer)
    for user, given in ((alice, frozenset()), (bob, frozenset({"users:read"})), (root, ALL)):
        assert await permitted(rt.store.read, rt, user=user, audience=api, scopes=ALL) == given


async def test_the_built_in_role_guards_no_scope_of_another_resource(rt, person):
    await built_in.ensure(rt)
    alice = await person("anne")

    wanted = frozenset({"users:read"})
    assert await permitted(rt.store.read, rt, user=alice, audience=NOTES, scopes=wanted) == wanted


async def test_the_built_in_role_holds_every_scope_with_and_without_its_row(rt, person):
    root = await person("root", "admin")
    assert await given_by_roles(rt.store.read, root) == ALL

    await rt.store.write(lambda tx: tx.roles.remove("admin"))
    assert await given_by_roles(rt.store.read, root) == ALL


async def test_a_clients_own_token_is_no_matter_of_roles(rt, caller):
    await roles.add("clerk", policy=None, scopes=frozenset({"notes:write"}), rt=rt, caller=caller)

    wanted = frozenset({"notes:write"})
    assert await permitted(rt.store.read, rt, user=None, audience=NOTES, scopes=wanted) == wanted
