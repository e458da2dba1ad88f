"""The laws of the token policy, and its bounds."""

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admit_server.domain.token_policy import SERVER_DEFAULT, BoundedPolicy, TokenPolicy

DAY_S = 86_400
YEARS_S = 3650 * DAY_S


def maybe(low: int, high: int) -> st.SearchStrategy[int | None]:
    return st.none() | st.integers(low, high)


policies = st.builds(
    TokenPolicy,
    lifetime_s=maybe(30, DAY_S),
    end_with_session=st.booleans(),
    refresh_lifetime_s=maybe(60, YEARS_S),
    refresh_idle_s=maybe(60, YEARS_S),
    refresh_reuse_window_s=maybe(0, 300),
)


def no_looser(a: object, b: object) -> bool:
    """Whether a limit is at least as strict as another; None and False are no limit at all."""
    if isinstance(b, bool):
        return a is True or not b
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
        assert value in (of_a, of_b)


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
    assert TokenPolicy(**a.as_dict()) == a


@pytest.mark.parametrize(
    ("field", "low", "high"),
    [
        ("lifetime_s", 30, DAY_S),
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
    assert bounded.as_dict() == {f.name: getattr(SERVER_DEFAULT & a, f.name) for f in fields(TokenPolicy)}


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
