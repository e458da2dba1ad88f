"""Selecting many at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admit_server.domain.errors import NotAllowed
from admit_server.domain.selection import Condition, parse_selection


def parsed(text, what="grants"):
    return parse_selection(text, what=what).conditions


def test_conditions_are_joined_by_and():
    assert parsed('client=shop and user != alice and age > 7d and role="night and day"') == (
        Condition("client", "=", "shop"),
        Condition("user", "!=", "alice"),
        Condition("age", ">", 7 * 86_400),
        Condition("role", "=", "night and day"),
    )
    assert parsed("signed_in<15m", "sessions") == (Condition("signed_in", "<", 900),)
    assert parsed("network=2001:db8::/64", "sessions") == (Condition("network", "=", "2001:db8::/64"),)


@pytest.mark.parametrize(
    "text",
    ["", "  ", "and", "client", "client=", "=shop", "client=shop or user=alice", "client=shop and", "client<shop", "age=7d", "age>x",
     "age>7", "age>1y", "colour=red", "network=192.0.2.1", "client=shop; drop table", "user=\"", " and ".join(["user=a"] * 11)],
)  # fmt: skip
def test_what_can_not_be_read_selects_nothing_and_says_why(text):
    with pytest.raises(NotAllowed):
        parsed(text)


@given(st.text(max_size=60))
def test_no_text_at_all_becomes_an_empty_selection(text):
    try:
        assert parsed(text)
    except NotAllowed:
        pass
