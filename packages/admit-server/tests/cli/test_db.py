"""`admit db`, and what every command says of a database or key file that it can't use."""

import os
import sqlite3

import pytest


def test_a_current_database_needs_nothing(admit, home):
    status = admit("db", "status", "--json").json()

    assert (status["standing"], status["mend"]) == ("current", "")
    assert status["schema"] == status["newest"]
    assert "already" in admit("db", "upgrade").err


def test_a_database_that_is_not_there_is_made_with_its_key_file(anywhere, tmp_path):
    place = ("--data", str(tmp_path / "new" / "var"))

    before = anywhere("db", "status", *place)
    assert (before.code, "admit db upgrade" in before.err) == (1, True)
    assert not (tmp_path / "new").exists()

    assert "Made" in anywhere("db", "upgrade", *place).err
    assert anywhere("db", "status", "--json", *place).json()["standing"] == "current"
    assert (tmp_path / "new" / "var" / "admit.key").stat().st_mode & 0o777 == 0o600
    assert anywhere("user", "list", "--json", *place).json() == []


@pytest.fixture
def newer(home):
    """The database of a version to come."""
    connection = sqlite3.connect(home / "admit.db")
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    "command", [("user", "list"), ("db", "status"), ("db", "upgrade"), ("user", "add", "x"), ("serve", "--port", "0")]
)
def test_a_newer_database_is_left_alone(admit, newer, command):
    answer = admit(*command)

    assert answer.code == 1
    assert "newer" in answer.err
    assert len(answer.err.splitlines()) == 1


def test_a_missing_key_file_is_not_made_anew(admit, home):
    (home / "admit.key").unlink()

    for command in (("user", "list"), ("user", "add", "bob"), ("serve", "--port", "0")):
        answer = admit(*command)
        assert answer.code == 1
        assert "admit.key is missing" in answer.err
        assert "put it back" in answer.err
    assert not (home / "admit.key").exists()


def test_an_unreadable_key_file_is_named(admit, home):
    # A directory in its place: root, as whom these tests may run, can read every file.
    (home / "admit.key").unlink()
    (home / "admit.key").mkdir(mode=0o700)

    assert "can't be read" in admit("user", "list").err


def test_a_key_file_that_others_can_read_or_that_is_none_is_named(admit, home):
    (home / "admit.key").chmod(0o644)
    assert "chmod 600" in admit("user", "list").err
    (home / "admit.key").chmod(0o600)
    (home / "admit.key").write_text("rubbish\n")
    answer = admit("user", "list")
    assert "not a key file" in answer.err
    assert "rubbish" not in answer.err


def test_a_key_file_of_another_database_is_recognised(admit, home, anywhere, tmp_path):
    anywhere("db", "upgrade", "--data", str(tmp_path / "other"))
    os.replace(tmp_path / "other" / "admit.key", home / "admit.key")

    answer = admit("token", "inspect", stdin="x")

    assert answer.code == 1
    assert "does not open the signing keys" in answer.err


def test_listing_where_nothing_is_makes_nothing(anywhere, tmp_path):
    answer = anywhere("user", "list", "--data", str(tmp_path / "nothing"))

    assert answer.code == 1
    assert "admit db upgrade" in answer.err
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize(
    ("database", "says"),
    [
        ("mysql://u:secret@host/x", "postgresql://USER@HOST/NAME"),
        ("postgresql://u:secret@127.0.0.1:1/x", "postgresql://u@127.0.0.1:1/x"),
    ],
)
@pytest.mark.parametrize("command", [("user", "list"), ("db", "status"), ("db", "upgrade")])
def test_a_database_that_can_not_be_reached_is_named_without_its_password(admit, database, says, command):
    answer = admit(*command, "--database", database)

    assert answer.code == 1
    assert says in answer.err
    assert "secret" not in answer.err
    assert len(answer.err.splitlines()) == 1


def test_a_file_that_is_no_database_is_named(admit, home):
    (home / "admit.db").write_bytes(b"not a database at all, but long enough to be looked at" * 20)

    for command in (("user", "list"), ("db", "status"), ("db", "upgrade")):
        answer = admit(*command)
        assert (answer.code, len(answer.err.splitlines())) == (1, 1)
        assert "admit.db" in answer.err


def test_everything_works_on_postgresql(admit, pg_url):
    place = ("--database", pg_url)
    api = "https://api.example.com"

    assert admit("db", "status", "--json", *place).json()["standing"] == "current"
    assert admit("user", "add", "carl", "--json", *place).json()["username"] == "carl"
    assert admit("resource", "add", api, "--scope", "read", "--format", "opaque", *place).code == 0
    assert admit("client", "add", "app", "--audience", api, *place).code == 0
    assert [user["username"] for user in admit("user", "list", "--json", *place).json()] == ["carl"]
    issued = admit("token", "issue", "--user", "carl", "--client", "app", "--resource", api, *place)
    assert admit("token", "inspect", "--json", *place, stdin=issued.out).json()["username"] == "carl"
    findings = {f["check"]: f["status"] for f in admit("doctor", "--json", *place).json()}
    assert (findings["database"], findings["clock"]) == ("ok", "ok")
