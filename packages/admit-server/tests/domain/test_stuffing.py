"""When tries look like stuffing, and when they are only many people."""

import pytest

from admit_server.domain.stuffing import Seen, StuffingRule, is_stuffing

RULE = StuffingRule(accounts=30, networks=15, ratio=2)


@pytest.mark.parametrize(
    ("failed", "networks", "signed_in", "stuffing"),
    [
        (30, 15, 0, True),
        (30, 15, 15, True),
        (400, 200, 8, True),
        (29, 29, 0, False),  # few accounts
        (500, 14, 0, False),  # few networks: their own counters stop them
        (30, 30, 16, False),  # many people, of whom some forgot a password
        (2000, 1500, 40_000, False),
    ],
)
def test_many_accounts_from_many_networks_of_which_few_sign_in(failed, networks, signed_in, stuffing):
    assert is_stuffing(Seen(failed=failed, networks=networks, signed_in=signed_in), RULE) is stuffing


def test_it_can_be_switched_off():
    assert not is_stuffing(Seen(failed=10_000, networks=5000, signed_in=0), StuffingRule(accounts=0))
