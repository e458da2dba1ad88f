"""The number by which a cache knows that nothing came."""

import time

import pytest

from admit.metadata import MetadataSource
from admit.revocations import InMemoryRevocations, handle
from admit.revocations.follower import Follower
from admit.revocations.knowledge import Knowledge
from admit.revocations.memory import Memory

FOREVER = 4_000_000_000


def test_whatever_may_end_a_token_changes_the_number():
    memory = Memory()
    seen = [memory.version]
    for entry in (
        {"handle": handle("sid", "a"), "until": FOREVER},
        {"handle": handle("grant", "a"), "until": FOREVER},
        {"before": 5, "until": FOREVER},
        {"before": 6, "until": FOREVER},
    ):
        memory.add(entry)
        seen.append(memory.version)

    assert len(set(seen)) == len(seen)


@pytest.mark.parametrize("entry", [{"handle": handle("sid", "a"), "until": FOREVER}, {"before": 5, "until": FOREVER}])
def test_what_was_known_before_changes_nothing(entry):
    memory = Memory()
    memory.add(entry)
    before = memory.version

    memory.add(entry)
    memory.sweep(1)

    assert memory.version == before


def test_what_was_dropped_and_comes_again_changes_the_number():
    memory = Memory()
    memory.add({"handle": handle("sid", "a"), "until": 10})
    before = memory.version
    memory.sweep(100)

    memory.add({"handle": handle("sid", "a"), "until": FOREVER})

    assert memory.version != before


def test_the_number_is_read_before_the_revocation_is_looked_up():
    """A reader between the two steps of a writer must see the old number, or it would keep a wrong answer under the new one."""
    seen = []

    class Watched(dict):
        def __setitem__(self, key, value):
            super().__setitem__(key, value)
            seen.append(memory.version)

    memory = Memory()
    memory._handles = Watched()
    before = memory.version

    memory.add({"handle": handle("sid", "a"), "until": FOREVER})

    assert seen == [before]
    assert memory.version != before


def test_a_snapshot_changes_the_number_when_it_is_swapped_in_and_not_before(clock):
    knowledge = Knowledge(elapsed=clock, clock=clock)
    seen = []
    for number in range(3):
        knowledge.begin_snapshot()
        knowledge.add({"handle": handle("sid", str(number)), "until": FOREVER}, None)
        seen.append(knowledge.version)
        knowledge.catch_up(f"{number}.n", clock.now)
        seen.append(knowledge.version)
        clock.now += 1

    assert seen[1] == seen[2]
    assert seen[3] == seen[4]
    assert len(set(seen)) == 4


def test_a_service_of_its_own_says_it_too():
    ended = InMemoryRevocations()
    before = ended.version()
    assert ended.version() == before

    ended.revoke("sid", "a", until=FOREVER)

    assert ended.version() != before


@pytest.fixture
def follower(server, clock):
    made = Follower(MetadataSource(server.url), elapsed=clock, accept_for=300)
    yield made
    made.close()


def warm(follower):
    while (outcome := follower.ready()) is not None:
        outcome.result(timeout=5)


def test_a_follower_says_no_number_before_it_was_asked_whether_it_is_ready(server, follower, eventually):
    assert follower.version() is None
    warm(follower)
    before = follower.version()
    assert before is not None

    server.feed.revoke("sid", "a")
    eventually(lambda: follower.version() != before)

    assert follower.revoked({"sid": "a"}) == "sid"


def test_a_follower_has_to_be_asked_again_when_its_thread_says_nothing_after_a_fork_and_when_it_was_closed(
    follower, clock
):
    warm(follower)
    follower._listening.stop()
    follower._thread.join(5)
    clock.now += 5
    assert follower.version() is None

    for end in (follower.forget_parent, follower.close):
        warm(follower)
        assert follower.version() is not None
        end()
        assert follower.version() is None


def test_knowledge_that_is_not_fresh_has_no_number(server, clock):
    follower = Follower(MetadataSource(server.url), elapsed=clock, accept_for=0.5)
    warm(follower)
    assert follower.version() is not None

    clock.now += 0.6

    assert follower.version() is None
    follower.close()


def test_a_million_questions_take_less_than_seconds(server, follower):
    """A guard against a slow way in, not a measurement."""
    warm(follower)
    began = time.perf_counter()

    for _ in range(100_000):
        follower.version()

    assert time.perf_counter() - began < 1
