"""How many sessions a person may have."""

import asyncio
from types import SimpleNamespace

import pytest
from site_kit import BOBS_PASSWORD, PASSWORD, claims_of

from admit_server.domain.errors import TooManySessions
from admit_server.domain.session import Session
from admit_server.domain.token_policy import SERVER_DEFAULT, TokenPolicy
from admit_server.domain.user import User
from admit_server.flows.admin import policies
from admit_server.flows.runtime import Caller, Refusal
from admit_server.flows.session_limit import make_room
from admit_server.storage.open import open_store
from admit_server.storage.statements import bind

pytestmark = pytest.mark.anyio

NOW = 1_790_000_000
USER = User(id="usr_1", username="ada", email=None, roles=(), created_at=NOW, updated_at=NOW)


@pytest.fixture
async def store(database_url, anyio_backend):
    opened = await open_store(database_url, bind, connections=20)
    await opened.write(lambda tx: tx.users.add(USER, username_key="ada"))
    yield opened
    await opened.close()


def new_session(number: int) -> Session:
    return Session(
        id=f"ses_{number:02}", user_id=USER.id, auth_time=NOW, amr=("pwd",), acr="", network="", user_agent="", in_browser=True,
        created_at=NOW, last_seen_at=NOW, expires_at=NOW + 3600,
    )  # fmt: skip


async def begin(store, number, **limits):
    """What a sign-in does: lock the person, make room, add the session."""
    rt = SimpleNamespace(default_policy=SERVER_DEFAULT & TokenPolicy(**limits))

    async def unit(tx):
        assert await tx.users.hold(USER.id) is not None
        room = await make_room(tx, USER, client=None, rt=rt, caller=Caller(), nonce=f"n{number}", now=NOW)
        if not isinstance(room, Refusal):
            await tx.sessions.add(new_session(number), digest=bytes([number]) * 32)
        return room

    return await store.write(unit)


async def test_of_20_sign_ins_at_once_the_last_three_stay(store):
    outcomes = await asyncio.gather(*(begin(store, number, max_sessions=3) for number in range(20)))

    alive = await store.read.sessions.oldest_of_user(USER.id, now=NOW)
    assert len(alive) == 3
    ended = [session_id for outcome in outcomes for session_id in outcome]
    assert len(ended) == len(set(ended)) == 17
    assert not set(ended) & set(alive)
    assert {(await store.read.sessions.get(each)).end_reason for each in ended} == {"too_many_sessions"}


async def test_of_20_sign_ins_at_once_exactly_three_succeed_where_new_ones_are_denied(store):
    outcomes = await asyncio.gather(
        *(begin(store, number, max_sessions=3, deny_new_session=True) for number in range(20))
    )

    refused = [outcome for outcome in outcomes if isinstance(outcome, Refusal)]
    assert len(refused) == 17
    assert all(isinstance(each.error, TooManySessions) for each in refused)
    assert len(await store.read.sessions.oldest_of_user(USER.id, now=NOW)) == 3


async def test_a_limit_that_became_stricter_ends_as_many_as_it_takes(store):
    for number in range(5):
        assert await begin(store, number) == ()

    assert len(await begin(store, 5, max_sessions=2)) == 4


async def limit(site, table, condition, **limits):
    await policies.set_policy("few", TokenPolicy(**limits), rt=site.rt, caller=Caller(actor="test"))

    async def unit(tx):
        await tx.clients._tx.run(f"UPDATE {table} SET policy = 'few' WHERE {condition}")

    await site.rt.store.write(unit)


async def alive(site):
    user = await site.rt.store.read.users.by_username_key("alice")
    return await site.rt.store.read.sessions.oldest_of_user(user.id, now=site.clock())


async def test_the_tokens_of_the_oldest_session_end_with_it_as_by_a_logout(site):
    await limit(site, "app_user", "username = 'alice'", max_sessions=2)
    given = []
    for _ in range(3):
        given.append(await site.tokens())
        site.clock.advance(1)

    assert [await site.is_active(each["access_token"]) for each in given] == [False, True, True]
    assert (await site.refresh(given[0]["refresh_token"])).status_code == 400
    assert claims_of(given[0]["access_token"])["sid"] not in await alive(site)
    assert "sessions.limited" in await site.actions()


async def test_signing_in_anew_in_the_same_browser_is_no_new_session(site):
    await limit(site, "app_user", "username = 'alice'", max_sessions=1, deny_new_session=True)
    browser = site.browser()
    await browser.sign_in()
    (first,) = await alive(site)

    assert (await browser.sign_in()).status_code == 303
    assert await alive(site) == [first]


async def test_the_refused_one_is_told_what_to_do_and_a_guesser_is_told_nothing(site):
    await limit(site, "app_user", "username = 'alice'", max_sessions=1, deny_new_session=True)
    await site.browser().sign_in()

    page = await site.browser().sign_in()
    assert page.status_code == 403
    assert "Sign out in one of them" in page.text
    guessed = await site.browser().sign_in(password="not " + PASSWORD)
    assert "Sign out in one of them" not in guessed.text
    assert len(await alive(site)) == 1
    assert (await site.browser().sign_in(username="bob", password=BOBS_PASSWORD)).status_code == 303


async def test_the_client_that_asks_counts_and_a_resource_does_not(site):
    await limit(site, "client", "id = 'web'", max_sessions=1)
    await site.tokens("portal")
    await site.tokens("portal")
    assert len(await alive(site)) == 2
    await site.tokens("web")
    assert len(await alive(site)) == 1
    await limit(site, "client", "id = 'nobody'", max_sessions=1)
    await limit(site, "resource", "1 = 1", max_sessions=1)
    await site.tokens("portal")
    assert len(await alive(site)) == 2


async def test_a_sign_in_without_a_browser_counts_too_and_gets_the_code(site):
    await limit(site, "app_user", "username = 'alice'", max_sessions=1, deny_new_session=True)
    await site.browser().sign_in()
    form = {"client_id": "script", "username": "alice", "password": PASSWORD, "scope": "notes:read"}
    form |= {"code_challenge": "x" * 43, "code_challenge_method": "S256"}

    answer = await site.post("/authorize-challenge", form)

    assert (answer.status_code, answer.json()["error"]) == (400, "too_many_sessions")
