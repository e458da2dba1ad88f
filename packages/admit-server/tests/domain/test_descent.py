"""Where tokens come from."""

from admit_server.domain.descent import NOT_A_CHILD, Ancestor, Descent

ONE, TWO = Ancestor("grt_1", "tok_1"), Ancestor("grt_2", "tok_2")


def test_each_generation_is_named_and_the_first_comes_first():
    child = NOT_A_CHILD.child(ONE, by="app", of="app", client_id=None)
    grandchild = child.child(TWO, by="api", of="app", client_id=None)
    assert grandchild.ancestors == (ONE, TWO)
    assert grandchild.claims() == {
        "parents": [{"grant": "grt_1", "jti": "tok_1"}, {"grant": "grt_2", "jti": "tok_2"}],
        "act": {"sub": "api"},
    }


def test_a_chain_of_actors_is_nested_with_the_present_one_outside():
    """RFC 8693 section 4.1, figure 6: the outermost `act` is the current actor."""
    chain = NOT_A_CHILD.child(ONE, by="first", of="app", client_id=None).child(
        TWO, by="second", of="first", client_id=None
    )
    assert chain.act_claim() == {"sub": "second", "act": {"sub": "first"}}


def test_who_narrows_its_own_token_is_no_actor():
    assert NOT_A_CHILD.child(ONE, by="app", of="app", client_id=None).act_claim() is None


def test_the_client_whose_token_was_first_stays_the_subject():
    child = NOT_A_CHILD.child(ONE, by="api", of="robot", client_id="robot")
    assert child.child(TWO, by="next", of="api", client_id="api").client_id == "robot"


def test_what_was_written_is_read_again():
    deep = NOT_A_CHILD.child(ONE, by="a", of="b", client_id="b").child(TWO, by="c", of="a", client_id=None)
    assert Descent.from_dict(deep.as_dict()) == deep
    assert NOT_A_CHILD.as_dict() == {}
    assert Descent.from_dict({}) == NOT_A_CHILD
    assert NOT_A_CHILD.claims() == {}
