"""A feed that misbehaves: what is known stays, tokens go on for `accept_for`, and its return needs nobody's help."""

import gzip
import json
import os
import time

import pytest

from admit.metadata import MetadataSource
from admit.revocations import handle
from admit.revocations.follower import Follower

FEED = "/revocations"


@pytest.fixture
def follower(server):
    made = Follower(MetadataSource(server.url), dead_after_s=0.3, poll_s=0.05)
    yield made
    made.close()


def warm(follower):
    while (outcome := follower.ready()) is not None:
        outcome.result(timeout=5)


def nothing(h):
    h.close_connection = True


def garbage(h):
    h.wfile.write(os.urandom(500))
    h.close_connection = True


def a_page(h):
    h.answer(200, b"<html>Please sign in</html>", "text/html")


def gone(h):
    h.answer(404, b"{}")


def elsewhere(h):
    h.answer(302, b"", Location="http://127.0.0.1:9/revocations")


def compressed(h):
    h.answer(200, gzip.compress(b" " * 5_000_000), wanted(h), Content_Encoding="gzip")


def deep(h):
    h.answer(200, b"[" * 100_000, wanted(h))


def a_snapshot_that_never_ends(h):
    h.begin_stream()
    entry = {"handle": handle("sid", "other"), "until": time.time() + 60}
    event = f"event: revoked\ndata: {json.dumps(entry)}\n\n".encode()
    try:
        h.chunk(b"event: reset\ndata: {}\n\n")
        for _ in range(50):
            h.chunk(event)
    except OSError:
        pass
    h.close_connection = True


def a_position_that_breaks_headers(h):
    h.answer_json({"reset": True, "position": "1\r\nX: y", "as_of": time.time(), "revoked": []})


def nothing_revoked_at_no_time(h):
    h.answer_json({"reset": True, "position": "1.x", "revoked": []})


def wanted(h):
    return "text/event-stream" if "event-stream" in h.headers["Accept"] else "application/json"


LIES = [
    nothing,
    garbage,
    a_page,
    gone,
    elsewhere,
    compressed,
    deep,
    a_snapshot_that_never_ends,
    a_position_that_breaks_headers,
    nothing_revoked_at_no_time,
]


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.__name__)
def test_what_is_known_stays_and_the_feeds_return_needs_nobodys_help(server, follower, eventually, lie):
    warm(follower)
    server.feed.revoke("sid", "a")
    eventually(lambda: follower.revoked({"sid": "a"}))
    good = server.routes[FEED]
    asked = server.requests[FEED]

    server.routes[FEED] = lie
    server.feed.drop_streams()
    eventually(lambda: server.requests[FEED] > asked + 2)
    eventually(lambda: follower.status().error is not None)
    assert follower.revoked({"sid": "a"}) == "sid"
    assert follower.revoked({"sid": "other"}) is None
    warm(follower)

    server.feed.revoke("sid", "b")
    server.routes[FEED] = good
    eventually(lambda: follower.revoked({"sid": "b"}) == "sid")
    eventually(lambda: follower.status().error is None)
    assert follower.revoked({"sid": "a"}) == "sid"
