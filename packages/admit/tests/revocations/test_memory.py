import base64
import hashlib
import os
import sys

import pytest

from admit.jose import base64url
from admit.revocations import InMemoryRevocations, handle
from admit.revocations import memory as memory_module
from admit.revocations.memory import FeedError, Memory, position


def test_a_handle_is_the_first_16_bytes_of_a_hash_of_kind_and_value():
    """docs/reference/revocation-feed.md, "Handles"."""
    digest = hashlib.sha256(b"sid" + b"\x00" + "ses_é".encode()).digest()[:16]

    assert handle("sid", "ses_é") == base64.urlsafe_b64encode(digest).decode().rstrip("=")
    assert len(handle("jti", "x")) == 22


def test_each_of_the_three_claims_ends_a_token():
    memory = Memory()
    memory.add({"handle": handle("grant", "g1"), "until": 100})

    assert memory.revoked({"grant": "g1"}) == "grant"
    assert memory.revoked({"sid": "g1", "jti": "g1", "grant": "g2"}) is None


def test_a_token_that_was_made_from_others_ends_with_each_of_them():
    memory = Memory()
    memory.add({"handle": handle("grant", "g1"), "until": 100})
    memory.add({"handle": handle("jti", "t2"), "until": 100})
    claims = {"grant": "g9", "jti": "t9"}

    assert (
        memory.revoked(claims | {"parents": [{"grant": "g1", "jti": "t1"}, {"grant": "g3", "jti": "t3"}]}) == "parents"
    )
    assert (
        memory.revoked(claims | {"parents": [{"grant": "g3", "jti": "t3"}, {"grant": "g4", "jti": "t2"}]}) == "parents"
    )
    assert memory.revoked(claims | {"parents": [{"grant": "t2", "jti": "g1"}]}) is None


def test_the_emergency_ends_what_was_issued_up_to_that_second():
    memory = Memory()
    memory.add({"before": 50, "until": 100})

    assert memory.revoked({"iat": 50}) == "iat"
    assert memory.revoked({"iat": 50.5}) is None
    assert memory.revoked({}) == "iat"


def test_what_is_over_is_dropped():
    memory = Memory()
    memory.add({"handle": handle("sid", "a"), "until": 100})
    memory.add({"handle": handle("sid", "b"), "until": 200})
    memory.add({"before": 1, "until": 100})

    memory.sweep(101)

    assert len(memory) == 1
    assert memory.revoked({"sid": "a", "iat": 0}) is None


def test_sweeping_waits_between_two_sweeps():
    memory = Memory()
    memory.sweep(0)
    memory.add({"handle": handle("sid", "a"), "until": 1})

    memory.sweep(29)
    assert len(memory) == 1
    memory.sweep(30)
    assert len(memory) == 0


def test_memory_follows_what_can_still_be_alive_and_not_what_ever_was():
    """A day of many sign-outs, each of a token of some minutes."""
    memory, most, now = Memory(), 0, 0.0
    for _ in range(40):
        now += 60
        for _ in range(2_000):
            memory.add({"handle": base64url.encode(os.urandom(16)), "until": now + 120})
        memory.sweep(now)
        most = max(most, len(memory))
    assert most <= 3 * 2_000
    assert sys.getsizeof(memory._handles) < 1_000_000

    memory.sweep(now + 200)

    assert len(memory) == 0
    assert sys.getsizeof(memory._handles) < 1_000


def test_a_service_of_its_own_forgets_what_is_over_once_it_is_much(clock):
    ended = InMemoryRevocations(clock=clock)
    for number in range(10_000):
        ended.revoke("jti", str(number), until=clock.now + 60)
    clock.now += 100

    ended.revoke("jti", "last", until=clock.now + 60)

    assert len(ended._memory) == 1
    assert ended.revoked({"jti": "last"}) == "jti"


def test_the_longer_time_wins_when_a_handle_comes_twice():
    memory = Memory()
    for until in (200, 100):
        memory.add({"handle": handle("sid", "a"), "until": until})

    memory.sweep(150)

    assert memory.revoked({"sid": "a"}) == "sid"


def test_an_emergency_that_comes_again_and_again_takes_no_more_room():
    memory = Memory()
    for _ in range(100):
        memory.add({"before": 5, "until": 10})

    assert len(memory._before) == 1


def test_an_emergency_that_covers_another_takes_its_place():
    memory = Memory()
    for second in range(10_000):
        memory.add({"before": second, "until": second + 600})
    assert len(memory._before) == 1

    memory.add({"before": 5, "until": 20_000})  # lasts longer, but ends less
    memory.add({"before": 3, "until": 15_000})  # covered by that one
    assert memory._before == ((9_999, 10_599), (5, 20_000))

    memory.sweep(11_000)
    assert memory.revoked({"iat": 5}) == "iat"
    assert memory.revoked({"iat": 6}) is None


def test_more_emergencies_than_any_server_has_are_an_error():
    memory = Memory()
    for number in range(100):
        memory.add({"before": number, "until": 10_000 - number})

    with pytest.raises(FeedError, match="emergencies"):
        memory.add({"before": 100, "until": 9_900})
    assert memory.revoked({"iat": 50}) == "iat"


def test_memory_is_bounded_and_never_forgets_instead(monkeypatch):
    monkeypatch.setattr(memory_module, "MAX_HANDLES", 2)
    memory = Memory()
    for value in "ab":
        memory.add({"handle": handle("sid", value), "until": 100})

    with pytest.raises(FeedError, match="more than 2"):
        memory.add({"handle": handle("sid", "c"), "until": 100})
    assert memory.revoked({"sid": "a"}) == "sid"


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"handle": handle("sid", "a")},
        {"handle": handle("sid", "a"), "until": "later"},
        {"handle": handle("sid", "a"), "until": True},
        {"handle": 5, "until": 1},
        {"handle": "", "until": 1},
        {"handle": "AAAA", "until": 1},
        {"handle": "=" * 22, "until": 1},
        {"before": "now", "until": 1},
        {"until": 1},
    ],
    ids=str,
)
def test_a_revocation_that_cannot_be_read_is_an_error_and_not_skipped(entry):
    with pytest.raises(FeedError):
        Memory().add(entry)


@pytest.mark.parametrize("value", [None, "", 5, "a b", "a\r\nX: y", "é", "x" * 201])
def test_a_position_that_could_break_a_header_is_refused(value):
    with pytest.raises(FeedError):
        position(value)
