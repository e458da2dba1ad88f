"""The laws of the token policy, and its bounds."""

import json
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admit_server.domain.token_policy import ACR_ORDER, SERVER_DEFAULT, BoundedPolicy, TokenPolicy, combine, origins

DAY_S = 86_400
YEARS_S = 3650 * DAY_S


def maybe(low: int, high: int) -> st.SearchStrategy[int | None]:
    return st.none() | st.integers(low, high)


def groups(*entries: str) -> st.SearchStrategy[frozenset[frozenset[str]]]:
    return st.frozensets(st.frozensets(st.sampled_from(entries), min_size=1), max_size=3)


policies = st.builds(
    TokenPolicy,
    lifetime_s=maybe(30, DAY_S),
    idle_timeout_s=maybe(10, DAY_S),
    max_uses=maybe(1, 1_000_000),
    end_with_session=st.booleans(),
    lease_s=maybe(15, DAY_S),
    actions=groups("GET /a", "POST /b/*", "refund"),
    networks=groups("10.0.0.0/8", "192.0.2.0/24", "2001:db8::/32"),
    hours=groups("mon-fri 08:00-18:00 UTC", "sat 10:00-12:00 UTC"),
    binding=st.frozensets(st.sampled_from(("dpop", "mtls"))),
    acr=st.none() | st.sampled_from(ACR_ORDER),
    max_auth_age_s=maybe(0, YEARS_S),
    max_sessions=maybe(1, 1000),
    deny_new_session=st.booleans(),
    format=st.sampled_from((None, "opaque")),
    refresh_lifetime_s=maybe(60, YEARS_S),
    refresh_idle_s=maybe(60, YEARS_S),
    refresh_reuse_window_s=maybe(0, 300),
)


def no_looser(a: object, b: object) -> bool:
    """Whether a limit is at least as strict as another; None and False are no limit at all."""
    if isinstance(b, bool):
        return a is True or not b
    if isinstance(b, frozenset):
        # Every group has to allow, so more groups are stricter.
        return isinstance(a, frozenset) and a >= b
    if isinstance(b, str):
        return a == b if b not in ACR_ORDER else ACR_ORDER.index(a) >= ACR_ORDER.index(b)
    return b is None or (isinstance(a, int) and isinstance(b, int) and a <= b)


@given(policies, policies, policies)
def test_combining_is_associative(a, b, c):
    assert (a & b) & c == a & (b & c)


@given(policies, policies)
def test_combining_is_commutative(a, b):
    assert a & b == b & a


@given(policies)
def test_combining_is_idempotent(a):
    assert a & a == a


@given(policies)
def test_an_empty_policy_is_neutral(a):
    assert a & TokenPolicy() == a == TokenPolicy() & a


@given(policies, policies)
def test_the_result_is_never_looser_than_either_and_invents_nothing(a, b):
    both = a & b
    for field in fields(TokenPolicy):
        value, of_a, of_b = (getattr(policy, field.name) for policy in (both, a, b))
        assert no_looser(value, of_a)
        assert no_looser(value, of_b)
        assert value == (of_a | of_b) if isinstance(value, frozenset) else value in (of_a, of_b)


@given(policies, policies)
def test_a_field_is_combined_without_regard_to_the_others(a, b):
    """So that a later field can't loosen an earlier one."""
    for field in fields(TokenPolicy):
        alone = TokenPolicy(**{field.name: getattr(a, field.name)}) & TokenPolicy(
            **{field.name: getattr(b, field.name)}
        )
        assert getattr(alone, field.name) == getattr(a & b, field.name)


@given(policies)
def test_what_is_stored_gives_the_same_policy_back(a):
    assert TokenPolicy.from_dict(json.loads(json.dumps(a.as_dict()))) == a
    bounded = (SERVER_DEFAULT & a).bounded()
    assert BoundedPolicy.from_dict(json.loads(json.dumps(bounded.as_dict()))) == bounded


@pytest.mark.parametrize(
    ("field", "low", "high"),
    [
        ("lifetime_s", 30, DAY_S),
        ("idle_timeout_s", 10, DAY_S),
        ("max_uses", 1, 1_000_000),
        ("lease_s", 15, DAY_S),
        ("max_auth_age_s", 0, YEARS_S),
        ("max_sessions", 1, 1000),
        ("refresh_lifetime_s", 60, YEARS_S),
        ("refresh_idle_s", 60, YEARS_S),
        ("refresh_reuse_window_s", 0, 300),
    ],
)
def test_every_number_has_its_bounds(field, low, high):
    TokenPolicy(**{field: low})
    TokenPolicy(**{field: high})
    for wrong in (low - 1, high + 1, -1):
        with pytest.raises(ValueError, match=f"{field} must be {low}..{high}"):
            TokenPolicy(**{field: wrong})


@given(policies)
def test_the_servers_default_bounds_everything(a):
    bounded = (SERVER_DEFAULT & a).bounded()
    assert isinstance(bounded, BoundedPolicy)
    for field in fields(TokenPolicy):
        assert getattr(bounded, field.name) == getattr(SERVER_DEFAULT & a, field.name)


def test_a_window_of_zero_stays_zero_when_bounded():
    assert (SERVER_DEFAULT & TokenPolicy(refresh_reuse_window_s=0)).bounded().refresh_reuse_window_s == 0


def test_a_policy_with_an_unlimited_number_is_not_one_to_issue_by():
    with pytest.raises(ValueError, match="needs lifetime_s, refresh_lifetime_s"):
        TokenPolicy().bounded()


@given(now=st.integers(0, 2**40), left=st.integers(0, YEARS_S))
def test_a_refresh_token_never_outlives_its_family(now, left):
    bounded = SERVER_DEFAULT.bounded()
    expires = bounded.refresh_expiry(family_ends_at=now + left, now=now)
    assert expires <= now + left
    assert expires <= now + bounded.refresh_idle_s
    assert expires in (now + left, now + bounded.refresh_idle_s)


@given(st.lists(policies, min_size=1, max_size=4))
def test_every_limit_names_a_rule_that_set_it(rules):
    named = [(f"rule {number}", policy) for number, policy in enumerate(rules)]
    combined = combine(named)
    found = {origin.name: origin for origin in origins(named)}

    assert set(found) == set(combined.as_dict())
    for origin in found.values():
        assert origin.set_by
        assert origin.value == combined.as_dict()[origin.name]


def test_the_rule_that_won_is_named_and_the_looser_is_not():
    named = [
        ("server", TokenPolicy(lifetime_s=600)),
        ("client shop", TokenPolicy(lifetime_s=60)),
        ("role", TokenPolicy(max_uses=1)),
    ]

    assert {(o.name, o.set_by) for o in origins(named)} == {("lifetime_s", ("client shop",)), ("max_uses", ("role",))}


def test_limits_that_a_resource_must_enforce_are_known_as_such():
    assert TokenPolicy(max_uses=1).enforced_by_resource
    assert TokenPolicy(networks=frozenset({frozenset({"10.0.0.0/8"})})).enforced_by_resource
    assert not TokenPolicy(lifetime_s=60, lease_s=60, end_with_session=True).enforced_by_resource


@pytest.mark.parametrize(("field", "value"), [("acr", "strong"), ("binding", frozenset({"tls"}))])
def test_an_unknown_strength_or_binding_is_refused(field, value):
    with pytest.raises(ValueError, match=field):
        TokenPolicy(**{field: value})
