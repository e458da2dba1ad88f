"""Times in words."""

import pytest

from admit_server.domain.times import in_words


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
