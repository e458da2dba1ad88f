import pytest
from hypothesis import given
from hypothesis import strategies as st

from admit.jose import Malformed, base64url


@given(st.binary(max_size=200))
def test_what_is_encoded_comes_back(data):
    text = base64url.encode(data)

    assert base64url.decode(text) == data
    assert "=" not in text


@pytest.mark.parametrize(
    "text",
    ["Zg==", "Zg=", "Zm 9v", "Zm9v\n", "Zm+v", "Zm/v", "A", "Zm9vA", "Zm9v.", "Zé9v", "Zm9v\x00"],
    ids=["padding", "half padding", "space", "newline", "plus", "slash", "1", "5", "dot", "accent", "nul"],
)
def test_a_second_spelling_or_a_foreign_character_is_refused(text):
    with pytest.raises(Malformed, match="base64url"):
        base64url.decode(text)


@pytest.mark.parametrize("text", ["Zh", "Zm9", "Zm8_Zh"])
def test_bits_left_over_in_the_last_character_are_refused(text):
    """RFC 4648 section 3.5: otherwise one signature could be written in several ways."""
    with pytest.raises(Malformed, match="trailing bits"):
        base64url.decode(text)


@given(st.text(alphabet="ABCDEFGHabcdefgh0123456789-_", max_size=40))
def test_every_text_that_is_accepted_is_the_only_spelling_of_its_bytes(text):
    try:
        data = base64url.decode(text)
    except Malformed:
        return
    assert base64url.encode(data) == text


@pytest.mark.parametrize("text", ["QUJD\n", " QUJD", '"QUJD"', "{QUJD"])
def test_what_came_along_with_a_text_is_named(text):
    with pytest.raises(Malformed, match="white space, a quote or a brace"):
        base64url.decode(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("A", "impossible length"),
        ("Zm 9v", "there is white space, a quote or a brace"),
        ("'Zm9v'", "there is white space, a quote or a brace"),
        ('"Zm9v"', "there is white space, a quote or a brace"),
        ("{Zm9v", "there is white space, a quote or a brace"),
        ("Zm9v}", "there is white space, a quote or a brace"),
        ("Zm+v", "only A-Z a-z 0-9 - _ are allowed"),
        ("ZX=v", "only A-Z a-z 0-9 - _ are allowed"),
    ],
)
def test_a_text_that_is_refused_is_told_what_is_wrong_with_it(text, told):
    with pytest.raises(Malformed, match=told):
        base64url.decode(text)


@pytest.mark.parametrize("members", [{}, {"x": None}, {"x": 5}, {"x": ""}, {"x": ["Zg"]}])
def test_a_member_that_holds_no_octets_is_called_by_its_name(members):
    with pytest.raises(Malformed, match="member 'x' is missing or not text"):
        base64url.decode_member(members, "x")
