import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from admit import VerifierUnavailable
from admit.flights import SingleFlight


def test_a_flight_is_shared_and_the_next_one_begins_anew():
    gate, flown = threading.Event(), []
    flight = SingleFlight(lambda line: flown.append(gate.wait(5)), name="test")

    first = flight.start()
    assert flight.start() is first is flight.current
    gate.set()
    first.result(timeout=5)

    flight.start().result(timeout=5)
    assert flown == [True, True]


def test_work_that_fails_ends_the_flight_and_is_logged(caplog):
    flight = SingleFlight(lambda line: 1 / 0, name="test-flight")

    flight.start().result(timeout=5)

    assert flight.current is None
    assert "test-flight failed" in caplog.text


def test_no_more_threads_is_an_outage_and_the_next_try_is_free(monkeypatch):
    flight = SingleFlight(lambda line: None, name="test")

    def refuse(self):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        with pytest.raises(VerifierUnavailable, match="can't start new thread"):
            flight.start()

    assert flight.current is None
    flight.start().result(timeout=5)


def test_of_many_who_find_a_flight_due_one_flies():
    """Each looks by itself whether it is due; those who come late must not fly again on what they saw before."""
    flown = []
    flight = SingleFlight(lambda line: flown.append(time.sleep(0.001)), name="test")
    barrier = threading.Barrier(16)

    def ask(_):
        assert not flown
        barrier.wait(5)
        if (shared := flight.start_if(lambda: not flown)) is not None:
            shared.result(timeout=5)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(ask, range(16)))

    assert len(flown) == 1


def test_a_flight_that_is_ended_leaves_the_next_one_alone():
    lines = []
    gate = threading.Event()
    flight = SingleFlight(lambda line: (lines.append(line), gate.wait(5)), name="test")
    first = flight.start()

    flight.end(within_s=0.01)
    gate.set()
    first.result(timeout=5)
    flight.start().result(timeout=5)

    assert [line.ended for line in lines] == [True, False]
