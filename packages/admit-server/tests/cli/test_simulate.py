"""`admit policy simulate`."""

API = "https://api.example.com"


def issue(admit, policy="till"):
    answer = admit("token", "issue", "--user", "alice", "--client", "web", "--resource", API, "--policy", policy)
    assert answer.code == 0, answer.err


def test_the_policy_as_it_is_changes_nothing(admit):
    admit("policy", "set", "till", "--max-uses", "3")
    issue(admit)

    found = admit("policy", "simulate", "till", "--days", "7")
    assert found.code == 0
    assert "Nothing would change." in found.out
    assert "1 (1 issue)" in found.out
    assert "JWTs that libraries accept by themselves are never seen" in found.err
    told = admit("policy", "simulate", "till", "--json").json()
    assert (told["decisions"], told["concerned"], told["changes"], told["unknown"]) == (1, 1, 0, 0)
    assert told["current"] == told["candidate"] == {"max_uses": 3}


def test_limits_are_given_as_to_set_and_changes_are_listed(admit):
    admit("policy", "set", "till")
    issue(admit)

    found = admit("policy", "simulate", "till", "--binding", "dpop")
    assert found.code == 0
    for word in ("newly refused", "invalid_dpop_proof", "alice", "web", API, "1 people, 1 applications"):
        assert word in found.out
    told = admit("policy", "simulate", "till", "--binding", "dpop", "--json").json()
    assert [(group["amount"], group["after"], group["username"]) for group in told["groups"]] == [
        (1, "invalid_dpop_proof", "alice")
    ]
    assert told["examples"][0]["outcome"] == "newly_refused"
    assert admit("policy", "show", "till", "--json").json() == {"name": "till"}, "nothing is written"


def test_without_records_that_is_said(admit):
    admit("policy", "set", "till")

    assert "Nothing is recorded yet" in admit("policy", "simulate", "till").err


def test_without_any_limit_is_another_question_than_as_it_is(admit):
    admit("policy", "set", "till", "--max-uses", "3")

    assert admit("policy", "simulate", "till", "--unlimited", "--json").json()["candidate"] == {}
    assert admit("policy", "simulate", "till", "--unlimited", "--max-uses", "1").code == 2


def test_what_does_not_exist_is_refused(admit):
    assert admit("policy", "simulate", "nothing").code == 1
    admit("policy", "set", "till")
    assert admit("policy", "simulate", "till", "--user", "nobody").code == 1
    assert admit("policy", "simulate", "till", "--days", "0").code == 1
    assert admit("policy", "simulate", "till", "--lifetime", "1s").code == 1
