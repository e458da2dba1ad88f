"""Every one-use thing, raced by 64 callers over parallel connections on both engines: exactly one wins."""

import asyncio
from collections import Counter as Tally
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from admit_server.domain.client import Client
from admit_server.domain.grant import AlreadyUsed, CodeConsumed, Consumed, Grant, Replayed, Unknown
from admit_server.domain.session import Session
from admit_server.domain.signing_key import SigningKey
from admit_server.domain.throttle import Counter
from admit_server.domain.token_policy import SERVER_DEFAULT
from admit_server.domain.user import User
from admit_server.ports.grants import NewCode, NewRefreshToken, OpaqueToken
from admit_server.ports.users import Credential
from admit_server.storage.open import OpenStore, open_store
from admit_server.storage.statements import Aggregates, bind

pytestmark = pytest.mark.anyio
RACERS = 64
NOW = 1_790_000_000


@pytest.fixture
async def store(database_url: str, anyio_backend: str) -> AsyncIterator[OpenStore[Aggregates]]:
    opened = await open_store(database_url, bind, connections=RACERS)
    await opened.write(furnish)
    yield opened
    await opened.close()


async def furnish(tx: Aggregates) -> None:
    """One of everything."""
    user = User(id="usr_1", username="ada", email=None, roles=(), created_at=NOW, updated_at=NOW)
    await tx.users.add(user, username_key="ada")
    await tx.clients.add(
        Client(
            id="cli_1",
            name="app",
            kind="public",
            first_party=True,
            secret_digest=None,
            redirect_uris=(),
            post_logout_redirect_uris=(),
            grant_types=frozenset({"authorization_code", "refresh_token"}),
            scopes=frozenset(),
            audiences=(),
            pkce_required=True,
            policy=None,
            created_at=NOW,
        ),
        origins=frozenset(),
    )
    session = Session(
        id="ses_1",
        user_id="usr_1",
        auth_time=NOW,
        amr=("pwd",),
        acr="",
        network="",
        user_agent="",
        in_browser=True,
        created_at=NOW,
        last_seen_at=NOW,
        expires_at=NOW + 3600,
    )
    await tx.sessions.add(session, digest=b"s" * 32)
    await tx.grants.add(
        Grant(
            id="grt_1",
            client_id="cli_1",
            user_id="usr_1",
            session_id="ses_1",
            auth_time=NOW,
            acr="",
            amr=("pwd",),
            scopes=frozenset({"read"}),
            audience="https://api.example",
            format="jwt",
            policy=SERVER_DEFAULT.bounded(),
            created_at=NOW,
            expires_at=NOW + 86_400,
        )
    )
    await tx.codes.add(
        NewCode(
            digest=b"c" * 32,
            grant_id="grt_1",
            client_id="cli_1",
            redirect_uri="",
            code_challenge=None,
            nonce=None,
            created_at=NOW,
            expires_at=NOW + 60,
            keep_until=NOW + 3600,
        )
    )
    for digest, window_s in ((b"r" * 32, 30), (b"z" * 32, 0)):
        await tx.refresh_tokens.add(refresh_token(digest, window_s=window_s))
    await tx.access_tokens.add(
        OpaqueToken(
            digest=b"a" * 32,
            id="tok_1",
            grant_id="grt_1",
            client_id="cli_1",
            user_id="usr_1",
            session_id="ses_1",
            audience="https://api.example",
            scopes=frozenset(),
            issued_at=NOW,
            expires_at=NOW + 600,
        )
    )
    await tx.credentials.put(
        Credential(
            id="crd_1", user_id="usr_1", authenticator="password", data="old", version=1, created_at=NOW, updated_at=NOW
        )
    )
    await tx.keys.add(
        SigningKey(
            kid="k1", alg="ES256", public_jwk={"kty": "EC"}, sealed_private=b"x", published_at=NOW, signs_from=None
        )
    )


