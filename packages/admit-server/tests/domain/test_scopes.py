"""Scopes are sets of words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admit_server.domain.errors import InvalidScope
from admit_server.domain.scopes import MAX_SCOPES, format_scope, narrow, parse_scope

WORD_CHARACTERS = [chr(c) for c in range(0x21, 0x7F) if c not in (0x22, 0x5C)]
words = st.text(WORD_CHARACTERS, min_size=1, max_size=20)
sets = st.frozensets(words, max_size=12)


@given(sets)
def test_what_is_written_can_be_read(scopes):
    assert parse_scope(format_scope(scopes)) == scopes


@given(sets)
def test_the_order_is_always_the_same(scopes):
    assert format_scope(scopes) == format_scope(frozenset(sorted(scopes, reverse=True)))


def test_a_word_named_twice_counts_once():
    assert parse_scope("a b a") == {"a", "b"}


@pytest.mark.parametrize(
    "text",
    [
        "a  b",
        " a",
        "a ",
        "a\tb",
        "a\nb",
        'a"b',
        "a\\b",
        "é",
        "a\x00",
        "a\x7f",
        "x" * 129,
        " ".join(map(str, range(65))),
    ],
)
def test_what_the_grammar_does_not_know_is_refused(text):
    """RFC 6749 section 3.3."""
    with pytest.raises(InvalidScope, match="malformed"):
        parse_scope(text)


def test_so_many_words_are_allowed():
    assert len(parse_scope(" ".join(map(str, range(MAX_SCOPES))))) == MAX_SCOPES


@given(sets, sets)
def test_narrowing_never_widens(requested, allowed):
    if requested <= allowed:
        assert narrow(requested, allowed=allowed) <= allowed
    else:
        with pytest.raises(InvalidScope):
            narrow(requested, allowed=allowed)


def test_who_asks_for_nothing_gets_what_is_allowed():
    assert narrow(frozenset(), allowed=frozenset({"a"})) == {"a"}


def test_the_refusal_names_only_what_was_asked_for():
    with pytest.raises(InvalidScope) as refusal:
        narrow(frozenset({"admin"}), allowed=frozenset({"secret-scope"}))
    assert "admin" in refusal.value.public
    assert "secret-scope" not in refusal.value.public
