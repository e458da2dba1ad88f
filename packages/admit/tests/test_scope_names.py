import pytest

from admit import InsufficientScope, Principal


@pytest.mark.parametrize("scope", [["cart"], "cart pay", "", None, "cart\t"])
def test_what_no_token_can_have_is_a_mistake_of_the_program_and_no_missing_scope(scope):
    who = Principal(subject="alice", scopes=["cart"])

    with pytest.raises(ValueError, match="is no scope: write each as an argument of its own"):
        who.require(scope)


def test_a_scope_that_is_missing_is_still_refused_to_the_caller():
    who = Principal(subject="alice", scopes=["cart"])

    with pytest.raises(InsufficientScope):
        who.require("pay")
    assert not who.has("pay")


def test_classes_of_sign_in_are_written_one_by_one():
    with pytest.raises(ValueError, match="as an argument of its own"):
        Principal(subject="alice", acr="gold").require_acr(["gold"])
