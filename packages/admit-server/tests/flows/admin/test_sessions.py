"""Sessions by an administrator's hand."""

import pytest

from admit_server.domain.errors import NotFound
from admit_server.flows.admin import sessions, users
from admit_server.flows.admin.users import NewUser

pytestmark = pytest.mark.anyio
both_engines = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
async def alice(rt, caller):
    return await users.add(NewUser(username="alice"), rt=rt, caller=caller)


@pytest.fixture
async def bob(rt, caller):
    return await users.add(NewUser(username="bob"), rt=rt, caller=caller)


@both_engines
async def test_living_sessions_are_listed_newest_first_with_their_owners(rt, alice, bob, sign_in, clock):
    first = await sign_in(alice.id)
    clock.now += 10
    second = await sign_in(bob.id)

    listed = await sessions.newest(rt=rt)

    assert [(item.session.id, item.username) for item in listed] == [(second.id, "bob"), (first.id, "alice")]
    assert [item.session.id for item in await sessions.newest(user="alice", rt=rt)] == [first.id]
    assert len(await sessions.newest(limit=1, rt=rt)) == 1


async def test_ended_and_expired_sessions_are_listed_on_request_only(rt, caller, alice, sign_in, clock):
    ended = await sign_in(alice.id)
    await sessions.end_one(ended.id, rt=rt, caller=caller)
    await sign_in(alice.id)
    clock.now += 3600

    assert await sessions.newest(rt=rt) == []
    assert len(await sessions.newest(with_ended=True, rt=rt)) == 2


@both_engines
async def test_ending_a_session_revokes_what_hangs_on_it_once(rt, caller, alice, sign_in, clock, woken, actions):
    session = await sign_in(alice.id)

    assert await sessions.end_one(session.id, rt=rt, caller=caller)
    assert not await sessions.end_one(session.id, rt=rt, caller=caller)

    stored = await rt.store.read.sessions.get(session.id)
    assert stored.end_reason == "ended_by_administrator"
    assert len(await rt.store.read.feed.live(now=clock.now)) == 1
    assert woken
    assert (await actions()).count("session.ended") == 1


@both_engines
async def test_all_sessions_of_one_person_end_and_no_others(rt, caller, alice, bob, sign_in, clock):
    for _ in range(3):
        await sign_in(alice.id)
    kept = await sign_in(bob.id)

    assert await sessions.end_all_of_user("alice", rt=rt, caller=caller) == (alice, 3)
    assert await sessions.end_all_of_user("alice", rt=rt, caller=caller) == (alice, 0)

    assert [item.session.id for item in await sessions.newest(rt=rt)] == [kept.id]


async def test_an_unknown_session_or_user_is_not_found(rt, caller):
    with pytest.raises(NotFound, match="admit session list"):
        await sessions.end_one("ses_nothing", rt=rt, caller=caller)
    with pytest.raises(NotFound, match="admit user list"):
        await sessions.end_all_of_user("nobody", rt=rt, caller=caller)
    with pytest.raises(NotFound):
        await sessions.newest(user="nobody", rt=rt)
