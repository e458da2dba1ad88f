"""The limits of a token: their laws, their claim, and that nothing is read more loosely than it was written."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admit.limits import Attempt, InvalidLimit, Limits, groups_of

NOON = 1_785_931_200.0  # a Wednesday

ACTIONS = ("GET /a", "POST /a", "* /b/*", "GET /b/**", "refund")
NETWORKS = ("10.0.0.0/8", "10.1.0.0/16", "192.0.2.0/24", "2001:db8::/32")
HOURS = ("mon-fri 08:00-18:00 UTC", "wed 11:00-13:00 UTC", "sat 22:00-04:00 Europe/Berlin")


def groups(entries: tuple[str, ...]) -> st.SearchStrategy[frozenset[frozenset[str]]]:
    return st.frozensets(st.frozensets(st.sampled_from(entries), min_size=1), max_size=3)


limits = st.builds(
    Limits,
    actions=groups(ACTIONS),
    networks=groups(NETWORKS),
    hours=groups(HOURS),
    max_uses=st.none() | st.integers(1, 10**6),
    idle_timeout_s=st.none() | st.integers(10, 86_400),
)
attempts = st.builds(
    Attempt,
    method=st.sampled_from(("GET", "POST", None)),
    path=st.sampled_from(("/a", "/b/1", "/b/1/2", "/b/../a", None)),
    action=st.sampled_from(("refund", "cancel", None)),
    address=st.sampled_from(("10.1.2.3", "10.9.9.9", "192.0.2.1", "2001:db8::1", "203.0.113.1", "junk", None)),
)
moments = st.integers(1_785_700_000, 1_786_400_000)


def both(a: Limits, b: Limits) -> Limits:
    """As policies combine: their groups side by side."""
    return Limits(actions=a.actions | b.actions, networks=a.networks | b.networks, hours=a.hours | b.hours)


@given(limits, limits, attempts, moments)
def test_two_limits_side_by_side_allow_what_both_allow_and_nothing_else(a, b, attempt, now):
    allowed = [each.violation(attempt, now=now) is None for each in (a, b, both(a, b))]
    assert allowed[2] is (allowed[0] and allowed[1])


@given(limits, attempts, moments)
def test_more_groups_never_allow_more(a, attempt, now):
    if a.violation(attempt, now=now) is not None:
        assert both(a, Limits(networks=groups_of(NETWORKS))).violation(attempt, now=now) is not None


@given(limits)
def test_a_claim_gives_the_same_limits_back(a):
    assert Limits.from_claim(json.loads(json.dumps(a.as_claim()))) == a


@given(limits, attempts, moments)
def test_a_claim_is_judged_as_what_it_was_made_of(a, attempt, now):
    assert Limits.from_claim(a.as_claim()).violation(attempt, now=now) == a.violation(attempt, now=now)


@given(attempts, moments)
def test_no_limits_forbid_nothing(attempt, now):
    assert Limits().violation(attempt, now=now) is None
    assert not Limits()


@given(limits, moments)
def test_what_is_not_known_is_not_allowed(a, now):
    violation = a.violation(Attempt(), now=now)
    assert (violation is not None) >= bool(a.actions or a.networks)


def test_limits_that_only_the_server_counts_are_limits():
    assert Limits(max_uses=1)
    assert Limits(max_uses=1).counted
    assert Limits(idle_timeout_s=60).counted
    assert not Limits(actions=groups_of(("GET /a",))).counted


@pytest.mark.parametrize(
    ("limited", "attempt", "code", "expected", "found"),
    [
        (
            Limits(actions=groups_of(("POST /a", "GET /a"))),
            Attempt(method="GET", path="/b"),
            "action_not_allowed",
            "GET /a or POST /a",
            "GET /b",
        ),
        (Limits(actions=groups_of(("refund",))), Attempt(action="cancel"), "action_not_allowed", "refund", "cancel"),
        (Limits(actions=groups_of(("refund",))), Attempt(), "action_not_allowed", "refund", "no request known"),
        (
            Limits(networks=groups_of(("10.0.0.0/8",))),
            Attempt(address="203.0.113.1"),
            "network_not_allowed",
            "10.0.0.0/8",
            "203.0.113.1",
        ),
        (
            Limits(networks=groups_of(("10.0.0.0/8",))),
            Attempt(),
            "network_not_allowed",
            "10.0.0.0/8",
            "no address known",
        ),
        (
            Limits(hours=groups_of(("sat 08:00-18:00 UTC",))),
            Attempt(),
            "hour_not_allowed",
            "sat 08:00-18:00 UTC",
            "Wed 12:00 UTC",
        ),
    ],
)
def test_a_violation_says_what_is_allowed_and_what_was_tried(limited, attempt, code, expected, found):
    violation = limited.violation(attempt, now=NOON)

    assert violation is not None
    assert (violation.code, violation.expected, violation.found) == (code, expected, found)


@pytest.mark.parametrize(
    "claim",
    [
        None,
        True,
        [],
        "all",
        {"colours": [["red"]]},
        {"max_uses": 0},
        {"max_uses": -1},
        {"max_uses": True},
        {"max_uses": 1.0},
        {"max_uses": "1"},
        {"max_uses": None},
        {"idle_timeout_s": 0},
        {"actions": []} | {"actions": "GET /a"},
        {"actions": ["GET /a"]},
        {"actions": [[]]},
        {"actions": [["GET /a"], []]},
        {"actions": [[1]]},
        {"actions": None},
        {"actions": {"any": ["GET /a"]}},
        {"networks": [["10.0.0.1/8"]]},
        {"hours": [["always"]]},
        {"_checks": []},
    ],
)
def test_a_claim_that_is_not_understood_whole_is_refused(claim):
    with pytest.raises(InvalidLimit):
        Limits.from_claim(claim)


def test_equal_limits_are_equal_whatever_order_they_were_written_in():
    assert Limits(actions=groups_of(ACTIONS)) == Limits(actions=groups_of(tuple(reversed(ACTIONS))))
    assert len({Limits(actions=groups_of(ACTIONS)), Limits(actions=groups_of(tuple(reversed(ACTIONS))))}) == 1
