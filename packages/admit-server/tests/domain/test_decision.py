"""What is recorded of a decision."""

from admit_server.domain.decision import BY_POLICY, Decision
from admit_server.domain.remedies import REMEDIES


def test_a_decision_needs_no_more_than_its_time_and_kind():
    assert Decision(1, "check").code == ""


def test_codes_of_policies_are_codes_that_the_server_has():
    assert BY_POLICY - {"refresh_expired"} <= set(REMEDIES), "refresh_expired is invalid_grant to its caller"
