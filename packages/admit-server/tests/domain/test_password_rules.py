"""Which passwords are taken: NIST SP 800-63B-4 section 3.1.1.2."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admit_server.domain.errors import NotAllowed
from admit_server.domain.password_rules import CommonPasswords, PasswordRules, words_of
from admit_server.domain.user import PASSWORD_MAX

# A list of a few, in place of the one of 18,000 that is shipped: `machine/test_common_passwords`.
TOP = frozenset({"password", "12345678", "football", "qwerty", "monkey", "iloveyou", "dragon"})
COMMON = CommonPasswords(
    top=TOP,
    all=TOP | {"correct horse battery staple", "correcthorsebatterystaple", "1q2w3e4r5t6y7u8i", "qwertyuiopasdfgh"},
)
RULES = PasswordRules(common=lambda: COMMON, context=frozenset({"admit", "example", "rocket shop", "rocket"}))


@pytest.mark.parametrize(
    "password", ["a sturdy pass phrase", "fifteen letters", "ñandú ñandú ñu ñ", "🦀 walks on the beach"]
)
def test_length_is_all_that_a_password_needs(password):
    """NIST SP 800-63B-4: no composition rules."""
    assert RULES.check(password, username="alice") == unicodedata.normalize("NFC", password)


def test_fifteen_characters_alone_or_eight_beside_a_second_proof():
    with pytest.raises(NotAllowed, match="at least 15"):
        RULES.check("fourteen chars", username="x")
    assert RULES.check("so tiny!", username="x", has_second_factor=True)
    with pytest.raises(NotAllowed, match="at least 8"):
        RULES.check("tiny!!7", username="x", has_second_factor=True)


def test_length_is_counted_after_composition():
    """Fifteen key strokes of a decomposing keyboard may be eight characters."""
    with pytest.raises(NotAllowed, match="This one has 8"):
        RULES.check("e\u0301a\u0301o\u0301u\u0301i\u0301e\u0301a\u0301o\u0301", username="x")


def test_a_very_long_password_is_taken_up_to_the_bound():
    words = "".join(f"word{n} " for n in range(200))
    assert RULES.check(words[:PASSWORD_MAX], username="x")
    with pytest.raises(NotAllowed, match="at most 1024"):
        RULES.check(words[: PASSWORD_MAX + 1], username="x")


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
        RULES.check(password, username="x")


def test_the_user_name_again_and_again_is_no_password():
    for password in ("marianne-elisabethmarianne-elisabeth", "Marianne-Elisabeth"):
        with pytest.raises(NotAllowed):
            RULES.check(password, username="marianne-elisabeth")


def test_the_refusal_never_repeats_the_password():
    with pytest.raises(NotAllowed) as refusal:
        RULES.check("hunter2", username="x")
    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize(
    "password",
    [
        "iloveyou12345678",
        "FootballPassword",
        "football password",
        "1q2w3e4r5t6y7u8i!!",
        "12345678-1q2w3e4r5t6y7u8i"[9:] + "2026",
    ],
)
def test_common_pieces_alone_are_no_password(password):
    with pytest.raises(NotAllowed, match="first that everybody tries"):
        RULES.check(password, username="x")


@pytest.mark.parametrize(
    "password",
    ["my password is a long river", "football on a wet monday", "iloveyou and the rain", "qwerty monkey dragon sky"],
)
def test_a_common_word_inside_a_password_is_no_fault(password):
    (
        """"The entire password SHALL be subject to comparison, not substrings or words that might be contained therein."""
        ""
    )
    assert RULES.check(password, username="x") == password


@pytest.mark.parametrize(
    ("password", "has_second_factor"),
    [
        ("marianne2026!!!!", False),
        ("Marianne.Example", False),
        ("example-example-2026", False),
        ("Rocket Shop 12345", False),
        ("marianne-password", False),
        ("Admit2026", True),
        ("marianne", True),
        ("m.arianne@2026", True),
    ],
)
def test_little_more_than_a_name_of_person_or_service_is_refused(password, has_second_factor):
    with pytest.raises(NotAllowed, match=r"belongs to you or to this service|first that everybody"):
        RULES.check(
            password,
            username="marianne",
            email="m.arianne@example.com",
            has_second_factor=has_second_factor,
        )


@pytest.mark.parametrize(
    "password", ["marianne likes blue stones", "rockets fly over the moon", "al and the seven birds"]
)
def test_a_name_inside_a_password_is_no_fault(password):
    assert RULES.check(password, username="marianne", email="al@example.com") == password


@pytest.mark.parametrize(
    "password",
    [
        "aaaa bbbb cccc dd",
        "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠ ωμέγα",
        "🜁🜂🜃🜄 four old elements",
        "88442 19375 60213",
        "no capital no digit",
    ],
)
def test_there_are_no_rules_of_composition(password):
    assert RULES.check(password, username="x") == password


def test_a_password_of_64_and_more_characters_is_taken_whole():
    """SHOULD permit at least 64; "SHALL verify the entire submitted password"."""
    long = "many words in a row make it hard to guess, and easy to remember too"
    assert len(long) > 64
    assert RULES.check(long, username="x") == long


def test_each_code_point_is_one_character():
    with pytest.raises(NotAllowed, match="This one has 4"):
        RULES.check("🜁🜂🜃🜄", username="x")


@given(st.text(max_size=80), st.text(max_size=20), st.text(max_size=20))
def test_any_text_is_taken_or_refused(password, username, email):
    try:
        assert RULES.check(password, username=username, email=email) == unicodedata.normalize("NFC", password)
    except NotAllowed:
        pass


def test_words_of_a_host_are_those_that_say_something():
    assert words_of("id.rocket-shop.example.com") == {"rocket", "shop", "example"}
