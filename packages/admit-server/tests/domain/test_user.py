"""People: how names are compared, and which passwords are taken."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admit_server.domain.errors import NotAllowed
from admit_server.domain.user import (
    PASSWORD_MAX,
    check_new_password,
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


@pytest.mark.parametrize(
    "password", ["a sturdy pass phrase", "fifteen letters", "ñandú ñandú ñu ñ", "🦀 walks on the beach"]
)
def test_length_is_all_that_a_password_needs(password):
    """NIST SP 800-63B-4: no composition rules."""
    assert check_new_password(password, username="alice") == unicodedata.normalize("NFC", password)


def test_fifteen_characters_alone_or_eight_beside_a_second_proof():
    with pytest.raises(NotAllowed, match="at least 15"):
        check_new_password("fourteen chars", username="x")
    assert check_new_password("so tiny!", username="x", has_second_factor=True)
    with pytest.raises(NotAllowed, match="at least 8"):
        check_new_password("tiny!!7", username="x", has_second_factor=True)


def test_length_is_counted_after_composition():
    """Fifteen key strokes of a decomposing keyboard may be eight characters."""
    with pytest.raises(NotAllowed, match="This one has 8"):
        check_new_password("e\u0301a\u0301o\u0301u\u0301i\u0301e\u0301a\u0301o\u0301", username="x")


def test_a_very_long_password_is_taken_up_to_the_bound():
    words = "".join(f"word{n} " for n in range(200))
    assert check_new_password(words[:PASSWORD_MAX], username="x")
    with pytest.raises(NotAllowed, match="at most 1024"):
        check_new_password(words[: PASSWORD_MAX + 1], username="x")


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "CorrectHorseBatteryStaple",
        "passwordpassword",
        "passwordpassword!!",
        "123456789012345",
        "aaaaaaaaaaaaaaaa",
        "abcabcabcabcabcabc",
        "abcdefghijklmnopq",
        "qponmlkjihgfedcba",
        "qwertyuiopasdfgh",
    ],
)
def test_what_everybody_tries_first_is_refused(password):
    with pytest.raises(NotAllowed, match="first that everybody tries"):
        check_new_password(password, username="x")


def test_the_user_name_again_and_again_is_no_password():
    for password in ("marianne-elisabethmarianne-elisabeth", "Marianne-Elisabeth"):
        with pytest.raises(NotAllowed):
            check_new_password(password, username="marianne-elisabeth")


def test_the_refusal_never_repeats_the_password():
    with pytest.raises(NotAllowed) as refusal:
        check_new_password("hunter2", username="x")
    assert "hunter2" not in str(refusal.value)


def test_one_keyboards_accents_are_anothers():
    assert normalize_password("cafe\u0301") == normalize_password("café")
