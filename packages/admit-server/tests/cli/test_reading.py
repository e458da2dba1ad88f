"""What people type."""

import sys

import pytest
import typer

from admit_server.cli import reading
from admit_server.cli.refusal import Refused


class Terminal:
    """Standard input that somebody sits at."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def at_a_terminal(monkeypatch):
    """Types these answers, one for each question; returns what was asked."""

    def typing(*answers: str) -> list[str]:
        asked: list[str] = []
        left = iter(answers)

        def getpass(prompt: str) -> str:
            asked.append(prompt)
            return next(left)

        monkeypatch.setattr(sys, "stdin", Terminal())
        monkeypatch.setattr("getpass.getpass", getpass)
        return asked

    return typing


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("15m", 900), ("1h", 3600), ("30d", 2_592_000), ("2w", 1_209_600), ("1h30m", 5400), ("60", 60), (None, None)],
)  # fmt: skip
def test_a_length_of_time_is_read(text, seconds):
    assert reading.seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "5x", "m5", "-5m", "1.5h", "5 m", "９s", "1m30"])
def test_what_is_no_length_of_time_is_refused(text):
    with pytest.raises(typer.BadParameter, match="90s, 15m, 1h or 30d"):
        reading.seconds(text)


def test_lists_may_be_repeated_and_space_separated():
    assert reading.words(["openid  notes:read", "openid", "x"]) == ("openid", "notes:read", "x")
    assert reading.words(None) == ()


def test_scopes_have_a_text_or_are_their_own():
    values = ["notes:read=Read = see notes", "notes:write notes:burn", "empty="]

    assert reading.scope_texts(values) == {
        "notes:read": "Read = see notes",
        "notes:write": "notes:write",
        "notes:burn": "notes:burn",
        "empty": "empty",
    }


def test_a_terminal_is_asked_twice_for_a_new_password(at_a_terminal):
    asked = at_a_terminal("some words", "some words")

    assert reading.password(file=None, label="Password for bob") == "some words"
    assert asked == ["Password for bob: ", "Again: "]


@pytest.mark.parametrize("answers", [("one", "two"), ("", "")])
def test_two_different_passwords_or_none_are_refused(at_a_terminal, answers):
    at_a_terminal(*answers)

    with pytest.raises(Refused, match="nothing was changed"):
        reading.password(file=None, label="Password")


def test_a_terminal_is_asked_for_a_token(at_a_terminal):
    at_a_terminal(" adm_at_x ")

    assert reading.token() == "adm_at_x"
