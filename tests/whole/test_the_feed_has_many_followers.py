"""A thousand followers of one server process, and ten thousand live revocations: what it costs, and that nobody is left behind."""

import asyncio
import contextlib
import resource as resource_limits
import secrets
import time

import pytest
from tests.whole.feeds import Listener
from tests.whole.programs import eventually, percentiles, share
from tests.whole.servers import BY_TESTS
from tests.whole.thousand import Crowd, memory_kib, processor_s
from tests.whole.wire import Http

from admit_server.flows.admin import clients, resources

FOLLOWERS = 1000
ROUNDS = 3


async def publish(rt, count):
    """So many revocations in one unit, and the word to other processes."""
    handles, now = [secrets.token_urlsafe(16) for _ in range(count)], rt.clock()

    async def unit(tx):
        for text in handles:
            await tx.feed.publish(text, until=now + 600, nonce="n", now=now)

    await rt.store.write(unit)
    rt.on_revocation()


@pytest.mark.timeout(90)
def test_a_thousand_followers_hear_everything_within_moments_and_the_next_one_polls(serve, app_of, figure):
    with few_open_files():  # as many systems allow at first; the server takes what it may have
        server = serve(settings={"ADMIT_FEED__STREAMS_PER_NETWORK": str(FOLLOWERS)})
    app = app_of(server)
    pid = server_pid(server)
    before = memory_kib(pid)

    async def follow():
        crowd = Crowd(server.url, FOLLOWERS)
        came = await crowd.come()
        assert {follower.status for follower in crowd.followers} == {200}
        streams = memory_kib(pid) - before
        with Http(server.url) as http:
            refused = http.get("/revocations", Accept="text/event-stream")
            assert (refused.status, refused.json["code"]) == (429, "too_many_streams")
            assert http.get("/revocations").status == 200
        firsts, lasts, busy = [], [], []
        for number in range(1, ROUNDS + 1):
            ticket = app.sign_in()
            worked, began = processor_s(pid), time.monotonic()
            await asyncio.to_thread(app.revoke, ticket.access)
            told = await crowd.heard(b"revoked", number)
            firsts.append(min(told) - began)
            lasts.append(max(told) - began)
            busy.append(processor_s(pid) - worked)
        # A thousand revocations in one commit reach everybody too, each once and in whole.
        await asyncio.to_thread(server.administer, lambda rt: publish(rt, 1000))
        await crowd.heard(b"revoked", ROUNDS + 1000)
        beats = min(follower.heard[b"heartbeat"] for follower in crowd.followers)
        await crowd.heard(b"heartbeat", beats + 1, within_s=15)
        assert {follower.heard[b"revoked"] for follower in crowd.followers} == {ROUNDS + 1000}
        assert {follower.position.partition(b".")[0] for follower in crowd.followers} == {b"%d" % (ROUNDS + 1000)}
        assert not any(follower.ended for follower in crowd.followers)
        crowd.go()
        return came, streams, firsts, lasts, busy

    came, streams, firsts, lasts, busy = asyncio.run(follow())
    figure(
        f"{FOLLOWERS} followers came in {came:.1f} s, {streams / FOLLOWERS:.0f} KiB each; revoke to the first: {percentiles(firsts)}; "
        f"to the last: {percentiles(lasts)}; processor {1000 * share(busy, 0.5):.0f} ms a revocation"
    )
    assert streams / FOLLOWERS < 100
    assert share(lasts, 0.5) < 2
    # Those who went made room.
    eventually(lambda: opens_a_stream(server))


def opens_a_stream(server):
    with Listener(server.url) as listener:
        return listener.status == 200


@pytest.mark.timeout(90)
def test_a_thousand_who_are_told_to_begin_anew_share_one_snapshot(serve, figure):
    """As after a restore. A list and a text for each of them would be gigabytes."""
    server = serve()
    server.administer(lambda rt: publish(rt, 10_000))
    pid = server_pid(server)
    with Http(server.url) as http:
        size = len(http.get("/revocations").body)
    before = memory_kib(pid)

    async def follow():
        crowd = Crowd(server.url, FOLLOWERS // 5)
        took = await crowd.come()
        assert {follower.heard[b"revoked"] for follower in crowd.followers} == {10_000}
        grown = memory_kib(pid) - before
        crowd.go()
        return took, grown

    took, grown = asyncio.run(follow())
    figure(
        f"10,000 live revocations: {size / 1000:.0f} kB as JSON; to {FOLLOWERS // 5} new followers in {took:.1f} s, {grown} KiB more"
    )
    assert grown < 60_000


def test_what_is_held_in_memory_follows_the_live_revocations_and_not_the_tokens(serve, figure):
    """Tokens of a client's own (JWTs) leave no row; ten times as many change neither the feed nor who reads it."""
    server = serve()
    audience = "https://many.example"

    async def add(rt):
        await resources.add(resources.NewResource(audience=audience, scopes={"read": "Read"}), rt=rt, caller=BY_TESTS)
        robot = clients.NewClient(
            name="robot",
            grant_types=frozenset({"client_credentials"}),
            audiences=(audience,),
            scopes=frozenset({"read"}),
        )
        return await clients.add(robot, rt=rt, caller=BY_TESTS)

    robot = server.administer(add)
    form = {"grant_type": "client_credentials", "client_id": robot.client.id, "client_secret": robot.secret}
    form |= {"resource": audience}
    rows, sizes = [], []
    for tokens in (200, 2000):
        with Http(server.url) as http:
            issued = [http.post("/token", form).json["access_token"] for _ in range(tokens)]
            for token in issued[:10]:
                http.post("/revoke", {"token": token} | {k: form[k] for k in ("client_id", "client_secret")})
            sizes.append(len(http.get("/revocations").json["revoked"]))
        rows.append(server.administer(count_rows))
    assert sizes == [10, 20]
    assert rows[0]["access_token"] == rows[1]["access_token"] == 0
    assert rows[0]["access_grant"] == rows[1]["access_grant"] == 1


async def count_rows(rt):
    async def look(tx):
        return {
            table: (await tx.feed._tx.one(f"SELECT COUNT(*) FROM {table}"))[0]
            for table in ("access_token", "access_grant")
        }

    return await rt.store.view(look)


@contextlib.contextmanager
def few_open_files():
    """What is started inside may open 256 files until it asks for more; we may open all that the system allows."""
    _, most = resource_limits.getrlimit(resource_limits.RLIMIT_NOFILE)
    resource_limits.setrlimit(resource_limits.RLIMIT_NOFILE, (256, most))
    yield
    resource_limits.setrlimit(resource_limits.RLIMIT_NOFILE, (most, most))


def server_pid(server):
    return server.program.process.pid
