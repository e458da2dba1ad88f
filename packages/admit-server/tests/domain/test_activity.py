"""What happened to an account, in words."""

import re
from pathlib import Path

import pytest

from admit_server.domain.activity import happening
from admit_server.domain.audit import AuditEvent

ME, OTHER = "usr_0000000000000000000001", "usr_0000000000000000000002"
REFERENCE = Path(__file__).parents[4] / "docs/reference/audit-events.md"


def told(action, *, actor=ME, target=ME, names=None, **details):
    event = AuditEvent(id="evt_1", at=7, actor=actor, action=action, target=target, network="10.0.0.1", details=details)
    return happening(event, person=ME, names=names)


def test_who_did_it_makes_the_sentence():
    assert told("user.password_set").text == "You set a new password."
    mine = told("user.password_set", actor="cli:root")
    assert mine.text == "An administrator set a new password; everything ended."
    assert (mine.at, mine.network, mine.alarming) == (7, "10.0.0.1", True)
    assert not told("user.password_set").alarming


@pytest.mark.parametrize(
    ("reason", "text"),
    [("logout", "You signed out."), ("ended_by_person", "You ended a session."), ("new reason", "A session ended.")],
)
def test_the_end_of_a_session_is_told_by_its_reason(reason, text):
    assert told("session.ended", target="ses_1", reason=reason).text == text


def test_clients_are_told_by_their_names_and_what_is_missing_is_something():
    assert told("grant.made", target="grt_1", client="cli_1", names={"cli_1": "Shop"}).text == "You went on to Shop."
    assert told("grant.made", target="grt_1").text == "You went on to something."


def test_braces_in_a_name_are_only_braces():
    assert (
        told("personal_token.made", target="tok_1", name="{ended} {0}").text
        == "You made the personal token {ended} {0}."
    )


def test_what_an_administrator_does_to_others_is_not_told_as_done_to_themselves():
    assert told("user.disabled", target=OTHER).text == f"You did: user.disabled, {OTHER}."
    assert told("policy.set", target="short").text == "You did: policy.set, short."
    assert told("something.new", actor="cli:root").text == f"It was noted: something.new, {ME}."


def test_every_action_that_is_about_people_has_a_sentence():
    """Those whose target is a user, by the reference of events: a new one would else be told by its bare name."""
    page = REFERENCE.read_text()
    about_people = re.findall(r"^\| `([a-z_.]+)` \| user \|", page, re.MULTILINE)
    assert "sign_in.done" in about_people
    bare = [action for action in about_people if action in told(action).text or action in told(action, actor="").text]
    assert not bare
