"""The follower, against a real feed."""

import asyncio
import threading
import time

import pytest

from admit import TokenRevoked, Verifier, VerifierMisconfigured, VerifierUnavailable
from admit.metadata import MetadataSource
from admit.revocations import handle
from admit.revocations.follower import Follower


@pytest.fixture
def follow(server):
    """Make followers that are quick to notice, and stop them in the end."""
    made = []

    def make(**options):
        quick = {"dead_after_s": 0.6, "poll_s": 0.05}
        made.append(Follower(MetadataSource(server.url), **(quick | options)))
        return made[-1]

    yield make
    for one in made:
        one.close()


def warm(follower):
    """Wait as a verifier does."""
    deadline = time.monotonic() + 5
    while (outcome := follower.ready()) is not None:
        assert time.monotonic() < deadline
        outcome.result(timeout=5)
    return follower


def knows(follower, session):
    return lambda: follower.revoked({"sid": session}) == "sid"


@pytest.fixture
def verifier(server, audience):
    with Verifier(issuer=server.url, audience=audience) as verifier:
        yield verifier


def test_nothing_starts_before_the_first_token(server, audience):
    before = threading.active_count()

    Verifier(issuer=server.url, audience=audience)

    assert server.requests == {}
    assert threading.active_count() == before


def test_one_line_follows_keys_and_revocations(server, verifier, eventually):
    token = server.token(sid="ses_1")
    assert verifier.verify(token).session_id == "ses_1"

    server.feed.revoke("sid", "ses_1")

    def refused():
        try:
            verifier.verify(token)
        except TokenRevoked:
            return True
        return False

    assert eventually(refused) < 0.5


def test_verification_waits_for_the_first_whole_snapshot(server, verifier):
    """Otherwise a process that just started would let revoked tokens in."""
    server.feed.revoke("sid", "ses_1")

    with pytest.raises(TokenRevoked):
        verifier.verify(server.token(sid="ses_1"))


def test_an_event_is_acted_upon_within_milliseconds(server, follow, eventually):
    follower = warm(follow())
    took = []
    for number in range(20):
        server.feed.revoke("sid", f"ses_{number}")
        took.append(eventually(knows(follower, f"ses_{number}")))

    assert sorted(took)[10] < 0.05


def test_a_dropped_stream_is_resumed_where_it_ended(server, follow, eventually):
    follower = warm(follow())
    server.feed.revoke("sid", "a")
    eventually(knows(follower, "a"))

    server.feed.drop_streams()
    eventually(lambda: not server.feed.streams)
    server.feed.revoke("sid", "b")
    eventually(knows(follower, "b"))

    assert server.feed.asked == [None, "1.n0nce"]
    assert follower.revoked({"sid": "a"}) == "sid"


def test_a_restored_database_sends_everything_anew(server, follow, eventually):
    """Its positions have other nonces, so resuming is refused instead of missing anything."""
    follower = warm(follow())
    server.feed.revoke("sid", "a")
    server.feed.revoke("sid", "b")
    eventually(knows(follower, "b"))

    server.feed.entries = server.feed.entries[:1]  # restored from before b was revoked
    server.feed.restore()
    server.feed.drop_streams()
    eventually(lambda: not knows(follower, "b")())

    assert follower.revoked({"sid": "a"}) == "sid"
    assert follower.knowledge.position == "1.other"


def test_a_reset_replaces_the_set_only_at_caught_up(server, follow, eventually):
    """Half a snapshot must never be the whole truth."""
    follower = warm(follow())
    server.feed.revoke("sid", "a")
    eventually(knows(follower, "a"))
    feed = server.feed

    feed.send(feed.event("reset", {}))
    feed.send(feed.event("revoked", {"handle": handle("sid", "b"), "until": time.time() + 60}))
    time.sleep(0.05)
    assert follower.revoked({"sid": "a"}) == "sid"
    assert follower.revoked({"sid": "b"}) is None

    feed.send(feed.event("caught-up", {"as_of": time.time()}, "7.new"))
    eventually(knows(follower, "b"))
    assert follower.revoked({"sid": "a"}) is None
    assert follower.knowledge.position == "7.new"


