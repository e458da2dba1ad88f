"""Times in words."""

import pytest

from admit_server.domain.times import about, duration, in_words


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (0, "1 January 1970, 00:00 UTC"),
        (1_709_251_199, "29 February 2024, 23:59 UTC"),
        (1_709_251_200, "1 March 2024, 00:00 UTC"),
        (1_800_000_000, "15 January 2027, 08:00 UTC"),
    ],
)
def test_a_time_is_told_to_the_minute(at, words):
    assert in_words(at) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (60, "a minute"),
        (90, "90 seconds"),
        (1800, "30 minutes"),
        (3600, "an hour"),
        (5400, "90 minutes"),
        (172_800, "2 days"),
    ],
)
def test_a_span_of_time_is_told_in_its_largest_whole_unit(seconds, words):
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1, "a second"), (89, "89 seconds"), (90, "2 minutes"), (300, "5 minutes"), (301, "6 minutes"), (5401, "2 hours")],
)
def test_a_wait_is_told_about_and_never_too_short(seconds, words):
    assert about(seconds) == words
