"""Where a counted token stands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admit_server.domain.counting import Count

NOW = 1_800_000_000
counts = st.builds(
    Count,
    uses_left=st.none() | st.integers(0, 5),
    idle_timeout_s=st.none() | st.integers(10, 1000),
    last_used_at=st.integers(NOW - 2000, NOW),
)


@pytest.mark.parametrize(
    ("uses_left", "idle_timeout_s", "idle_for_s", "answer"),
    [
        (1, None, 10**6, None),
        (0, None, 0, "uses_exhausted"),
        (None, 60, 59, None),
        (None, 60, 60, "idle_timeout"),
        (0, 60, 60, "uses_exhausted"),
        (1, 60, 60, "idle_timeout"),
    ],
)
def test_a_token_is_spent_by_its_last_use_or_by_idleness(uses_left, idle_timeout_s, idle_for_s, answer):
    count = Count(uses_left=uses_left, idle_timeout_s=idle_timeout_s, last_used_at=NOW - idle_for_s)
    assert count.spent(NOW) == answer


@given(counts, st.integers(0, 10**6))
def test_what_is_spent_stays_spent(count, later):
    if count.spent(NOW):
        assert count.spent(NOW + later)


@pytest.mark.parametrize(
    ("uses_left", "idle_timeout_s", "idle_for_s", "skipped"),
    [(None, 100, 9, True), (None, 100, 10, False), (None, 10, 0, True), (None, 10, 1, False), (5, 100, 0, False)],
)
def test_idle_time_is_written_every_tenth_of_its_length_and_uses_always(uses_left, idle_timeout_s, idle_for_s, skipped):
    count = Count(uses_left=uses_left, idle_timeout_s=idle_timeout_s, last_used_at=NOW - idle_for_s)
    assert count.needs_no_write(NOW) is skipped


@given(counts)
def test_a_use_that_is_not_written_could_not_have_been_refused(count):
    if count.needs_no_write(NOW):
        assert count.spent(NOW) is None