def test_half_a_snapshot_is_thrown_away_when_its_connection_ends(server, follow, eventually):
    """Taken for whole by the next connection, it would revive what it had not come to yet."""
    follower = warm(follow())
    server.feed.revoke("sid", "a")
    eventually(knows(follower, "a"))
    server.feed.send(server.feed.event("reset", {}))
    server.feed.drop_streams()

    server.feed.revoke("sid", "b")
    eventually(knows(follower, "b"))

    assert follower.revoked({"sid": "a"}) == "sid"
    assert server.feed.asked[1] == "1.n0nce"


def test_a_head_elsewhere_means_something_was_missed(server, follow, eventually):
    """The follower asks for everything, and uses what it knows meanwhile."""
    follower = warm(follow())
    server.feed.entries.append(("1.n0nce", {"handle": handle("sid", "missed"), "until": time.time() + 60}))

    server.feed.heartbeat()

    eventually(knows(follower, "missed"), within_s=6)
    assert server.feed.asked[1:] in ([None], [])  # by stream or by poll, but from the beginning


def test_a_heartbeat_that_agrees_keeps_the_knowledge_fresh(server, follow, eventually):
    follower = warm(follow(dead_after_s=5))
    time.sleep(0.1)
    assert follower.knowledge.age_s() > 0.05

    server.feed.heartbeat()

    eventually(lambda: follower.knowledge.age_s() < 0.05)
    assert len(server.feed.asked) == 1


def test_heartbeats_keep_a_quiet_stream_alive(server, follow):
    follower = warm(follow(dead_after_s=0.4))

    for _ in range(12):
        time.sleep(0.1)
        server.feed.heartbeat()

    assert server.feed.asked == [None]
    assert follower.knowledge.age_s() < 0.4


def test_comments_do_not_keep_a_dead_stream_alive(server, follow, eventually):
    """No event for 15 s (here less) means dead, however open the connection looks."""
    warm(follow(dead_after_s=0.3))

    enough = threading.Event()

    def chatter():
        while not enough.wait(0.02):
            server.feed.send(b": still here\n\n")

    thread = threading.Thread(target=chatter)
    thread.start()
    try:
        eventually(lambda: server.requests["/revocations"] > 1)
    finally:
        enough.set()
        thread.join()


def test_without_a_stream_the_feed_is_polled(server, follow, eventually):
    server.feed.streaming = False
    follower = warm(follow())

    server.feed.revoke("sid", "a")

    assert eventually(knows(follower, "a")) < 1


def test_after_polling_the_stream_is_tried_again(server, follow, eventually):
    server.feed.streaming = False
    follower = warm(follow())
    server.feed.streaming = True

    eventually(lambda: server.feed.streams != [], within_s=6)
    server.feed.revoke("sid", "a")

    eventually(knows(follower, "a"))


def test_a_lost_feed_is_survived_for_accept_for_and_then_503(server, follow, clock, eventually):
    follower = warm(follow(elapsed=clock, accept_for=300))
    server.feed.streaming = server.feed.polling = False
    server.feed.drop_streams()
    eventually(lambda: follower._failure is not None)

    clock.now += 300
    warm(follower)

    clock.now += 1
    with pytest.raises(VerifierUnavailable):
        warm(follower)


def test_tokens_are_good_again_when_the_feed_comes_back(server, audience, eventually):
    with Verifier(issuer=server.url, audience=audience, accept_for=0.3) as verifier:
        verifier.verify(server.token())
        server.feed.streaming = server.feed.polling = False
        server.feed.drop_streams()
        token = server.token()

        def state():
            try:
                verifier.verify(token)
            except VerifierUnavailable as error:
                return error.status
            return 200

        eventually(lambda: state() == 503)
        server.feed.streaming = server.feed.polling = True
        eventually(lambda: state() == 200, within_s=10)


