"""What waits to be written is bounded, whatever strangers do."""

from admit_server.domain.denial import Denial
from admit_server.flows.tally import MOST_WAITING, SAMPLES_OF_A_KIND, SAMPLES_OF_A_MINUTE, Tally, Waiting


def denial(number: int = 0, *, code: str = "invalid_grant", network: str = "192.0.2.1", at: int = 60) -> Denial:
    return Denial(
        id=f"den_{number}",
        at=at,
        code=code,
        endpoint="/token",
        client_id=None,
        user_id=None,
        network=network,
        checks=(),
    )


def test_a_flood_from_many_networks_stays_bounded_in_memory():
    tally = Tally()
    for number in range(12_000):
        tally.sample(denial(number, network=f"net-{number}"))
    taken = tally.take()
    assert len(taken) <= 10_001
    assert sum(taken.values()) == 12_000
    assert tally.take() == {}
    samples, _ = tally.take_denials()
    assert len(samples) == SAMPLES_OF_A_MINUTE


def test_the_first_of_a_kind_are_sampled_and_all_are_counted():
    tally = Tally()
    kept = [tally.sample(denial(number)) for number in range(5)]
    assert kept == [True] * SAMPLES_OF_A_KIND + [False] * 2
    assert tally.sample(denial(6, network="192.0.2.2"))
    assert tally.sample(denial(7, code="invalid_request"))
    assert tally.take()["invalid_grant", "192.0.2.1", 1] == 5


def test_a_new_minute_begins_anew():
    tally = Tally()
    for number in range(5):
        tally.sample(denial(number))
    tally.fill("web", minute=1)
    assert tally.is_full("web", minute=1)
    assert tally.sample(denial(9, at=120))
    assert not tally.is_full("web", minute=2)


def test_beyond_what_may_wait_a_refusal_is_only_counted():
    tally = Tally()
    for number in range(MOST_WAITING + 3):
        tally.later(Waiting(denial(number), "usr_1", 10))
    _, waiting = tally.take_denials()
    assert len(waiting) == MOST_WAITING
    assert sum(tally.take().values()) == 3


def test_what_could_not_be_written_comes_back_within_the_same_bounds():
    tally = Tally()
    many = [Waiting(denial(number), "usr_1", 10) for number in range(MOST_WAITING)]
    tally.later(Waiting(denial(-1), "usr_1", 10))
    tally.put_back({("x", "", 1): 2}, [denial(1)], many)
    samples, waiting = tally.take_denials()
    assert (len(samples), len(waiting)) == (1, MOST_WAITING)
    assert tally.take() == {("x", "", 1): 2}
