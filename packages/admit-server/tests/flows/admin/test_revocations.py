"""Revocations by hand: one handle, and everything."""

import pytest

from admit_server.domain.revocation import handle
from admit_server.flows.admin import revocations, users

pytestmark = pytest.mark.anyio
both_engines = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)


@both_engines
async def test_a_handle_is_published_for_as_long_as_its_tokens_could_live(rt, caller, clock, woken, actions):
    made = await revocations.revoke("jti", "tok_1", rt=rt, caller=caller)

    assert (made.handle, made.until) == (handle("jti", "tok_1"), clock.now + 86_460)
    assert await revocations.live(rt=rt) == [made]
    assert await revocations.live(after=made.seq, rt=rt) == []
    assert woken == [1]
    clock.now = made.until
    assert await revocations.live(rt=rt) == []
    assert await actions() == ["handle.revoked"]


@both_engines
async def test_everything_ends_sessions_grants_and_what_was_issued(rt, caller, clock, sign_in):
    alice = await users.add(users.NewUser(username="alice"), rt=rt, caller=caller)
    session = await sign_in(alice.id)

    assert await revocations.revoke_everything(rt=rt, caller=caller) == (1, 0)

    assert not (await rt.store.read.sessions.get(session.id)).is_alive(clock.now)
    ended = rt.store.read.feed.ended
    assert await ended(("", "", ""), issued_at=clock.now, now=clock.now)
    assert not await ended(("", "", ""), issued_at=clock.now + 1, now=clock.now)
