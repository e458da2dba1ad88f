"""`admit journey`."""

import pytest

PASSWORD = "a few words in a row"


@pytest.fixture
def erin(admit):
    assert admit("user", "add", "erin", "--role", "editor", "--password-stdin", stdin=PASSWORD).code == 0


def test_a_rule_is_set_listed_shown_replaced_and_deleted(admit, erin):
    made = admit("journey", "set", "editors", "--requires", "password and totp", "--role", "editor", "--json").json()

    assert (made["requires"], made["role"], made["client_id"]) == ("password and totp", "editor", None)
    assert admit("journey", "show", "editors", "--json").json() == made
    assert admit("journey", "list", "--json").json() == [made]
    assert "role editor" in admit("journey", "list").out
    again = admit("journey", "set", "editors", "--requires", "totp", "--client", "web-id", "--json").json()
    assert (again["requires"], again["role"], again["client_id"]) == ("totp", None, "web-id")
    assert admit("journey", "delete", "editors", "--json").json() == {"name": "editors", "deleted": True}
    assert "no rules" in admit("journey", "list").err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--requires", "password and"), "name of an authenticator is missing"),
        (("--requires", "fingerprint"), "'fingerprint' is not loaded here"),
        (("--requires", "totp", "--client", "nobody"), "nobody"),
        (("--requires", "totp", "--resource", "https://nowhere.example"), "no resource"),
        (("--requires", "totp", "--network", "office"), "no network"),
        (("--requires", "totp", "--risk", "moon"), "no risk"),
    ],
)
def test_what_can_not_be_says_why(admit, erin, options, said):
    answer = admit("journey", "set", "r", *options)
    assert (answer.code, said in answer.err) == (1, True), answer.err
    assert admit("journey", "list", "--json").json() == []


def test_a_role_that_nobody_has_is_told_because_it_may_be_written_wrongly(admit, erin):
    told = [
        admit("journey", "set", "r", "--requires", "totp", "--role", role).err for role in ("editor", "edit_r", "editr")
    ]
    assert ["Nobody has the role" in each for each in told] == [False, True, True]
    admit("role", "add", "auditor")
    assert "Nobody" not in admit("journey", "set", "r", "--requires", "totp", "--role", "auditor").err


def test_it_explains_which_steps_would_be_asked_and_why(admit, erin):
    admit("journey", "set", "editors", "--requires", "totp", "--role", "editor")
    admit("journey", "set", "auditors", "--requires", "recovery_codes", "--role", "auditor")

    told = admit("journey", "explain", "--user", "erin", "--client", "web-id", "--json").json()

    assert [(step["method"], step["set_up_first"]) for step in told["steps"]] == [("password", False), ("totp", True)]
    assert ([rule["name"] for rule in told["rules"]], told["other_rules"]) == (["editors"], ["auditors"])
    assert (told["ends_with"], told["has"]) == ("urn:admit:acr:2fa", ["password"])
    text = admit("journey", "explain", "--user", "erin").out
    assert "rule editors" in text
    assert "totp (set up on the way)" in text


def test_it_explains_where_and_on_which_device_a_rule_holds(admit, erin):
    admit("journey", "set", "away", "--requires", "totp", "--outside", "10.0.0.0/8")
    admit("journey", "set", "new", "--requires", "recovery_codes", "--risk", "new-device")

    def rules(*options):
        told = admit("journey", "explain", "--user", "erin", "--json", *options).json()
        return [rule["name"] for rule in told["rules"]]

    assert rules("--address", "10.1.1.1") == []
    assert rules("--address", "192.0.2.1") == ["away"]
    assert rules("--address", "10.1.1.1", "--new-device") == ["new"]


def test_a_journey_can_be_walked_at_the_terminal(admit, erin):
    walked = admit("journey", "walk", "--user", "erin", "--json", stdin=f"{PASSWORD}\n").json()
    assert (walked["steps"], walked["amr"], walked["acr"]) == (["password"], ["pwd"], "urn:admit:acr:1fa")
    refused = admit("journey", "walk", "--user", "erin", stdin="wrong\n")
    assert (refused.code, "don't match" in refused.err) == (1, True), refused.err
    assert admit("session", "list", "--json").json() == []


def test_a_walk_that_lacks_a_proof_says_so(admit, erin):
    admit("journey", "set", "all", "--requires", "totp")
    answer = admit("journey", "walk", "--user", "erin", stdin=f"{PASSWORD}\n")
    assert (answer.code, "not set up for your account" in answer.err) == (1, True), answer.err
