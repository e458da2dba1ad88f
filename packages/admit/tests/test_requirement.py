import pytest

from admit import InsufficientScope, Principal, StepUpRequired
from admit.requirement import GOOD_TOKEN, Requirement, require

WHO = Principal.from_claims(
    {"sub": "alice", "scope": "a b", "auth_time": 4_000_000_000, "acr": "urn:admit:acr:2fa", "iss": "x", "aud": "y"}
)


def test_a_good_token_is_enough_where_nothing_is_asked():
    GOOD_TOKEN.check(WHO)
    assert require() == GOOD_TOKEN


@pytest.mark.parametrize(
    "wanted",
    [
        require("a"),
        require("a", "b", max_age=60),
        require(acr="urn:admit:acr:1fa"),
        require(acr=("gold", "urn:admit:acr:2fa")),
    ],
)
def test_what_the_token_has_is_enough(wanted):
    wanted.check(WHO)


@pytest.mark.parametrize(
    ("wanted", "refusal"),
    [
        (require("a", "c"), InsufficientScope),
        (require("c", acr="gold"), InsufficientScope),
        (require(acr="gold"), StepUpRequired),
    ],
)
def test_what_it_lacks_is_refused_scopes_first(wanted, refusal):
    with pytest.raises(refusal):
        wanted.check(WHO)


def test_one_class_of_sign_in_is_a_tuple_of_one():
    assert require("a", max_age=0, acr="gold", action="x") == Requirement(("a",), 0, ("gold",), "x")


@pytest.mark.parametrize("scope", ["a b", "", " a", None, ["a"]])
def test_what_can_be_no_scope_is_refused_when_the_route_is_made(scope):
    """`require("a b")` would ask for a scope that no token can have, and nobody would ever get in."""
    with pytest.raises(ValueError, match="an argument of its own"):
        require(scope)


@pytest.mark.parametrize("age", [-1, 1.5, True, "300"])
def test_an_age_is_whole_seconds(age):
    with pytest.raises(ValueError, match="max_age is a whole number of seconds"):
        require(max_age=age)