def refresh_token(digest: bytes, *, window_s: int, parent: bytes | None = None) -> NewRefreshToken:
    return NewRefreshToken(
        digest=digest,
        grant_id="grt_1",
        client_id="cli_1",
        parent_digest=parent,
        scopes=frozenset({"read"}),
        created_at=NOW,
        expires_at=NOW + 3600,
        keep_until=NOW + 86_400,
        reuse_window_s=window_s,
    )


async def race(store: OpenStore[Aggregates], unit: Callable[[Aggregates, int], Awaitable[object]]) -> list[object]:
    """What 64 callers got, each in a unit of its own."""

    def of(number: int) -> Callable[[Aggregates], Awaitable[object]]:
        return lambda tx: unit(tx, number)

    return list(await asyncio.gather(*(store.write(of(number)) for number in range(RACERS))))


async def test_a_code_is_spent_once(store):
    outcomes = await race(store, lambda tx, _: tx.codes.consume(b"c" * 32, client_id="cli_1", now=NOW))

    assert Tally(map(type, outcomes)) == {CodeConsumed: 1, AlreadyUsed: RACERS - 1}


async def test_a_code_cannot_be_burnt_by_another_client(store):
    outcomes = await race(store, lambda tx, _: tx.codes.consume(b"c" * 32, client_id="cli_2", now=NOW))

    assert Tally(map(type, outcomes)) == {Unknown: RACERS}
    mine = await store.write(lambda tx: tx.codes.consume(b"c" * 32, client_id="cli_1", now=NOW))
    assert isinstance(mine, CodeConsumed)


async def rotate(tx: Aggregates, number: int, digest: bytes) -> object:
    successor = number.to_bytes(32, "big")
    outcome = await tx.refresh_tokens.consume(
        digest, client_id="cli_1", successor_digest=successor, sealed_successor=f"sealed {number}".encode(), now=NOW
    )
    if isinstance(outcome, Consumed):
        await tx.refresh_tokens.add(refresh_token(successor, window_s=30, parent=digest))
        return number
    return outcome


async def test_a_refresh_token_is_spent_once_and_every_other_racer_gets_the_same_successor(store):
    outcomes = await race(store, lambda tx, number: rotate(tx, number, b"r" * 32))

    winners = [outcome for outcome in outcomes if isinstance(outcome, int)]
    assert len(winners) == 1
    replays = [outcome for outcome in outcomes if isinstance(outcome, Replayed)]
    assert len(replays) == RACERS - 1
    assert {replay.sealed_successor for replay in replays} == {f"sealed {winners[0]}".encode()}
    # One burst in one second is one race: it must not count towards the end of the family.
    assert {replay.replays for replay in replays} == {0}


async def test_a_burst_across_a_second_counts_once_however_its_commits_are_ordered(store):
    """Clocks are read before the row is locked, so two seconds may take turns in the order of commits."""
    await store.write(lambda tx: rotate(tx, 1, b"r" * 32))

    async def again(tx: Aggregates, at: int) -> Replayed:
        outcome = await tx.refresh_tokens.consume(
            b"r" * 32, client_id="cli_1", successor_digest=b"n" * 32, sealed_successor=b"n", now=at
        )
        assert isinstance(outcome, Replayed)
        return outcome

    replays = [(await store.write(lambda tx, at=NOW + n % 2: again(tx, at))).replays for n in range(20)]

    assert replays == [0] + [1] * 19
    assert (await store.write(lambda tx: again(tx, NOW + 2))).replays == 2


async def test_a_refresh_token_without_a_window_is_spent_once_and_all_others_are_reuse(store):
    outcomes = await race(store, lambda tx, number: rotate(tx, number, b"z" * 32))

    assert sum(isinstance(outcome, int) for outcome in outcomes) == 1
    assert Tally(type(o) for o in outcomes if not isinstance(o, int)) == {AlreadyUsed: RACERS - 1}
    assert not any(outcome.late_tab for outcome in outcomes if isinstance(outcome, AlreadyUsed))


