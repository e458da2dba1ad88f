import signal
import time

import pytest

from admit.background import elapsed, start_thread


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
