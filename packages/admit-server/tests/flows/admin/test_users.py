"""Accounts by an administrator's hand."""

import asyncio

import pytest

from admit_server.domain.errors import AlreadyExists, NotAllowed, NotFound
from admit_server.flows.admin import users
from admit_server.flows.admin.users import NewUser

pytestmark = pytest.mark.anyio
both_engines = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)

GOOD = "a few words in a row"


@pytest.fixture
def add(rt, caller):
    async def adding(username, **more):
        return await users.add(NewUser(username=username, **more), rt=rt, caller=caller)

    return adding


async def credentials_of(rt, user):
    return await rt.store.read.credentials.of_user(user.id, "password")


@both_engines
async def test_an_added_user_has_a_hashed_password_and_an_audit_event(rt, add, actions):
    user = await add("Alice", email="alice@example.com", roles=("admin", "admin"), password=GOOD)

    assert await users.find("alice", rt=rt) == user
    assert (user.roles, user.email) == (("admin",), "alice@example.com")
    assert [c.data for c in await credentials_of(rt, user)] == [f"hash of {GOOD}"]
    assert await actions() == ["user.added"]


async def test_a_user_without_a_password_has_no_way_to_sign_in_yet(rt, add):
    user = await add("alice")

    assert await users.authenticators_of(user, rt=rt) == ()


async def test_a_name_that_differs_in_case_only_is_taken(add):
    await add("alice")

    with pytest.raises(AlreadyExists, match="already"):
        await add("ALICE")


@both_engines
async def test_of_many_adding_one_name_at_once_exactly_one_wins(rt, add):
    outcomes = await asyncio.gather(*(add("alice") for _ in range(20)), return_exceptions=True)

    assert sum(isinstance(outcome, AlreadyExists) for outcome in outcomes) == 19
    assert len((await users.page(rt=rt)).items) == 1


@pytest.mark.parametrize(
    "values",
    [
        {"username": ""},
        {"username": "two words"},
        {"username": "x" * 65},
        {"username": "usr_" + "A" * 22},
        {"username": "bob", "email": "nobody"},
        {"username": "bob", "roles": ("Not A Role",)},
        {"username": "bob", "password": "short"},
    ],
)
async def test_a_value_that_the_rules_forbid_leaves_nothing_behind(rt, caller, actions, values):
    with pytest.raises(NotAllowed):
        await users.add(NewUser(**values), rt=rt, caller=caller)

    assert (await users.page(rt=rt)).items == ()
    assert await actions() == []


@both_engines
async def test_a_user_is_found_by_id_and_by_name_in_any_case(rt, add):
    user = await add("Zoë")

    assert await users.find(user.id, rt=rt) == user
    assert await users.find("ZOË", rt=rt) == user
    with pytest.raises(NotFound, match="admit user list"):
        await users.find("nobody", rt=rt)


@both_engines
async def test_pages_together_hold_everybody_in_order(rt, add):
    for name in ("d", "b", "E", "a", "c"):
        await add(name)
    names, after = [], ""
    while after is not None:
        page = await users.page(after=after, limit=2, rt=rt)
        names += [user.username for user in page.items]
        after = page.next_after

    assert names == ["a", "b", "c", "d", "E"]


@both_engines
async def test_disabling_ends_every_session_and_says_so_in_the_feed(rt, add, caller, sign_in, clock, woken, actions):
    user = await add("alice")
    session = await sign_in(user.id)

    done = await users.disable("alice", rt=rt, caller=caller)

    assert (done.changed, done.ended) == (True, 1)
    assert done.user.disabled_at == clock.now
    ended = await rt.store.read.sessions.get(session.id)
    assert (ended.ended_at, ended.end_reason) == (clock.now, "user_disabled")
    assert len(await rt.store.read.feed.live(now=clock.now)) == 1
    assert woken
    assert await actions() == ["user.added", "user.disabled"]


async def test_disabling_twice_changes_and_logs_nothing_more(rt, add, caller, actions):
    await add("alice")
    await users.disable("alice", rt=rt, caller=caller)

    assert not (await users.disable("alice", rt=rt, caller=caller)).changed
    assert (await actions()).count("user.disabled") == 1


@both_engines
async def test_enabling_lets_in_again_but_revives_nothing(rt, add, caller, sign_in, clock):
    user = await add("alice")
    session = await sign_in(user.id)
    await users.disable("alice", rt=rt, caller=caller)

    done = await users.enable(user.id, rt=rt, caller=caller)

    assert done.changed
    assert done.user.disabled_at is None
    assert not (await rt.store.read.sessions.get(session.id)).is_alive(clock.now)
    assert not (await users.enable(user.id, rt=rt, caller=caller)).changed


@both_engines
async def test_a_new_password_replaces_the_old_one_and_ends_what_it_opened(rt, add, caller, sign_in, clock):
    user = await add("alice", password=GOOD)
    session = await sign_in(user.id)

    done = await users.set_password("alice", "some other words here", rt=rt, caller=caller)

    assert done.ended == 1
    stored = await credentials_of(rt, user)
    assert [(c.data, c.version) for c in stored] == [("hash of some other words here", 2)]
    assert not (await rt.store.read.sessions.get(session.id)).is_alive(clock.now)


async def test_a_refused_password_ends_nothing(rt, add, caller, sign_in, clock):
    user = await add("alice", password=GOOD)
    session = await sign_in(user.id)

    with pytest.raises(NotAllowed):
        await users.set_password("alice", "short", rt=rt, caller=caller)

    assert (await rt.store.read.sessions.get(session.id)).is_alive(clock.now)


@both_engines
async def test_first_passwords_set_at_once_leave_one_credential(rt, add, caller):
    user = await add("alice")
    tries = [users.set_password("alice", f"{GOOD}, number {n}", rt=rt, caller=caller) for n in range(8)]

    outcomes = await asyncio.gather(*tries, return_exceptions=True)

    assert any(not isinstance(outcome, Exception) for outcome in outcomes)
    assert len(await credentials_of(rt, user)) == 1


async def test_somebody_disabled_can_be_given_a_password(rt, add, caller):
    user = await add("alice")
    await users.disable("alice", rt=rt, caller=caller)

    await users.set_password("alice", GOOD, rt=rt, caller=caller)

    assert len(await credentials_of(rt, user)) == 1


async def test_an_address_that_an_administrator_replaces_opens_nothing_any_more(rt, caller, add):
    alice = await add("alicia", email="alice@example.com")
    await rt.store.write(
        lambda tx: tx.addresses.verify(alice.id, address=alice.email, address_key="alice@example.com", now=1)
    )
    await users.update("alicia", users.UserChange(email="new@example.com"), rt=rt, caller=caller)
    assert await rt.store.read.addresses.owner("alice@example.com") is None