@pytest.mark.parametrize("aggregate", ["sessions", "grants"])
async def test_a_session_or_grant_is_ended_by_one_caller_only(store, aggregate):
    ids = {"sessions": "ses_1", "grants": "grt_1"}
    outcomes = await race(store, lambda tx, _: getattr(tx, aggregate).end(ids[aggregate], reason="logout", now=NOW))

    assert Tally(outcomes) == {0: 1, None: RACERS - 1}


async def test_an_opaque_token_is_revoked_by_one_caller_only(store):
    assert Tally(await race(store, lambda tx, _: tx.access_tokens.revoke(b"a" * 32, now=NOW))) == {
        True: 1,
        False: RACERS - 1,
    }


async def test_a_user_is_disabled_by_one_caller_only(store):
    outcomes = await race(store, lambda tx, _: tx.users.set_disabled("usr_1", at=NOW, now=NOW))

    assert Tally(outcomes) == {True: 1, False: RACERS - 1}


async def test_a_credential_is_replaced_by_who_read_its_version_first(store):
    outcomes = await race(store, lambda tx, n: tx.credentials.replace("crd_1", data=f"new {n}", version=1, now=NOW))

    assert Tally(outcomes) == {True: 1, False: RACERS - 1}
    (kept,) = await store.read.credentials.of_user("usr_1", "password")
    assert kept.version == 2
    assert kept.data == f"new {outcomes.index(True)}"


async def test_a_credential_that_was_replaced_is_written_anew_by_nobody_who_read_it_before(store):
    assert all(await race(store, lambda tx, n: tx.credentials.rewrite("crd_1", data=f"text {n}", version=1, now=NOW)))
    await store.write(lambda tx: tx.credentials.replace("crd_1", data="new", version=1, now=NOW))
    assert not await store.write(lambda tx: tx.credentials.rewrite("crd_1", data="old", version=1, now=NOW))
    (kept,) = await store.read.credentials.of_user("usr_1", "password")
    assert (kept.version, kept.data) == (2, "new")


async def test_a_published_key_is_activated_and_retired_by_one_caller_only(store):
    assert Tally(await race(store, lambda tx, _: tx.keys.activate("k1", at=NOW))) == {True: 1, False: RACERS - 1}
    outcomes = await race(store, lambda tx, _: tx.keys.retire("k1", signs_until=NOW, removed_at=NOW + 1))
    assert Tally(outcomes) == {True: 1, False: RACERS - 1}


async def test_a_counter_loses_no_step(store):
    async def add_one(tx: Aggregates, _: int) -> bool:
        while True:
            was = await tx.throttles.get(b"k" * 32)
            becomes = Counter((was.failures if was else 0) + 1, NOW, 0)
            if await tx.throttles.compare_and_set(b"k" * 32, was=was, becomes=becomes, expires_at=NOW + 60):
                return True

    assert all(await race(store, add_one))
    counter = await store.read.throttles.get(b"k" * 32)
    assert counter is not None
    assert counter.failures == RACERS


async def test_positions_of_the_feed_have_no_gaps_however_many_publish_at_once(store):
    await race(store, lambda tx, n: tx.feed.publish(f"handle {n}", until=NOW + 600, nonce=f"n{n}", now=NOW))

    rows = await store.read.feed.since(0, limit=200)
    head = await store.read.feed.head()
    assert [row.seq for row in rows] == list(range(1, RACERS + 1))
    assert (head.seq, head.nonce) == (rows[-1].seq, rows[-1].nonce)


async def test_who_issues_and_who_ends_never_both_win_unseen(store):
    """A refresh that races a logout: either it finds the session dead, or the logout knows how long its JWT may live."""

    async def issue_or_end(tx: Aggregates, number: int) -> object:
        if number % 2:
            return await tx.sessions.hold("ses_1", jwt_alive_until=NOW + number, now=NOW)
        return await tx.sessions.end("ses_1", reason="logout", now=NOW)

    outcomes = await race(store, issue_or_end)

    issued = [NOW + number for number in range(1, RACERS, 2) if outcomes[number] is not None]
    (until,) = [outcome for number, outcome in enumerate(outcomes) if number % 2 == 0 and outcome is not None]
    assert until == max(issued, default=0)
