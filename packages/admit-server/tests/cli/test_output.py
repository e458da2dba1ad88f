"""What people see."""

import pytest

from admit_server.cli import output

NOW = 1_800_000_000


def test_columns_are_aligned_also_for_wide_and_combining_characters():
    text = output.table(("name", "x"), [("東京", "1"), ("zoe\u0308", "2"), ("a", "3")])

    assert text.splitlines() == ["NAME  X", "東京  1", "zoe\u0308   2", "a     3"]


def test_an_empty_table_is_nothing():
    assert output.table(("name",), []) == ""


def test_what_strangers_wrote_can_not_drive_the_terminal():
    assert output.clean("a\x1b[31mb\x07\u202ec\n") == "a\ufffd[31mb\ufffd\ufffdc\ufffd"


@pytest.mark.parametrize(
    ("at", "says"),
    [(NOW + 300, "(in 5 min)"), (NOW - 7200, "(2 h ago)"), (NOW, "(now)"), (NOW + 86_400 * 3, "(in 3 d)"), (NOW - 59, "(59 s ago)")],
)  # fmt: skip
def test_a_time_says_how_far_off_it_is(at, says):
    assert output.when(at, now=NOW).endswith(says)


def test_no_time_is_a_dash():
    assert output.when(None) == "-"


@pytest.mark.parametrize(("seconds", "text"), [(900, "15m"), (5400, "1h30m"), (0, "0s"), (90_061, "1d1h1m1s")])
def test_a_length_of_time_is_written_as_it_is_read(seconds, text):
    assert output.exactly(seconds) == text
