from dataclasses import dataclass

import pytest

from admit import InvalidRequest
from admit.path_rules import PathRules
from admit.requirement import GOOD_TOKEN, Requirement, require

READ, WRITE, ADMIN = Requirement(("read",)), Requirement(("write",)), require("admin", max_age=300)
RULES = PathRules(
    public=["/health", "GET /static/**"],
    rules={"GET /items/*": "read", "* /items/*": "write", "/admin/**": ADMIN, "/**": require()},
)


@dataclass
class Asked:
    method: str = "GET"


def wanted(line, rules=RULES):
    method, path = line.split(" ", 1)
    return rules.requirement(Asked(method), path)


@pytest.mark.parametrize(
    ("line", "requirement"),
    [
        ("GET /health", None),
        ("POST /health", None),
        ("GET /static/a/b.css", None),
        ("HEAD /static/a.css", None),
        ("POST /static/a.css", GOOD_TOKEN),
        ("GET /items/7", READ),
        ("HEAD /items/7", READ),
        ("DELETE /items/7", WRITE),
        ("GET /items/7/8", GOOD_TOKEN),
        ("GET /admin/x/y", ADMIN),
        ("GET /", GOOD_TOKEN),
    ],
)
def test_the_first_rule_that_matches_counts(line, requirement):
    assert wanted(line) == requirement


@pytest.mark.parametrize(
    ("line", "requirement"), [("GET /admin", ADMIN), ("GET /admin/", ADMIN), ("GET /items/7/", READ)]
)
def test_a_slash_at_the_end_is_no_way_around_a_rule(line, requirement):
    """Many routers serve both."""
    assert wanted(line) == requirement


def test_a_slash_at_the_end_opens_nothing():
    assert wanted("GET /health/") == GOOD_TOKEN


@pytest.mark.parametrize(
    "path",
    ["//admin/x", "/static/../admin/x", "/static/./x", "/admin\\x", "/static/..;/admin", "/a%2fb", "/a\x00b", "*"],
)
def test_a_path_that_others_may_read_differently_is_refused(path):
    with pytest.raises(InvalidRequest):
        RULES.requirement(Asked(), path)


def test_long_paths_are_judged_and_not_remembered():
    rules = PathRules(public=["/health"])

    for number in range(50):
        assert rules.requirement(Asked(), "/" + "a" * 300 + str(number)) == GOOD_TOKEN
        assert rules.requirement(Asked("M" * 300 + str(number)), "/items") == GOOD_TOKEN
    assert rules._found.cache_info().currsize == 0


def test_without_rules_everything_wants_a_good_token():
    rules = PathRules(public=["/health"])
    assert (wanted("GET /health", rules), wanted("DELETE /x", rules)) == (None, GOOD_TOKEN)


def test_rules_have_to_say_something_about_the_rest():
    """A rule for reading and one for writing, and nobody thought of PATCH."""
    with pytest.raises(ValueError, match='end them with "/\\*\\*"'):
        PathRules(rules={"GET /items": "read", "POST /items": "write"})


@pytest.mark.parametrize("entry", ["items", "get /items", "GET", "GET  /items", "/a/**/b/**", "/a//b", "/a?b", 7, None])
def test_an_entry_that_is_not_written_so_is_refused(entry):
    with pytest.raises(ValueError, match=r"entry|path|segment"):
        PathRules(public=[entry])


def test_one_path_as_text_is_a_slip():
    with pytest.raises(ValueError, match=r'write public=\["/health"\]'):
        PathRules(public="/health")


@pytest.mark.parametrize("what", [None, "", 5, ["a"]])
def test_what_a_rule_asks_for_is_a_scope_or_a_requirement(what):
    with pytest.raises(ValueError, match="write a scope, or require"):
        PathRules(rules={"/**": what})


def test_rules_in_a_list_are_refused_with_how_to_write_them():
    with pytest.raises(ValueError, match="rules is a mapping"):
        PathRules(rules=[("/**", "read")])
