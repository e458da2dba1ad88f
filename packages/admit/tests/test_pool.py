import threading
import time

import pytest

from admit.pool import Pool


@pytest.fixture
def pool():
    made = Pool(4, name="test-pool")
    yield made
    made.close()


def test_calls_give_what_the_work_gives_or_raises(pool):
    assert pool.call(lambda line: 5).result(timeout=5) == 5
    with pytest.raises(ZeroDivisionError):
        pool.call(lambda line: 1 / 0).result(timeout=5)


def test_no_more_threads_run_than_allowed_and_everything_gets_its_turn(pool):
    running, most, gate = [0], [0], threading.Lock()

    def work(line):
        with gate:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.002)
        with gate:
            running[0] -= 1
        return threading.current_thread().name

    assert {future.result(timeout=5) for future in [pool.call(work) for _ in range(60)]} == {"test-pool"}
    assert most[0] == 4


def test_threads_end_when_nothing_waits(pool, eventually):
    pool.call(lambda line: None).result(timeout=5)

    eventually(lambda: not [thread for thread in threading.enumerate() if thread.name == "test-pool"])


def test_a_call_that_was_given_up_before_its_turn_is_not_made(pool):
    gate, made = threading.Event(), []
    busy = [pool.call(lambda line: gate.wait(5)) for _ in range(4)]
    given_up = pool.call(lambda line: made.append(1))
    assert given_up.cancel()
    last = pool.call(lambda line: made.append(2))

    gate.set()
    last.result(timeout=5)

    assert all(one.result(timeout=5) for one in busy)
    assert made == [2]


def test_closing_cuts_the_lines_and_the_next_call_has_a_new_one(pool):
    lines = []

    def hang(line):
        lines.append(line)
        while not line.ended:
            time.sleep(0.005)

    first = pool.call(hang)
    pool.close()
    first.result(timeout=5)

    assert pool.call(lambda line: line.ended).result(timeout=5) is False
