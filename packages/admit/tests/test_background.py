import signal
import threading
import time

import pytest

from admit import VerifierUnavailable
from admit.background import SingleFlight, elapsed, start_thread


def test_elapsed_seconds_grow_as_time_does():
    began = elapsed(), time.monotonic()
    time.sleep(0.02)

    assert elapsed() - began[0] == pytest.approx(time.monotonic() - began[1], abs=0.01)


def test_threads_leave_the_signals_of_the_process_to_others():
    """uWSGI ends its workers in a signal handler in C, which must not run in a thread that waits for a turn."""
    seen = []
    start_thread(lambda: seen.append(signal.pthread_sigmask(signal.SIG_BLOCK, ())), name="test").join(5)

    [blocked] = seen
    assert {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGALRM, signal.SIGCHLD} <= blocked
    assert not {signal.SIGSEGV, signal.SIGABRT, signal.SIGPROF} & blocked


def test_a_flight_is_shared_and_the_next_one_begins_anew():
    gate, flown = threading.Event(), []
    flight = SingleFlight(lambda: flown.append(gate.wait(5)), name="test")

    first = flight.start()
    assert flight.start() is first is flight.current
    gate.set()
    first.result(timeout=5)

    flight.start().result(timeout=5)
    assert flown == [True, True]


def test_work_that_fails_ends_the_flight_and_is_logged(caplog):
    flight = SingleFlight(lambda: 1 / 0, name="test-flight")

    flight.start().result(timeout=5)

    assert flight.current is None
    assert "test-flight failed" in caplog.text


def test_no_more_threads_is_an_outage_and_the_next_try_is_free(monkeypatch):
    flight = SingleFlight(lambda: None, name="test")

    def refuse(self):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        with pytest.raises(VerifierUnavailable, match="can't start new thread"):
            flight.start()

    assert flight.current is None
    flight.start().result(timeout=5)
