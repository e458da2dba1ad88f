import pytest
from hypothesis import given
from hypothesis import strategies as st

from admit_server.domain.check_rule import CheckRule, check_rule, specificity
from admit_server.domain.errors import NotAllowed


def rule(**values):
    given = {
        "id": "rul_1",
        "host": "*",
        "path": "/x",
        "audience": "https://api.example",
        "created_at": 0,
        "updated_at": 0,
    }
    return CheckRule(**(given | values))


@pytest.mark.parametrize(
    ("pattern", "host", "matches"),
    [
        ("*", "a.example", True),
        ("a.example", "a.example", True),
        ("a.example", "b.a.example", False),
        ("*.example", "a.example", True),
        ("*.example", "b.a.example", True),
        ("*.example", "example", False),
        ("*.example", "badexample", False),
    ],
)
def test_a_host_pattern_is_a_name_or_whatever_is_below_one(pattern, host, matches):
    assert rule(host=pattern).matches_host(host) is matches


@pytest.mark.parametrize("host", ["", "a.example:80", "A.example", "*a.example", "a.*.example", "a..b", "a/b", "**"])
def test_another_host_pattern_is_refused(host):
    with pytest.raises(NotAllowed, match="host"):
        check_rule(rule(host=host))


def test_a_method_in_small_letters_is_refused():
    with pytest.raises(NotAllowed, match="capital"):
        check_rule(rule(methods=frozenset({"get"})))


@pytest.mark.parametrize("extra", [{"scopes": frozenset({"a"})}, {"redeem": True}, {"action": "x"}])
def test_a_public_rule_asks_nothing_of_a_token(extra):
    assert check_rule(rule(audience=None)).public
    with pytest.raises(NotAllowed, match="public"):
        check_rule(rule(audience=None, **extra))


def test_places_are_ordered_from_the_most_specific_on():
    ordered = [
        ("api.example", "/**"),
        ("*.long.example", "/"),
        ("*.example", "/a"),
        ("*", "/a/b/c"),
        ("*", "/a/b*"),
        ("*", "/a/*/c"),
        ("*", "/a/*"),
        ("*", "/a"),
        ("*", "/a/**/z"),
        ("*", "/a/**"),
        ("*", "/*"),
        ("*", "/**"),
    ]
    assert sorted(set(ordered), key=specificity) == ordered


PLACE = st.tuples(
    st.sampled_from(["*", "*.example", "a.example"]),
    st.lists(st.sampled_from(["a", "b", "a*", "*", "**"]), max_size=3).map(lambda s: "/" + "/".join(s)),
)


@given(PLACE, PLACE)
def test_the_order_of_two_places_is_never_open(one, other):
    assert (specificity(one) == specificity(other)) is (one == other)
