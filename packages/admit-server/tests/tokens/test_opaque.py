"""Opaque tokens: recognisable, checkable, and nothing stored but a digest."""

import hashlib
import re
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admit_server.domain.ids import ALPHABET
from admit_server.tokens.opaque import digest, is_opaque, mint

KINDS = ("at", "rt", "ac", "cs", "ss")
kinds = st.sampled_from(KINDS)
randomness = st.binary(min_size=32, max_size=32)


@given(kinds, randomness)
def test_a_token_is_its_kind_43_characters_and_a_checksum_of_six(kind, data):
    token = mint(kind, data)
    assert re.fullmatch(rf"adm_{kind}_[0-9A-Za-z]{{49}}", token)
    number = 0
    for character in token[-6:]:
        number = number * 62 + ALPHABET.index(character)
    assert number == zlib.crc32(token[:-6].encode())


@given(kinds, randomness)
def test_a_minted_token_is_well_formed_for_its_own_kind_alone(kind, data):
    token = mint(kind, data)
    assert [k for k in KINDS if is_opaque(token, k)] == [kind]


@given(randomness, randomness)
def test_different_randomness_gives_a_different_token(one, other):
    assert (mint("at", one) == mint("at", other)) is (one == other)


@given(randomness, st.integers(7, 55), st.sampled_from(ALPHABET))
def test_any_single_typing_error_is_found_without_a_look_up(data, place, character):
    token = mint("at", data)
    if token[place] != character:
        assert not is_opaque(token[:place] + character + token[place + 1 :], "at")


@given(randomness, st.integers(7, 54))
def test_two_characters_swapped_are_found(data, place):
    token = mint("at", data)
    swapped = token[:place] + token[place + 1] + token[place] + token[place + 2 :]
    assert swapped == token or not is_opaque(swapped, "at")


@given(st.text(max_size=80))
def test_no_other_text_is_taken_for_a_token(text):
    assert not any(is_opaque(text, kind) for kind in KINDS)


def test_texts_of_the_right_length_with_foreign_characters_are_refused():
    token = mint("at", b"\x07" * 32)
    for wrong in (
        token[:-1] + "é",
        token[:-1] + "-",
        token + "0",
        token[:-1],
        token.upper(),
        " " + token,
        token + "\n",
        "",
    ):
        assert not is_opaque(wrong, "at")


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_token_takes_exactly_256_random_bits(size):
    with pytest.raises(ValueError, match="32 random bytes"):
        mint("rt", b"x" * size)


@given(randomness)
def test_what_is_stored_is_the_sha256_of_the_text(data):
    token = mint("rt", data)
    assert digest(token) == hashlib.sha256(token.encode()).digest()
    assert token.encode() not in digest(token)
