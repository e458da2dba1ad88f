import pytest

from admit.limits import groups_of
from admit_server.domain.check_request import read_request
from admit_server.domain.check_rule import CheckRule
from admit_server.domain.errors import NotAllowed
from admit_server.domain.token_policy import TokenPolicy
from admit_server.flows.rule_set import RuleSet, check_policy, path_matcher
from admit_server.ports.check_rules import RuleInForce


def rules(*written, **limits):
    """Rules written as "METHODS host/path"; their ids are their places in the list."""
    made = []
    for number, text in enumerate(written):
        *methods, place = text.split()
        host, slash, path = place.partition("/")
        rule = CheckRule(
            id=str(number),
            host=host,
            path=slash + path,
            methods=frozenset(methods),
            audience="https://api.example",
            created_at=0,
            updated_at=0,
        )
        made.append(RuleInForce(rule=rule, limits=TokenPolicy(**limits) if limits else None))
    return RuleSet(made)


def decider(of, uri, *, method="GET", host="a.example"):
    found = of.decide(read_request(method=method, host=host, uri=uri))
    return None if found is None else int(found.in_force.rule.id)


@pytest.mark.parametrize(
    ("uri", "number"),
    [("/", 0), ("/x", 0), ("/admin", 1), ("/admin/", 1), ("/ADMIN/x/y", 1), ("/admin/log", 2), ("/Admin/LOG/", 2), ("/a/b/c", 3)],
)  # fmt: skip
def test_the_most_specific_path_decides_whatever_the_case_and_the_slash_at_the_end(uri, number):
    assert decider(rules("*/**", "*/admin/**", "*/admin/log", "*/a/*/c"), uri) == number


@pytest.mark.parametrize(("host", "number"), [("a.example", 0), ("b.example", 1), ("example", 2)])
def test_the_host_comes_before_the_path(host, number):
    assert decider(rules("a.example/**", "*.example/x/**", "*/x/y"), "/x/y", host=host) == number


@pytest.mark.parametrize(
    ("method", "number"), [("GET", 0), ("HEAD", 0), ("POST", 1), ("PUT", 1), ("DELETE", None), ("PATCH", None)]
)
def test_a_path_with_rules_of_its_own_is_decided_by_these_alone(method, number):
    assert decider(rules("GET */x", "POST PUT */x", "*/**"), "/x", method=method) == number


def test_a_rule_for_all_methods_is_for_those_that_no_other_of_its_place_names():
    of = rules("*/x", "POST */x")
    assert [decider(of, "/x", method=method) for method in ("GET", "POST", "HEAD")] == [0, 1, 0]


def test_head_follows_get_unless_a_rule_names_it():
    assert decider(rules("GET */x", "HEAD */x"), "/x", method="HEAD") == 1


def test_the_order_in_which_rules_were_written_does_not_matter():
    written = ["*/**", "*/a/**", "*/a/*", "*/a/b", "a.example/**"]
    for rotated in range(len(written)):
        order = written[rotated:] + written[:rotated]
        assert order[decider(rules(*order), "/a/b", host="b.example")] == "*/a/b"


def test_where_no_rule_matches_nobody_decides():
    assert decider(rules(), "/") is None
    assert decider(rules("*/x/*"), "/x/") is None
    assert decider(rules("b.example/**"), "/x") is None


@pytest.mark.parametrize("pattern", ["x", "", "/a//b", "/a/../b", "/a?b", "/%61", "/**/a/**", "/a*b*c"])
def test_a_pattern_that_is_not_written_like_an_action_is_refused(pattern):
    with pytest.raises(NotAllowed) as refused:
        path_matcher(pattern)
    assert repr(pattern) in str(refused.value)  # as it was written, without the method that nobody wrote


@pytest.mark.parametrize(
    "limits", [{"max_uses": 1}, {"lifetime_s": 60}, {"actions": groups_of(["GET /x"])}, {"format": "opaque"}]
)
def test_a_policy_with_limits_of_an_issue_is_none_for_a_rule(limits):
    with pytest.raises(NotAllowed, match="when a token is issued"):
        check_policy(TokenPolicy(**limits), name="p", public=False)


def test_a_public_rule_can_not_ask_how_somebody_signed_in():
    check_policy(TokenPolicy(max_auth_age_s=60), name="p", public=False)
    with pytest.raises(NotAllowed, match="public"):
        check_policy(TokenPolicy(max_auth_age_s=60), name="p", public=True)


def test_hours_in_a_zone_that_this_machine_does_not_know_leave_the_rule_in_its_place():
    """Left out, a wider rule would decide instead."""
    of = rules("*/x", hours=groups_of(["mon-fri 08:00-18:00 Nowhere/Atall"]))
    found = of.decide(read_request(method="GET", host="a.example", uri="/x"))
    assert found is not None
    assert found.limits is None
