"""People: how names are compared, and which passwords are taken."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admit_server.domain.errors import NotAllowed
from admit_server.domain.user import (
    check_role,
    check_username,
    normalize_password,
    username_key,
)


@pytest.mark.parametrize("spelling", ["alice", "Alice", "ALICE", "ａｌｉｃｅ", "Ａlice"])
def test_every_spelling_of_a_name_is_one_account(spelling):
    assert username_key(spelling) == "alice"


@pytest.mark.parametrize(
    ("one", "other"), [("straße", "STRASSE"), ("Σίσυφος", "ΣΊΣΥΦΟΣ"), ("ﬁona", "FIONA"), ("Å", "A\u030a")]
)
def test_case_and_composition_make_no_difference(one, other):
    assert username_key(one) == username_key(other)


@given(st.text(max_size=64))
def test_the_key_of_what_is_stored_is_the_key_of_what_was_typed(name):
    assert username_key(unicodedata.normalize("NFC", name)) == username_key(name)


@pytest.mark.parametrize("name", ["a", "alice", "alice@example.com", "müller", "李", "a" * 64, "x_y.z-1+2"])
def test_a_proper_name_is_taken(name):
    assert check_username(name) == name


def test_a_name_is_stored_composed():
    assert check_username("Mu\u0308ller") == "Müller"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a" * 65,
        "a b",
        " a",
        "a\t",
        "a\n",
        "a\x00",
        "a\u00a0b",
        "a\u200bb",
        "a\u200db",
        "\ufeffa",
        "a\u202eb",
        "a\u00adb",
        "\ue000",
        "\ud800",
    ],
)
def test_a_name_with_spaces_or_control_characters_is_refused(name):
    with pytest.raises(NotAllowed):
        check_username(name)


@pytest.mark.parametrize("mark", ["\ufe0f", "\u034f", "\u3164", "\u115f", "\uffa0", "\u180b", "\U000e0100"])
def test_a_name_with_a_character_that_shows_nothing_is_refused(mark):
    """Two accounts that look the same are one too many."""
    with pytest.raises(NotAllowed, match="invisible"):
        check_username(f"ali{mark}ce")


def test_roles_are_lower_case_words():
    assert check_role("billing:read.v2_x-1") == "billing:read.v2_x-1"
    for wrong in ("", "Admin", "1st", "a b", "a\n", "x" * 65, "ä"):
        with pytest.raises(NotAllowed):
            check_role(wrong)


def test_one_keyboards_accents_are_anothers():
    assert normalize_password("cafe\u0301") == normalize_password("café")
