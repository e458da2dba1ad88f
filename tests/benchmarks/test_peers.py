"""The race against other libraries: what it compares, whom it times, and that its own tokens are what it says.

The figures themselves are measured by `make bench-peers`, and asserted nowhere.
"""

import base64

import pytest
from benchmarks.peers import adapters, goals, race, report, tokens

import admit

HS256 = tokens.make_keys("HS256")


class Worker:
    """A contestant that gives prepared answers."""

    def __init__(self, answer):
        self._answer = answer

    def ask(self, what, *, alg, tokens):
        return [self._answer(token) for token in tokens]


def checker():
    keys = HS256.as_json() | {"secret": HS256.secret}
    return adapters.admit("HS256", keys)[0]


def why(check, token):
    try:
        check(token)
    except admit.AdmitError as error:
        return error.code
    return None


def test_tokens_are_of_one_size_and_all_different():
    made = tokens.good(HS256, first=0, count=50)
    assert len(set(made)) == 50
    for token in made:
        payload = token.split(".")[1]
        assert len(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))) == tokens.PAYLOAD_BYTES


def test_bad_tokens_are_bad_for_the_reason_they_are_called_by():
    check = checker()
    codes = {what: why(check, token) for what, token in tokens.bad(HS256).items()}
    assert codes == {
        "expired": "token_expired",
        "not yet valid": "token_not_yet_valid",
        "for another audience": "wrong_audience",
        "of another issuer": "wrong_issuer",
        "signed by another key": "bad_signature",
        "with the payload of another": "bad_signature",
        "with one bit of the signature turned": "bad_signature",
        "without a signature": "algorithm_not_allowed",
    }


def test_a_contestant_that_judges_rightly_is_found_to_do_nothing_wrong():
    check = checker()
    wrong, takes = race.judged(Worker(lambda token: why(check, token)), {"HS256": HS256}, ["HS256"])
    assert (wrong, takes) == ([], ["of another type (an ID token)"])


def test_a_contestant_that_takes_everything_is_found_out():
    wrong, takes = race.judged(Worker(lambda token: None), {"HS256": HS256}, ["HS256"])
    assert len(wrong) == len(tokens.bad(HS256))
    assert len(takes) == len(tokens.doubtful(HS256))


def test_a_contestant_that_refuses_good_tokens_is_found_out():
    wrong, _ = race.judged(Worker(lambda token: "Broken"), {"HS256": HS256}, ["HS256"])
    assert wrong == ["HS256: refuses a good token: Broken"] * 2


def test_figures_are_compared_round_by_round():
    # Each round is twice as fast; the medians over all rounds alone would say something else.
    rows = {"first HS256": {"admit": [1.0, 10.0, 3.0], "PyJWT 2.15": [2.0, 20.0, 30.0]}}
    goal = goals.Goal("first HS256", "admit", "times as fast as", 2.5, "PyJWT 2.15")
    found = goals.outcome(goal, rows)
    assert (found.found, found.reached) == (2.0, False)


@pytest.mark.parametrize(
    ("kind", "value", "reached"),
    [("times as fast as", 2, True), ("of the bare", 2.1, False), ("on top of", 0.5, True), ("on top of", 0.4, False)],
)
def test_a_goal_is_reached_or_missed_in_its_own_direction(kind, value, reached):
    rows = {"first HS256": {"admit": [500.0], "other": [1000.0]}}
    rows |= {"on top first HS256": {"admit": [500.0]}, "share first HS256": {"admit": [2.0]}}
    assert goals.outcome(goals.Goal("first HS256", "admit", kind, value, "other"), rows).reached is reached


def test_what_did_not_race_is_neither_reached_nor_missed():
    goal = goals.Goal("first PS256", "admit", "at most", 1)
    assert goals.outcome(goal, {}).reached is None
    assert "not measured" in report.text(race.Results(), rounds=1)


def test_memory_is_no_merit_of_whoever_remembers_nothing():
    goal = goals.Goal("memory", "admit", "at most", 64, unit=("MiB", 1.0))
    rows = {"memory": {"admit": [1.0]}, "first HS256": {"admit": [10.0]}, "again HS256": {"admit": [9.0]}}
    assert goals.outcome(goal, rows).reached is None
    assert goals.outcome(goal, rows | {"again HS256": {"admit": [1.0]}}).reached


def test_the_report_shows_goals_and_leaves_out_whoever_took_a_bad_token():
    results = race.Results(barred={"webtoken": ["HS256: takes a token expired"]})
    for name, figure in (("admit", 5_000.0), ("PyJWT 2.15", 50_000.0), ("webtoken", 1_000.0)):
        results.add("first HS256", name, figure)
    page = report.page(results, rounds=1)
    assert "| admit | 5.0 (10.0) |" in page
    assert "| admit: never seen HS256, at least 6x PyJWT 2.15 | 10.00 | reached |" in page
    assert "\n| webtoken | 1.0" not in page
    assert "webtoken was not timed: HS256: takes a token expired." in page
