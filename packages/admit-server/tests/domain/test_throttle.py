"""Throttling: how failures add up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admit_server.domain.throttle import (
    ACCOUNT,
    ACCOUNTS_OF_NETWORK,
    DEVICE,
    FRESH,
    NETWORK,
    Counter,
    ThrottleRule,
    after_failure,
    tightened,
    wait_s,
)

RULE = ThrottleRule(free_failures=3, window_s=100, first_delay_s=10, longest_delay_s=60)
rules = st.builds(
    ThrottleRule,
    free_failures=st.integers(1, 100),
    window_s=st.integers(1, 100_000),
    first_delay_s=st.integers(1, 100),
    longest_delay_s=st.integers(100, 10_000),
)


def failures_possible(rule: ThrottleRule, seconds: int) -> int:
    """How often somebody who never waits longer than needed can fail in that time."""
    counter, now, count = FRESH, 1_000_000, 0
    ends = now + seconds
    while now < ends:
        counter = after_failure(counter, rule, now=now)
        count += 1
        now += wait_s(counter, now=now)
        if not wait_s(counter, now=now) and counter.failures < rule.free_failures:
            continue
    return count


def test_the_delay_doubles_after_the_free_failures_up_to_the_longest():
    assert [RULE.delay_s(n) for n in range(9)] == [0, 0, 0, 10, 20, 40, 60, 60, 60]


@given(rules, st.integers(0, 10**6))
def test_the_delay_never_shrinks_and_never_passes_its_bound(rule, failures):
    assert 0 <= rule.delay_s(failures) <= rule.delay_s(failures + 1) <= rule.longest_delay_s


def test_free_failures_block_nobody():
    counter = FRESH
    for _ in range(2):
        counter = after_failure(counter, RULE, now=1000)
        assert wait_s(counter, now=1000) == 0
    assert wait_s(after_failure(counter, RULE, now=1000), now=1000) == 10


def test_the_wait_ends_at_its_second():
    counter = Counter(failures=3, window_started_at=1000, blocked_until=1010)
    assert [wait_s(counter, now=now) for now in (1000, 1009, 1010, 1011)] == [10, 1, 0, 0]


def test_a_new_window_begins_with_a_clean_slate():
    counter = after_failure(Counter(3, 1000, 1010), RULE, now=1100)
    assert counter == Counter(1, 1100, 0)


def test_no_new_window_begins_while_somebody_is_blocked():
    counter = after_failure(Counter(8, 1000, 1160), RULE, now=1120)
    assert (counter.failures, counter.window_started_at) == (9, 1000)


@given(rules, st.lists(st.integers(0, 5000), min_size=1, max_size=40))
def test_a_failure_is_always_counted(rule, pauses):
    counter, now = FRESH, 10**6
    for pause in pauses:
        before = counter
        now += pause
        counter = after_failure(counter, rule, now=now)
        assert counter.failures in (before.failures + 1, 1)
        assert counter.failures > 0


def test_a_day_of_guessing_at_one_account_stays_below_a_hundred():
    """NIST SP 800-63B-4 section 3.2.2: no more than 100 consecutive failures."""
    assert failures_possible(ACCOUNT, 86_400) < 100


def test_a_known_browser_may_fail_a_little_more_often_and_a_network_much_more():
    assert ACCOUNT.free_failures < DEVICE.free_failures < NETWORK.free_failures


@pytest.mark.parametrize("rule", [ACCOUNT, DEVICE, NETWORK])
def test_the_first_failures_of_somebody_who_mistypes_cost_no_time(rule):
    counter = FRESH
    for _ in range(4):
        counter = after_failure(counter, rule, now=1000)
    assert wait_s(counter, now=1000) == 0


@pytest.mark.parametrize("rule", [ACCOUNT, NETWORK, ACCOUNTS_OF_NETWORK])
def test_during_an_attack_fewer_failures_are_free_and_the_delays_are_longer(rule):
    tight = tightened(rule)
    assert 2 <= tight.free_failures <= rule.free_failures // 2
    assert rule.first_delay_s < tight.first_delay_s <= tight.longest_delay_s == rule.longest_delay_s
