from concurrent.futures import ThreadPoolExecutor

import pytest

from admit.dpop import Replays, TooManyProofs

NOW = 1_800_000_000.0


def digest(number: int) -> bytes:
    return number.to_bytes(32, "little")


def test_a_proof_is_taken_once():
    replays = Replays()

    assert [replays.take(digest(1), now=NOW), replays.take(digest(1), now=NOW), replays.take(digest(2), now=NOW)] == [
        True,
        False,
        True,
    ]


def test_of_many_threads_with_the_same_proof_one_takes_it():
    replays = Replays()
    with ThreadPoolExecutor(20) as pool:
        for number in range(50):
            taken = list(pool.map(lambda _: replays.take(digest(number), now=NOW), range(20)))  # noqa: B023
            assert taken.count(True) == 1


@pytest.mark.parametrize("begin", [0, 1, 90, 179])
def test_it_is_remembered_for_three_minutes_whenever_it_came(begin):
    replays = Replays()
    replays.take(digest(0), now=NOW)
    replays.take(digest(1), now=NOW + begin)

    for later in range(1, 180):
        replays.take(digest(1000 + later), now=NOW + begin + later)
        assert not replays.take(digest(1), now=NOW + begin + later)


def test_old_proofs_are_forgotten():
    replays = Replays(most=10)
    for number in range(10):
        replays.take(digest(number), now=NOW)
    with pytest.raises(TooManyProofs):
        replays.take(digest(10), now=NOW)

    assert replays.take(digest(10), now=NOW + 360)


def test_a_clock_that_is_set_back_forgets_nothing():
    replays = Replays()
    replays.take(digest(1), now=NOW)

    assert not replays.take(digest(1), now=NOW - 10_000)
