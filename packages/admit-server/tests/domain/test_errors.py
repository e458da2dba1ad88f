"""Refusals: codes, and what reaches whom."""

import pytest

from admit_server.domain import errors

PROTOCOL = [e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, errors.ProtocolError)]


@pytest.mark.parametrize("kind", PROTOCOL)
def test_every_refusal_has_a_code_and_a_status_of_its_own_making(kind):
    assert kind.code == kind.code.lower()
    assert " " not in kind.code
    assert 400 <= kind.status < 600


def test_the_detail_is_for_logs_and_never_part_of_the_public_text():
    refusal = errors.InvalidGrant("The code is unknown.", detail="code of client cli_1 expired 3 s ago")
    assert refusal.public == "The code is unknown."
    assert str(refusal) == refusal.detail


def test_a_refusal_without_detail_says_its_public_text_or_its_code():
    assert str(errors.InvalidGrant("No.")) == "No."
    assert str(errors.InvalidGrant()) == "invalid_grant"


@pytest.mark.parametrize(
    "kind", [errors.UnknownClient, errors.RedirectUriMismatch, errors.InvalidClient, errors.TooManyTries]
)
def test_what_can_not_be_tied_to_a_registered_address_is_never_redirected(kind):
    """RFC 6749 section 4.1.2.1."""
    assert kind.may_redirect is False


def test_too_many_tries_and_busy_say_when_to_come_back():
    assert errors.TooManyTries(retry_after_s=7).retry_after_s == 7
    assert errors.Busy(retry_after_s=2).retry_after_s == 2
