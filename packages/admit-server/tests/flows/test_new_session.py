"""The session that a journey ends in, and the cookie that finds it."""

import asyncio
from dataclasses import replace
from types import SimpleNamespace

import pytest
from site_kit import Clock, Counting, ReadOnly

from admit_server.domain.session import Session
from admit_server.domain.user import User
from admit_server.flows.new_session import current_session, session_of_cookie
from admit_server.storage.open import open_store
from admit_server.storage.statements import bind
from admit_server.tokens import opaque

pytestmark = pytest.mark.anyio
START = 1_790_000_000
COOKIE = opaque.mint("ss", bytes(32))
SESSION = Session(
    id="ses_1", user_id="usr_1", auth_time=START, amr=("pwd",), acr="", network="", user_agent="", in_browser=True,
    created_at=START, last_seen_at=START, expires_at=START + 100_000,
)  # fmt: skip


@pytest.fixture
async def rt(database_url, anyio_backend):
    """What finding a session needs, on each engine."""
    store = await open_store(database_url, bind, connections=8)
    ada = User(id="usr_1", username="ada", email=None, roles=(), created_at=START, updated_at=START)
    await store.write(lambda tx: tx.users.add(ada, username_key="ada"))
    await store.write(lambda tx: tx.sessions.add(SESSION, digest=opaque.digest(COOKIE)))
    yield SimpleNamespace(store=Counting(store), clock=Clock(START), session_idle_s=3_600)
    await store.close()


async def seen_at(rt):
    return (await rt.store.read.sessions.get("ses_1")).last_seen_at


@pytest.mark.parametrize("cookie", [None, "", "adm_ss_wrong", "x" * 200])
async def test_a_cookie_that_is_none_of_ours_finds_no_session(site, cookie):
    assert await current_session(cookie, rt=site.rt) is None


async def test_a_session_remembers_what_was_proven(site):
    browser = site.browser()
    await browser.sign_in()
    found = await current_session(browser.cookies["admit-8100-sid"], rt=site.rt)
    assert [(proof.authenticator, proof.amr) for proof in found.proofs] == [("password", ("pwd",))]
    assert found.proofs[0].at == found.auth_time == found.last_seen_at == site.clock()


async def test_a_session_is_over_at_its_second(rt):
    rt.session_idle_s = 0
    rt.clock.advance(99_999)
    assert await current_session(COOKIE, rt=rt) is not None
    rt.clock.advance(1)
    assert await current_session(COOKIE, rt=rt) is await session_of_cookie(COOKIE, rt=rt) is None


async def test_a_browser_that_is_not_used_opens_nothing_from_the_second_on_and_its_session_is_still_there(rt):
    rt.clock.advance(3_599)
    assert await current_session(COOKIE, unattended=True, rt=rt) is not None
    rt.clock.advance(1)
    assert await current_session(COOKIE, rt=rt) is None
    assert await seen_at(rt) == START
    found = await session_of_cookie(COOKIE, rt=rt)
    assert found.is_alive(rt.clock())


async def test_a_browser_that_is_used_goes_on_for_as_long_as_its_session_lives(rt):
    for _ in range(27):
        rt.clock.advance(3_599)
        assert await current_session(COOKIE, rt=rt) is not None


async def test_that_it_was_used_is_written_once_in_five_minutes(rt):
    for _ in range(31):
        await asyncio.gather(*(current_session(COOKIE, rt=rt) for _ in range(3)))
        rt.clock.advance(20)
    assert await seen_at(rt) == START + 600
    # Of those who come at the same moment each may try; of their statements one writes.
    assert rt.store.writes <= 6


async def test_of_many_who_note_it_at_once_one_does(rt):
    def unit(tx):
        return tx.sessions.see("ses_1", was=START, now=START + 400)

    assert sorted(await asyncio.gather(*(rt.store.write(unit) for _ in range(20)))) == [False] * 19 + [True]


async def test_an_idle_or_ended_session_is_not_woken_by_who_looked_at_it_before(rt):
    await rt.store.write(lambda tx: tx.sessions.see("ses_1", was=START, now=START + 400))
    assert not await rt.store.write(lambda tx: tx.sessions.see("ses_1", was=START, now=START + 900))
    await rt.store.write(lambda tx: tx.sessions.end("ses_1", reason="logout", now=START + 500))
    assert not await rt.store.write(lambda tx: tx.sessions.see("ses_1", was=START + 400, now=START + 900))


async def test_signing_in_again_wakes_it_under_another_secret(rt):
    rt.clock.advance(50_000)
    cookie = opaque.mint("ss", bytes(31) + b"1")

    def unit(tx):
        return tx.sessions.renew(
            "ses_1", user_id="usr_1", digest=opaque.digest(cookie), auth_time=rt.clock(), amr=("pwd",), acr="", proofs=(),
            now=rt.clock(),
        )  # fmt: skip

    assert await rt.store.write(unit)
    assert (await current_session(cookie, rt=rt)).id == "ses_1"
    assert await current_session(COOKIE, rt=rt) is None


async def test_where_nothing_can_be_written_people_stay_signed_in_until_it_is_idle(rt):
    full = SimpleNamespace(store=ReadOnly(rt.store), clock=rt.clock, session_idle_s=3_600)
    rt.clock.advance(3_599)
    assert await current_session(COOKIE, rt=full) is not None
    rt.clock.advance(1)
    assert await current_session(COOKIE, rt=full) is None


async def test_without_a_timeout_nothing_is_idle(rt):
    rt.session_idle_s = 0
    rt.clock.advance(99_000)
    assert await current_session(COOKIE, rt=rt) is not None
    assert await seen_at(rt) == rt.clock()


async def test_an_app_without_a_browser_has_no_cookie_that_goes_idle(rt):
    app = replace(SESSION, id="ses_2", in_browser=False)
    await rt.store.write(lambda tx: tx.sessions.add(app, digest=None))
    assert not (await rt.store.read.sessions.get("ses_2")).is_idle(START + 90_000, idle_s=3_600)
