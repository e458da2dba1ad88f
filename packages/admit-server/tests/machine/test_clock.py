"""Time and randomness of this machine."""

import time

from admit_server.machine.clock import system_clock, system_entropy


def test_the_clock_gives_whole_seconds():
    before = int(time.time())
    now = system_clock()
    assert type(now) is int
    assert before <= now <= before + 1


def test_randomness_has_the_size_asked_for_and_never_repeats():
    assert [len(system_entropy(size)) for size in (0, 1, 16, 32)] == [0, 1, 16, 32]
    assert len({system_entropy(16) for _ in range(1000)}) == 1000