def test_a_feed_that_was_never_there_is_503_at_once_and_for_everybody(server, verifier):
    server.feed.streaming = server.feed.polling = False
    token = server.token()

    began = time.monotonic()
    for _ in range(20):
        with pytest.raises(VerifierUnavailable):
            verifier.verify(token)

    assert time.monotonic() - began < 2
    assert server.requests["/revocations"] < 10


def test_a_bad_token_is_401_even_while_the_feed_is_away(server, verifier):
    from admit import TokenExpired

    server.feed.streaming = server.feed.polling = False
    verifier_clock_behind = server.token()
    with pytest.raises(VerifierUnavailable):
        verifier.verify(verifier_clock_behind)

    from admit import Issuer

    old = Issuer(issuer=server.url, key=server.keys[0], clock=lambda: time.time() - 5000)
    with pytest.raises(TokenExpired):
        verifier.verify(old.issue(subject="alice", audience=verifier.expect.audience))


def test_an_answer_that_a_cache_repeats_brings_nothing_fresh(server, follow, eventually):
    server.feed.streaming = False
    follower = warm(follow())
    frozen = {"reset": False, "position": server.feed.head, "as_of": 1.0, "revoked": []}
    server.feed.polling = False
    server.routes["/revocations"] = lambda h: h.answer_json(frozen | {"as_of": follower.knowledge._as_of})
    heard = follower.knowledge.heard_at

    time.sleep(0.3)

    assert follower.knowledge.heard_at - heard < 0.15


def test_an_issuer_without_a_feed_must_be_accepted_in_writing(server, audience):
    del server.routes["/revocations"]
    token = server.token()

    with (
        Verifier(issuer=server.url, audience=audience) as verifier,
        pytest.raises(VerifierMisconfigured, match=r"revocations=None"),
    ):
        verifier.verify(token)
    assert Verifier(issuer=server.url, audience=audience, revocations=None).verify(token)


def test_a_page_of_html_is_no_feed(server, verifier):
    server.routes["/revocations"] = lambda h: h.answer(200, b"<html>", "text/html")

    with pytest.raises(VerifierMisconfigured):
        verifier.verify(server.token())


def test_the_address_of_the_feed_is_taken_from_metadata(server, verifier):
    server.routes["/elsewhere"] = server.routes.pop("/revocations")
    server.metadata["revocation_feed_endpoint"] = f"{server.url}/elsewhere"

    assert verifier.verify(server.token())


def test_a_feed_on_another_host_is_refused(server, another_server, verifier):
    server.metadata["revocation_feed_endpoint"] = another_server.url.replace("127.0.0.1", "localhost") + "/revocations"

    with pytest.raises(VerifierUnavailable):
        verifier.verify(server.token())
    assert another_server.requests == {}


def test_a_refused_stream_falls_back_to_polling_and_respects_retry_after(server, follow, eventually):
    def busy(h):
        if "text/event-stream" in h.headers["Accept"]:
            h.answer(429, b"", Retry_After="60")
        else:
            server.feed.serve(h)

    server.routes["/revocations"] = busy
    follower = warm(follow())
    server.feed.revoke("sid", "a")

    eventually(knows(follower, "a"))
    assert follower._listening._not_before > follower._elapsed() + 50


@pytest.mark.parametrize(
    "garbage",
    [
        b"event: revoked\ndata: nonsense\n\n",
        b"event: revoked\ndata: {}\n\n",
        b"event: heartbeat\ndata: {}\n\n",
        b"event: caught-up\ndata: {}\n\n",
        b"data: \xff\n\n",
        b"x" * 70_000,
    ],
)
def test_a_feed_that_is_not_understood_is_asked_for_everything(server, follow, eventually, garbage):
    """A revocation that cannot be read must not be skipped."""
    follower = warm(follow())

    server.feed.send(garbage)

    eventually(lambda: server.requests["/revocations"] > 1)
    assert follower.ready() is None


