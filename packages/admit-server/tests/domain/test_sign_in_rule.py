"""Sign-in rules: where they hold, and what comes together."""

from dataclasses import replace

import pytest

from admit_server.domain.errors import NotAllowed
from admit_server.domain.requirement import in_words
from admit_server.domain.sign_in_rule import SignInRule, Situation, check_sign_in_rule, matches, required

RULE = SignInRule(name="admins", requires="passkey", created_at=1, updated_at=1)
HERE = Situation(
    client_id="web", audience="https://api", roles=("editor", "admin"), address="10.1.2.3", new_device=False
)


@pytest.mark.parametrize(
    ("conditions", "holds"),
    [
        ({}, True),
        ({"client_id": "web"}, True),
        ({"client_id": "other"}, False),
        ({"audience": "https://api"}, True),
        ({"audience": "https://other"}, False),
        ({"role": "admin"}, True),
        ({"role": "auditor"}, False),
        ({"network": "10.0.0.0/8"}, True),
        ({"network": "192.168.0.0/16"}, False),
        ({"network": "2001:db8::/32"}, False),
        ({"outside": "10.0.0.0/8"}, False),
        ({"outside": "192.168.0.0/16"}, True),
        ({"outside": "2001:db8::/32"}, True),
        ({"risk": "new-device"}, False),
        ({"client_id": "web", "role": "auditor"}, False),
        ({"client_id": "web", "role": "admin"}, True),
    ],
)
def test_all_of_its_conditions_have_to_hold(conditions, holds):
    assert matches(replace(RULE, **conditions), HERE) is holds


def test_an_unknown_address_is_outside_of_everything_and_inside_of_nothing():
    nowhere = replace(HERE, address="")
    assert matches(replace(RULE, outside="0.0.0.0/0"), nowhere)
    assert not matches(replace(RULE, network="0.0.0.0/0"), nowhere)


def test_a_new_device_is_a_risk():
    assert matches(replace(RULE, risk="new-device"), replace(HERE, new_device=True))


def test_rules_add_to_the_default_and_never_take_from_it():
    wide = replace(RULE, name="wide", requires="email_code or password")
    elsewhere = replace(RULE, name="elsewhere", client_id="other", requires="totp")
    requirement, found = required("password or passkey", [RULE, elsewhere, wide], HERE)
    assert in_words(requirement) == "(password or passkey) and passkey and (email_code or password)"
    assert found == [RULE, wide]
    assert in_words(required("password", [], HERE)[0]) == "password"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "No Name"}, "lower-case word"),
        ({"name": ""}, "lower-case word"),
        ({"requires": "password and"}, "missing at its end"),
        ({"network": "10.0.0.1/8"}, "no network"),
        ({"outside": "office"}, "no network"),
        ({"risk": "moon"}, "no risk"),
        ({"risk": "new-device", "client_id": "web"}, "new once"),
        ({"risk": "new-device", "audience": "https://api"}, "new once"),
    ],
)
def test_a_rule_that_can_not_be_is_refused(change, said):
    with pytest.raises(NotAllowed, match=said):
        check_sign_in_rule(replace(RULE, **change))


def test_a_good_rule_stays_as_it_is():
    assert check_sign_in_rule(replace(RULE, network="10.0.0.0/8", risk="new-device")).network == "10.0.0.0/8"
