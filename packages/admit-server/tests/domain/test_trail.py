"""The trail tells everything to the administrator, and no secret to anybody."""

import pytest

from admit_server.domain.trail import LONGEST, MOST, Trail, shown, without_secrets


def written(trail: Trail):
    return trail.checks(code="invalid_grant", rule="the rule", found="what broke it")


def test_checks_stand_in_the_order_in_which_they_were_made():
    trail = Trail()
    trail.passed("client", "one of ours", "web")
    trail.failed("code", "unused", "used")
    assert [(c.name, c.expected, c.found, c.passed) for c in written(trail)] == [
        ("client", "one of ours", "web", True),
        ("code", "unused", "used", False),
    ]


def test_a_refusal_whose_check_nobody_wrote_down_is_told_by_its_rule():
    trail = Trail()
    trail.passed("client", "one of ours", "web")
    assert written(trail)[-1].__class__.__name__ == "Check"
    assert (written(trail)[-1].name, written(trail)[-1].expected, written(trail)[-1].passed) == (
        "invalid_grant",
        "the rule",
        False,
    )


def test_a_unit_that_begins_again_writes_nothing_twice():
    trail = Trail()
    trail.passed("before")
    mark = trail.mark()
    for _ in range(3):
        trail.back_to(mark)
        trail.failed("inside", True, False)
    assert [check.name for check in written(trail)] == ["before", "inside"]


def test_the_trail_is_bounded():
    trail = Trail()
    for number in range(500):
        trail.passed(f"check {number}")
    assert len(written(trail)) == MOST
    assert not written(trail)[-1].passed


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "nothing"),
        (True, "yes"),
        (False, "no"),
        (7, "7"),
        (frozenset({"b", "a"}), "a b"),
        (frozenset(), ""),
        ("a\x1b[31m\u202eb\n", "a?[31m?b?"),
        ("x" * 300, "x" * (LONGEST - 3) + "..."),
    ],
)
def test_values_are_shown_printable_and_short(value, text):
    assert shown(value) == text


@pytest.mark.parametrize(
    "secret",
    [
        "adm_rt_" + "Ab1" * 16,
        "adm_cs_0123456789",
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.c2ln",
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.",
    ],
)
def test_what_looks_like_a_secret_is_struck_out_wherever_it_stands(secret):
    assert secret not in shown(f"unknown client {secret} here")
    assert "(a token)" in shown(secret)
    assert secret[4:] not in shown("y" * (LONGEST - 10) + secret)


def test_a_bare_client_id_holds_nothing_but_a_proof_or_a_token_does():
    trail = Trail()
    assert trail.holder is None
    trail.client_id = "web"
    assert trail.holder is None
    trail.user_id = "usr_1"
    assert trail.holder == ("usr_1", 10)
    trail.grant_id = "grt_1"
    assert trail.holder == ("web", 60)
    trail.grant_id, trail.proved = None, True
    assert trail.holder == ("web", 60)


def test_a_path_is_kept_without_tokens_bounded_and_printable():
    token = "adm_at_" + "a" * 49
    assert without_secrets("/orders/7") == "/orders/7"
    assert without_secrets(f"/reset/{token}/x") == "/reset/(a token)/x"
    assert without_secrets("/a\x00\ud800b") == "/a??b"
    assert len(without_secrets("/" + "x" * 600)) == 512