def test_events_of_later_versions_are_skipped(server, follow, eventually):
    follower = warm(follow())
    server.feed.send(b"event: something-new\ndata: whatever\n\n")
    server.feed.revoke("sid", "a")

    eventually(knows(follower, "a"))
    assert len(server.feed.asked) == 1


def test_closing_stops_the_thread_at_once_and_a_later_call_starts_again(server, follow, eventually):
    follower = warm(follow(dead_after_s=15))
    thread = follower._thread

    began = time.monotonic()
    follower.close()

    assert not thread.is_alive()
    assert time.monotonic() - began < 0.5
    server.feed.revoke("sid", "a")
    warm(follower)
    eventually(knows(follower, "a"))


def test_a_process_that_slept_asks_before_it_trusts_what_it_knew(server, follow, clock, eventually):
    """As after a suspended laptop: the old connection looks open, and the knowledge is hours old."""
    follower = warm(follow(elapsed=clock, dead_after_s=15))
    clock.now += 10_000
    server.feed.entries.append(("1.n0nce", {"handle": handle("sid", "meanwhile"), "until": time.time() + 60}))

    warm(follower)

    assert follower.revoked({"sid": "meanwhile"}) == "sid"


def test_event_loops_come_and_go_and_each_sees_what_was_revoked(server, verifier, caplog):
    """As in a test suite with an event loop per test, and in programs that call asyncio.run again and again."""

    async def scenario(number):
        token = server.token(sid=f"ses_{number}")
        assert (await verifier.verify_async(token)).session_id == f"ses_{number}"
        server.feed.revoke("sid", f"ses_{number}")
        began = time.monotonic()
        while time.monotonic() - began < 5:
            try:
                await verifier.verify_async(token)
            except TokenRevoked:
                return True
            await asyncio.sleep(0.002)
        return False

    assert [asyncio.run(scenario(number)) for number in range(4)] == [True] * 4
    assert len(server.feed.asked) == 1
    assert caplog.records == []


def test_a_loop_that_closes_before_the_first_snapshot_harms_nobody(server, verifier, caplog):
    gate = threading.Event()
    server.feed.on_connect = lambda: gate.wait(5)
    token = server.token()

    async def give_up():
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(verifier.verify_async(token), 0.05)

    for _ in range(3):
        asyncio.run(give_up())
    gate.set()

    assert asyncio.run(verifier.verify_async(token)).subject == "alice"
    assert caplog.records == []


def test_threads_that_are_many_see_a_revocation_at_once(server, verifier):
    token = server.token(sid="ses_1")
    verifier.verify(token)
    refused, stop = [], threading.Event()

    def ask():
        while not stop.is_set():
            try:
                verifier.verify(token)
            except TokenRevoked:
                refused.append(time.monotonic())
                return

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    began = time.monotonic()
    server.feed.revoke("sid", "ses_1")
    for thread in threads:
        thread.join(10)
    stop.set()

    assert len(refused) == 8
    assert max(refused) - began < 1


def test_a_crowd_that_comes_after_a_long_sleep_does_not_tear_down_each_new_stream(server, follow, clock, eventually):
    """Each of them finds the knowledge old; only the stream of before the sleep is to blame."""
    follower = warm(follow(elapsed=clock, dead_after_s=15))
    clock.now += 10_000
    asked = server.requests["/revocations"]
    server.feed.on_open = lambda: time.sleep(0.05)
    done = threading.Event()

    def crowd():
        while not done.is_set():
            follower.ready()
            time.sleep(0.0005)

    threads = [threading.Thread(target=crowd) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        eventually(lambda: follower.ready() is None)
    finally:
        done.set()
        for thread in threads:
            thread.join()

    assert server.requests["/revocations"] - asked <= 2
    assert follower.status().streaming


def test_who_waits_cannot_cancel_what_others_wait_for(server, follow):
    follower = follow()
    outcome = follower.ready()

    assert not outcome.cancel()
    assert outcome.result(timeout=5) is None
