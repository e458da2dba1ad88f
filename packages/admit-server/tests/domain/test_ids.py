"""Identifiers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admit_server.domain.ids import ALPHABET, base62, looks_like, new_id


def number_of(text: str) -> int:
    value = 0
    for character in text:
        value = value * 62 + ALPHABET.index(character)
    return value


@given(st.binary(max_size=32))
def test_base62_writes_the_number_with_its_most_significant_digit_first(data):
    text = base62(data, width=43)
    assert len(text) == 43
    assert number_of(text) == int.from_bytes(data, "big")


def test_a_number_that_does_not_fit_is_an_error():
    assert base62(bytes([61]), width=1) == "z"
    with pytest.raises(ValueError, match="don't fit"):
        base62(bytes([62]), width=1)


@given(st.binary(min_size=16, max_size=16))
def test_an_id_tells_its_kind_and_carries_every_bit(data):
    text = new_id("usr", data)
    assert text.startswith("usr_")
    assert number_of(text[4:]) == int.from_bytes(data, "big")
    assert looks_like("usr", text)
    assert not looks_like("cli", text)


@pytest.mark.parametrize("size", [0, 15, 17])
def test_an_id_takes_exactly_so_much_randomness(size):
    with pytest.raises(ValueError, match="16 random bytes"):
        new_id("usr", b"x" * size)


@pytest.mark.parametrize(
    "text", ["", "usr", "usr_", "usr_short", "usr_" + "a" * 23, "usr_" + "a" * 21 + "-", "USR_" + "a" * 22]
)
def test_other_texts_do_not_look_like_an_id(text):
    assert not looks_like("usr", text)
