"""Requirements as text: read, written, and whether proofs meet them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admit_server.domain.errors import NotAllowed
from admit_server.domain.requirement import (
    AllOf,
    AnyOf,
    Needs,
    in_words,
    is_met,
    names_of,
    parse_requirement,
    together,
)

NAMES = st.sampled_from(["password", "passkey", "totp", "email_code", "x1"])


def texts():
    return st.recursive(
        NAMES,
        lambda inner: st.tuples(inner, st.sampled_from([" and ", " or "]), inner).map(
            lambda parts: f"({parts[0]}{parts[1]}{parts[2]})"
        ),
        max_leaves=6,
    )


def test_and_binds_more_than_or():
    assert parse_requirement("password and totp or passkey") == AnyOf(
        (AllOf((Needs("password"), Needs("totp"))), Needs("passkey"))
    )


def test_brackets_come_first():
    assert parse_requirement("password and (passkey or totp)") == AllOf(
        (Needs("password"), AnyOf((Needs("passkey"), Needs("totp"))))
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "at least one authenticator"),
        ("   ", "at least one authenticator"),
        ("password and", "is missing at its end"),
        ("and password", "'and'"),
        ("password totp", "'totp' is not expected"),
        ("(password", "not closed"),
        ("password)", "not expected"),
        ("()", r"'\)'"),
        ("Password", "is no name of an authenticator"),
        ("pass-word", "'-word' is no name"),
        ("password && totp", "'&& totp' is no name"),
        ("(" * 50 + "password" + ")" * 50, r"'\('"),
        ("password or " * 60 + "totp", "at most 500 characters"),
        ("пароль", "is no name"),
    ],
)
def test_what_is_not_written_as_it_has_to_be_is_refused_with_words(text, said):
    with pytest.raises(NotAllowed, match=said):
        parse_requirement(text)


@given(texts())
def test_what_is_written_out_reads_as_the_same(text):
    requirement = parse_requirement(text)
    assert in_words(parse_requirement(in_words(requirement))) == in_words(requirement)


@given(texts(), st.frozensets(NAMES))
def test_it_is_met_as_python_would_say(text, given_proofs):
    """`and`, `or` and brackets mean in it what they mean in Python."""
    values = {name: name in given_proofs for name in ("password", "passkey", "totp", "email_code", "x1")}
    assert is_met(parse_requirement(text), given_proofs.__contains__) is eval(text, {}, values)


@given(texts(), st.frozensets(NAMES), st.frozensets(NAMES))
def test_more_proofs_never_undo_it(text, some, more):
    requirement = parse_requirement(text)
    assert not is_met(requirement, some.__contains__) or is_met(requirement, (some | more).__contains__)


def test_names_stand_in_their_order_and_once():
    assert names_of(parse_requirement("totp or (password and totp) or passkey")) == ("totp", "password", "passkey")


def test_nothing_required_is_met_by_nothing():
    assert is_met(AllOf(), lambda name: False)


def test_several_requirements_hold_together():
    both = together([parse_requirement("password or passkey"), parse_requirement("totp")])
    assert in_words(both) == "(password or passkey) and totp"
    assert together([Needs("totp")]) == Needs("totp")
