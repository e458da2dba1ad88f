"""What an operator can read."""

import time

import pytest

from admit import FixedKeys, Verifier, VerifierUnavailable
from admit.status import FeedStatus, KeysStatus, VerifierStatus, prometheus


@pytest.fixture
def verifier(server, audience):
    with Verifier(issuer=server.url, audience=audience) as verifier:
        yield verifier


def test_before_the_first_token_nothing_is_known_and_asking_starts_nothing(server, verifier):
    status = verifier.status()

    assert (status.keys.age_s, status.keys.keys) == (None, 0)
    assert (status.feed.age_s, status.feed.current, status.feed.position) == (None, False, None)
    assert server.requests == {}


def test_a_verifier_at_work_says_how_fresh_it_is_and_what_it_holds(server, verifier, eventually):
    verifier.verify(server.token())
    server.feed.revoke("sid", "a")
    server.feed.revoke("sid", "b")
    eventually(lambda: verifier.status().feed.handles == 2)

    status = verifier.status()

    assert 0 <= status.keys.age_s < 5
    assert (status.keys.keys, status.keys.ignored, status.keys.error) == (1, 0, None)
    assert 0 <= status.feed.age_s < 5
    assert status.feed == FeedStatus(
        age_s=status.feed.age_s,
        accept_for_s=300,
        current=True,
        streaming=True,
        handles=2,
        position="2.n0nce",
        error=None,
    )


def test_in_trouble_it_says_what_is_wrong_and_how_old_the_knowledge_is(server, audience, eventually):
    server.feed.streaming = server.feed.polling = False
    server.routes["/jwks"] = lambda h: h.answer(500, b"")
    with Verifier(issuer=server.url, audience=audience, wait_s=2) as verifier:
        with pytest.raises(VerifierUnavailable):
            verifier.verify(server.token())
        eventually(lambda: verifier.status().feed.error is not None)

        status = verifier.status()

    assert "answers 500" in status.keys.error
    assert "503" in status.feed.error
    assert status.feed.age_s is None


def test_after_the_feed_is_lost_its_age_grows(server, verifier, eventually):
    verifier.verify(server.token())
    server.feed.streaming = server.feed.polling = False
    server.feed.drop_streams()
    eventually(lambda: verifier.status().feed.error is not None)
    before = verifier.status().feed.age_s

    time.sleep(0.05)

    status = verifier.status()
    assert status.feed.age_s >= before + 0.05
    assert not status.feed.streaming


def test_with_fixed_keys_and_no_feed_there_is_nothing_to_grow_old(server, audience):
    verifier = Verifier(issuer="https://shop.example", audience=audience, keys=FixedKeys(b"k" * 32))

    status = verifier.status()

    assert (status.keys, status.feed, status.lost_reports) == (None, None, 0)


KEYS = KeysStatus(age_s=12.5, keys=2, ignored=1, error=None)
FEED = FeedStatus(
    age_s=None,
    accept_for_s=300,
    current=False,
    streaming=False,
    handles=1_000_000,
    position=None,
    error="nobody there",
)


def test_the_text_for_prometheus_names_each_gauge_once_with_a_sample_for_each_verifier():
    """Exposition format 0.0.4: one HELP and TYPE line for each name, before its samples; the last line ends with a line feed."""
    one = VerifierStatus(issuer="https://a.example", audience="x", keys=KEYS, feed=FEED, lost_reports=3)
    other = VerifierStatus(issuer='https://b.example/"\\\n', audience="y", keys=None, feed=None, lost_reports=0)

    lines = prometheus([one, other]).split("\n")

    assert lines.pop() == ""
    assert 'admit_verifier_feed_age_seconds{issuer="https://a.example",audience="x"} NaN' in lines
    assert 'admit_verifier_feed_failing{issuer="https://a.example",audience="x"} 1' in lines
    assert 'admit_verifier_revocations{issuer="https://a.example",audience="x"} 1000000' in lines
    assert 'admit_verifier_keys_age_seconds{issuer="https://a.example",audience="x"} 12.5' in lines
    assert 'admit_verifier_lost_reports{issuer="https://b.example/\\"\\\\\\n",audience="y"} 0' in lines
    kinds = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(kinds) == len(set(kinds)) == 9
    for line in lines:
        if line.startswith("# TYPE"):
            name = line.split()[2]
            assert lines[lines.index(line) + 1].startswith(f"{name}{{")
            assert lines[lines.index(line) - 1].startswith(f"# HELP {name} ")
    assert other.prometheus().count("# TYPE") == 1
