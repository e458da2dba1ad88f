"""Denials."""

from admit_server.domain.denial import Check, Denial


def test_a_denial_keeps_its_checks_in_the_order_in_which_they_were_made():
    checks = (Check("client", "known", "known", True), Check("scope", "a", "b", False))
    denial = Denial(
        id="den_1",
        at=1,
        code="invalid_scope",
        endpoint="/token",
        client_id="c",
        user_id=None,
        network="",
        checks=checks,
    )
    assert [check.name for check in denial.checks] == ["client", "scope"]
    assert [check.passed for check in denial.checks] == [True, False]
