"""The one decision, case by case: no database, no clock, no server."""

from dataclasses import replace

import pytest

from admit.limits import Attempt, body_digest, groups_of
from admit_server.domain.check_rule import CheckRule
from admit_server.domain.confirmation import Confirmation
from admit_server.domain.grant import Grant
from admit_server.domain.token_policy import SERVER_DEFAULT, TokenPolicy
from admit_server.domain.transaction import Transaction
from admit_server.flows.rule_set import RuleSet
from admit_server.flows.token_status import BadToken, GoodToken
from admit_server.flows.verdict import Denied, MayPass, before_token, verdict
from admit_server.ports.check_rules import RuleInForce

API, NOW = "https://api.example", 1_800_000_000
TRIED = Attempt(method="GET", path="/x", address="192.0.2.1")
ONE, TWO, PHR = "urn:admit:acr:1fa", "urn:admit:acr:2fa", "urn:admit:acr:phr"


def compiled(limits=None, *, upstream=False, **values):
    given = {"id": "rul_1", "host": "*", "path": "/x", "audience": API, "created_at": 0, "updated_at": 0} | values
    rules = RuleSet([RuleInForce(CheckRule(**given), limits, upstream)])
    (place,) = rules._places
    return place.rules[0]


def token(*, scopes=("a",), audience=API, acr=ONE, auth_time=NOW - 100, **limits):
    grant = Grant(
        id="grt_1",
        user_id="usr_1",
        client_id="cli_1",
        session_id=None,
        audience=audience,
        scopes=frozenset(scopes),
        policy=(SERVER_DEFAULT & TokenPolicy(**limits)).bounded(),
        auth_time=auth_time,
        acr=acr,
        amr=("pwd",),
        format="jwt",
        created_at=NOW,
        expires_at=NOW + 600,
    )
    return GoodToken(
        format="opaque",
        id="tok_1",
        grant=grant,
        audience=audience,
        scopes=frozenset(scopes),
        issued_at=NOW,
        expires_at=NOW + 600,
    )


def decided(rule, status, attempt=TRIED):
    outcome = verdict(rule, status, attempt, now=NOW)
    return outcome.use if isinstance(outcome, MayPass) else (outcome.status, outcome.code, outcome.error)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (None, (401, "missing_token", None)),
        (BadToken("token_expired"), (401, "token_expired", "invalid_token")),
        (BadToken("malformed_token"), (401, "malformed_token", "invalid_token")),
        (token(audience="https://other.example"), (401, "wrong_audience", "invalid_token")),
        (token(binding=frozenset({"dpop"})), (401, "token_bound", "invalid_token")),
        (replace(token(), cnf=Confirmation(jkt="x")), (401, "token_bound", "invalid_token")),
        (replace(token(), cnf=Confirmation(x5t="x")), (401, "token_bound", "invalid_token")),
        (token(actions=groups_of(["POST /x"])), (401, "action_not_allowed", "invalid_token")),
        (token(networks=groups_of(["10.0.0.0/8"])), (401, "network_not_allowed", "invalid_token")),
        (token(scopes=()), (403, "insufficient_scope", "insufficient_scope")),
        (token(), "none"),
        (token(networks=groups_of(["192.0.2.0/24"]), actions=groups_of(["GET /*"])), "none"),
    ],
)
def test_a_token_passes_or_is_refused_for_one_reason(status, expected):
    assert decided(compiled(scopes=frozenset({"a"})), status) == expected


@pytest.mark.parametrize("counted", [{"max_uses": 3}, {"idle_timeout_s": 60}])
@pytest.mark.parametrize(
    ("redeem", "upstream", "expected"),
    [
        (True, False, "here"),
        (True, True, "here"),
        (False, True, "upstream"),
        (False, False, (401, "limits_not_enforceable", "invalid_token")),
    ],
)
def test_a_counted_token_passes_only_where_somebody_counts(counted, redeem, upstream, expected):
    assert decided(compiled(redeem=redeem, upstream=upstream), token(**counted)) == expected


@pytest.mark.parametrize(
    ("redeem", "upstream", "expected"),
    [
        (False, True, "upstream"),
        (False, False, (401, "transaction_mismatch", "invalid_token")),
        (True, True, (401, "transaction_mismatch", "invalid_token")),
    ],
)
def test_the_ticket_of_a_transaction_passes_only_to_who_compares_its_body(redeem, upstream, expected):
    status = token(max_uses=1)
    approved = Transaction("payment", "GET /x", body_digest(b"x"), ())
    status = replace(status, grant=replace(status.grant, transaction=approved))
    assert decided(compiled(redeem=redeem, upstream=upstream), status) == expected


def test_a_bound_token_passes_only_to_who_checks_its_proof():
    bound = replace(token(), cnf=Confirmation(jkt="x"))
    assert decided(compiled(upstream=True), bound) == "upstream"
    assert decided(compiled(upstream=True), token(binding=frozenset({"dpop"}))) == "upstream"
    assert decided(compiled(upstream=True, redeem=True), bound) == (401, "token_bound", "invalid_token")


def test_what_is_not_counted_is_not_redeemed():
    assert decided(compiled(redeem=True), token()) == "none"


@pytest.mark.parametrize(
    ("wanted", "status", "passes"),
    [
        ({"acr": TWO}, {"acr": ONE}, False),
        ({"acr": TWO}, {"acr": TWO}, True),
        ({"acr": TWO}, {"acr": PHR}, True),
        ({"acr": ONE}, {"acr": ""}, False),
        ({"acr": ONE}, {"acr": "gold"}, False),
        ({"max_auth_age_s": 100}, {}, True),
        ({"max_auth_age_s": 99}, {}, False),
        ({"max_auth_age_s": 99}, {"auth_time": None}, False),
    ],
)
def test_a_rule_may_ask_for_a_strong_and_fresh_sign_in(wanted, status, passes):
    outcome = verdict(compiled(TokenPolicy(**wanted)), token(**status), TRIED, now=NOW)
    if passes:
        assert outcome == MayPass()
    else:
        assert isinstance(outcome, Denied)
        assert (outcome.status, outcome.error) == (401, "insufficient_user_authentication")
        assert (outcome.acr, outcome.max_age_s) == (wanted.get("acr"), wanted.get("max_auth_age_s"))


def before(rule, attempt=TRIED):
    denied = before_token(rule, attempt, now=NOW)
    return None if denied is None else (denied.status, denied.code)


def test_networks_of_a_rule_forbid_by_403_for_no_token_would_help():
    rule = compiled(TokenPolicy(networks=groups_of(["10.0.0.0/8"])))
    assert before(rule) == (403, "network_not_allowed")
    assert before(rule, Attempt(address="10.1.1.1")) is None
    assert before(rule, replace(TRIED, address=None)) == (403, "network_not_allowed")


@pytest.mark.parametrize(
    "limits", [{"max_uses": 1}, {"lifetime_s": 60}, {"hours": groups_of(["mon 08:00-09:00 No/Zone"])}]
)
def test_a_policy_that_the_rule_can_not_keep_refuses(limits):
    """It was changed after the rule was made, past every check."""
    assert before(compiled(TokenPolicy(**limits))) == (403, "limits_not_enforceable")


def test_a_public_rule_that_asks_for_a_sign_in_refuses():
    assert before(compiled(TokenPolicy(max_auth_age_s=60), audience=None)) == (403, "limits_not_enforceable")
