"""Several flows as one act: all of it or nothing."""

import asyncio
from dataclasses import replace

import pytest

from admit_server.domain.errors import AlreadyExists
from admit_server.flows.admin import roles, users
from admit_server.flows.admin.one_unit import in_one_unit

pytestmark = pytest.mark.anyio
both_engines = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)


def add(name, caller, **more):
    async def act(rt):
        return await users.add(users.NewUser(username=name, **more), rt=rt, caller=caller)

    return act


@both_engines
async def test_a_flow_inside_does_what_it_does_outside(rt, caller, actions):
    done = await in_one_unit(add("alice", caller), rt=rt)

    assert await users.find("alice", rt=rt) == done.result
    assert [event.action for event in done.events] == await actions() == ["user.added"]


@both_engines
async def test_of_two_flows_the_first_is_undone_when_the_second_fails(rt, caller, actions):
    await users.add(users.NewUser(username="bob"), rt=rt, caller=caller)

    async def act(inside):
        await add("alice", caller)(inside)
        await add("bob", caller)(inside)

    with pytest.raises(AlreadyExists):
        await in_one_unit(act, rt=rt)
    assert await actions() == ["user.added"]


@both_engines
async def test_a_later_flow_sees_what_an_earlier_one_wrote(rt, caller):
    async def act(inside):
        await roles.add("desk", policy=None, rt=inside, caller=caller)
        return await roles.find("desk", rt=inside)

    assert (await in_one_unit(act, rt=rt)).result.name == "desk"


async def test_a_dry_run_tells_the_events_and_keeps_none(rt, caller, actions):
    done = await in_one_unit(add("alice", caller, password="a sturdy pass phrase"), rt=rt, dry_run=True)

    assert [event.action for event in done.events] == ["user.added"]
    assert await actions() == []


async def test_a_slow_hash_is_made_outside_and_used_inside(rt, caller):
    hashed = []

    class Slow(type(rt.hasher)):
        async def hash(self, password):
            hashed.append(password)
            return await super().hash(password)

    await in_one_unit(add("alice", caller, password="a sturdy pass phrase"), rt=replace(rt, hasher=Slow()))

    user = await users.find("alice", rt=rt)
    [credential] = await rt.store.read.credentials.of_user(user.id, "password")
    assert (hashed, credential.data) == (["a sturdy pass phrase"], "hash of a sturdy pass phrase")


async def test_what_follows_a_commit_follows_the_one_commit(rt, caller, woken, sign_in):
    alice = await users.add(users.NewUser(username="alice"), rt=rt, caller=caller)
    await sign_in(alice.id)

    async def act(inside):
        return await users.disable("alice", rt=inside, caller=caller)

    await in_one_unit(act, rt=rt, dry_run=True)
    assert woken == []
    await in_one_unit(act, rt=rt)
    assert woken == [1]


@both_engines
async def test_acts_come_one_after_the_other_so_that_what_was_read_is_what_is_changed(rt, caller):
    """Each adds a scope to those that it read: none is lost, also on PostgreSQL, where reads do not lock."""
    await roles.add("desk", policy=None, rt=rt, caller=caller)

    async def add_one(number):
        async def act(inside):
            found = await roles.find("desk", rt=inside)
            change = roles.RoleChange(scopes=found.scopes | {f"scope:{number}"})
            await roles.update("desk", change, rt=inside, caller=caller)

        await in_one_unit(act, rt=rt)

    await asyncio.gather(*(add_one(number) for number in range(20)))

    assert len((await roles.find("desk", rt=rt)).scopes) == 20
