"""The command as a whole: usage, exit codes, and what never reaches a person."""

import pytest

from admit_server.cli import main


def test_help_names_every_noun(anywhere):
    answer = anywhere("--help")

    assert answer.code == 0
    for noun in main.NOUNS:
        assert f"  {noun} " in answer.out


@pytest.mark.parametrize("noun", [noun for noun in main.NOUNS if noun != "serve"])
def test_every_noun_has_help_of_its_own(anywhere, noun):
    answer = anywhere(noun, "--help")

    assert answer.code == 0
    assert answer.out.startswith(f"Usage: admit {noun}")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("usr",), "Did you mean 'user'?"),
        (("user", "lst"), "Did you mean 'list'?"),
        (("user", "show"), "Missing argument"),
        (("user", "list", "--bogus"), "--bogus"),
        (("user", "list", "surplus"), "surplus"),
        (("session", "list", "--limit", "x"), "--limit"),
        (("user", "show", "\udcff"), "UTF-8"),
        (("serve", "--workers", "2"), "one process"),
        (("serve", "--port", "x"), "--port"),
    ],
)
def test_wrong_usage_is_one_line_and_ends_with_2(anywhere, arguments, says):
    answer = anywhere(*arguments)

    assert answer.code == 2
    assert says in answer.err
    assert len(answer.err.splitlines()) == 1
    assert "--help" in answer.err
    assert answer.out == ""


@pytest.mark.parametrize("arguments", [(), ("user",)])
def test_without_a_command_the_help_is_shown(anywhere, arguments):
    answer = anywhere(*arguments)

    assert answer.code == 2
    assert "Commands:" in answer.err


def test_options_may_stand_before_or_after_the_noun(anywhere, home):
    after = anywhere("user", "list", "--data", str(home), "--json")
    before = anywhere("--data", str(home), "--json", "user", "list")

    assert after.json() == before.json() != []


def test_the_data_directory_may_come_from_the_environment(anywhere, home, monkeypatch):
    monkeypatch.setenv("ADMIT_DATA", str(home))

    assert len(anywhere("user", "list", "--json").json()) == 1


def test_a_sqlite_database_may_be_named_by_url(anywhere, home):
    answer = anywhere("user", "list", "--json", "--data", str(home), "--database", f"sqlite:///{home / 'admit.db'}")

    assert len(answer.json()) == 1


def test_an_unknown_setting_gets_a_suggestion(anywhere, home, monkeypatch):
    monkeypatch.setenv("ADMIT_SERVER__PROT", "1")

    answer = anywhere("user", "list", "--data", str(home))

    assert answer.code == 1
    assert "Did you mean ADMIT_SERVER__PORT" in answer.err


def test_a_fault_of_ours_is_one_line_without_its_text(admit, monkeypatch):
    def explode(*_, **__):
        raise KeyError("a secret perhaps")

    monkeypatch.setattr("admit_server.flows.admin.users.page", explode)
    answer = admit("user", "list")

    assert answer.code == 1
    assert "Unexpected KeyError" in answer.err
    assert "ADMIT_DEBUG=1" in answer.err
    assert "secret" not in answer.err
    assert len(answer.err.splitlines()) == 1


def test_the_traceback_is_for_those_who_ask(admit, monkeypatch):
    def explode(*_, **__):
        raise KeyError("something")

    monkeypatch.setattr("admit_server.flows.admin.users.page", explode)
    monkeypatch.setenv("ADMIT_DEBUG", "1")

    assert "Traceback" in admit("user", "list").err


def test_the_version_is_told(anywhere):
    assert anywhere("--version").out.startswith("admit 0.")
