"""The last way in stays."""

import pytest

from admit_server.domain.journey import Means
from admit_server.domain.removal import Required, judge_removal
from admit_server.domain.requirement import parse_requirement

PASSWORD = Means(name="password", factors=frozenset({"knowledge"}))
TOTP = Means(name="totp", factors=frozenset({"possession"}))
PASSKEY = Means(name="passkey", factors=frozenset({"possession", "inherence"}), phishing_resistant=True)
CODES = Means(name="recovery_codes", factors=frozenset({"possession"}), stands_in=True)
MAIL = Means(name="email_code")


def judged(requires, had, left, *sometimes):
    required = Required(
        always=parse_requirement(requires),
        sometimes=tuple(parse_requirement(f"({requires}) and ({each})") for each in sometimes),
    )
    return judge_removal(required, before=tuple(had), after=tuple(left))


@pytest.mark.parametrize(
    ("requires", "had", "left", "verdict"),
    [
        ("password", [PASSWORD], [], "last"),
        ("password or passkey", [PASSWORD, PASSKEY], [PASSKEY], "fine"),
        ("password or passkey", [PASSWORD, PASSKEY], [PASSWORD], "weaker"),
        ("password or passkey", [PASSKEY], [], "last"),
        ("password", [PASSWORD, PASSKEY], [PASSKEY], "last"),
        ("password and totp", [PASSWORD, TOTP], [PASSWORD], "last"),
        ("password and (totp or passkey)", [PASSWORD, TOTP, PASSKEY], [PASSWORD, PASSKEY], "fine"),
        ("password", [PASSWORD, TOTP], [PASSWORD], "weaker"),
        # Recovery codes run out: they keep nobody's way open.
        ("password and totp", [PASSWORD, TOTP, CODES], [PASSWORD, CODES], "last"),
        ("password", [PASSWORD, CODES], [PASSWORD], "fine"),
        # A mail alone lets in by the words of the rule, and shows nothing.
        ("password or email_code", [PASSWORD, MAIL], [MAIL], "last"),
        # Who can't sign in as things are loses nothing.
        ("password and totp", [PASSWORD, PASSKEY], [PASSWORD], "weaker"),
        ("password and totp", [TOTP], [], "last"),
        ("password", [PASSWORD, TOTP, PASSKEY], [PASSWORD, PASSKEY], "fine"),
    ],
)
def test_what_a_removal_does(requires, had, left, verdict):
    assert judged(requires, had, left) == verdict


def test_what_only_some_sign_ins_need_is_asked_twice():
    assert judged("password", [PASSWORD, PASSKEY, TOTP], [PASSWORD, TOTP], "passkey") == "weaker"
    assert judged("password", [PASSWORD, PASSKEY, TOTP], [PASSWORD, PASSKEY], "passkey") == "fine"
    assert judged("password", [PASSWORD, PASSKEY, TOTP], [PASSWORD, PASSKEY], "webhook") == "fine"


def test_what_is_not_usable_keeps_nothing_open():
    dead = Means(name="passkey", factors=PASSKEY.factors, usable=False)
    assert judged("password or passkey", [PASSWORD, dead], [dead]) == "last"
