"""`admit audit`."""

import json
import sqlite3
import time

import pytest

from admit_server import audit_verifier

API = "https://api.example.com"


@pytest.fixture
def export(admit, tmp_path):
    """Exports to a file; the file."""

    def exporting(*arguments):
        answer = admit("audit", "export", *arguments)
        assert answer.code == 0, answer.err
        file = tmp_path / "export.jsonl"
        file.write_text(answer.out)
        return file

    return exporting


def change(home, sql):
    connection = sqlite3.connect(home / "admit.db")
    connection.execute(sql)
    connection.commit()
    connection.close()


def test_tail_shows_the_newest_last(admit):
    admit("user", "add", "zoe")

    events = admit("audit", "tail", "--json").json()
    assert [event["action"] for event in events][-1] == "user.added"
    assert events[-1]["details"]["username"] == "zoe"
    assert set(events[-1]) == {"id", "at", "actor", "action", "target", "outcome", "network", "details"}
    text = admit("audit", "tail", "--limit", "1").out.splitlines()
    assert len(text) == 2
    assert "username=zoe" in text[1]


def test_a_good_log_is_verified(admit):
    assert admit("audit", "export").code == 0  # seals

    answer = admit("audit", "verify")

    assert answer.code == 0
    assert "every link and seal fits" in answer.out
    assert "Without a checkpoint" in answer.err
    report = admit("audit", "verify", "--json").json()
    assert (report["good"], report["findings"], report["waiting"]) == (True, [], 0)
    assert report["last"] == report["events"] > 3


def test_a_changed_event_ends_with_1_and_its_place(admit, home):
    admit("audit", "export")
    change(home, "UPDATE audit_log SET actor = 'nobody' WHERE seq = 3")

    answer = admit("audit", "verify")
    assert answer.code == 1
    assert "event 3 (evt_" in answer.err
    document = json.loads((said := admit("audit", "verify", "--json")).out)
    assert (said.code, document["good"]) == (1, False)
    assert [(f["trouble"], f["seq"]) for f in document["findings"]] == [("event_changed", 3)]


def test_a_file_of_checkpoints_can_be_named(admit, home, tmp_path):
    missing = admit("audit", "verify", "--checkpoint", str(tmp_path / "none"))
    assert (missing.code, "no checkpoints in" in missing.err) == (1, True)
    (tmp_path / "broken").write_text("hello\n")
    broken = admit("audit", "verify", "--checkpoint", str(tmp_path / "broken"))
    assert (broken.code, "line 1 of the checkpoints" in broken.err) == (1, True)
    folder = admit("audit", "verify", "--checkpoint", str(tmp_path))
    assert (folder.code, "can't be read" in folder.err) == (1, True)


def test_an_export_is_checked_with_the_keys_given_away(admit, export, tmp_path, capsys):
    file, keys = export(), tmp_path / "keys"
    keys.write_text(admit("audit", "key").out + admit("audit", "key", "--public").out)

    assert audit_verifier.main([str(file), "--key-file", str(keys)]) == 0
    assert "checked: links, seals, signatures." in capsys.readouterr().out
    file.write_text(file.read_text().replace("user.added", "user.addee", 1))
    assert audit_verifier.main([str(file), "--key-file", str(keys)]) == 1
    assert "event" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("since", "events"), [("30d", True), ("2020-01-31", True), ("2100-01-01T00:00:00+02:00", False)]
)
def test_an_export_may_begin_at_a_time(admit, export, since, events):
    export()
    kinds = [json.loads(line)["kind"] for line in export("--since", since).read_text().splitlines()]
    assert ("event" in kinds) == events
    assert (kinds[0], kinds[-1]) == ("log", "end")


def test_a_time_that_is_none_is_wrong_usage(admit):
    answer = admit("audit", "export", "--since", "yesterday")
    assert answer.code == 2
    assert "yesterday" in answer.err


def test_old_events_are_dropped_and_the_log_says_so(admit):
    assert admit("audit", "drop", "--older-than", "1d").err.strip() == "Nothing is that old."
    admit("audit", "export")
    time.sleep(1.1)  # the second in which it was sealed is over

    done = admit("audit", "drop", "--older-than", "0s", "--json").json()

    assert done["dropped"] == done["through"] > 3
    answer = admit("audit", "verify")
    assert answer.code == 0
    assert f"events up to {done['through']}, on purpose" in answer.out
    assert admit("audit", "tail", "--json").json()[-1]["action"] == "audit.dropped"


def test_the_key_to_give_away_is_not_the_one_that_is_printed_for_everybody(admit, home):
    secret, public = admit("audit", "key"), admit("audit", "key", "--public")
    assert "also make seals" in secret.err
    assert public.err == ""
    assert secret.out.split()[2] != public.out.split()[2]
    (document,) = admit("audit", "key", "--public", "--json").json()
    assert document == dict(zip(("kind", "key_id", "key"), public.out.split(), strict=True))


def test_no_secret_is_in_an_export(admit, home, export):
    """Whatever Admit gave out or was told: tokens, client secrets, passwords, the keys."""
    password = "seventeen green bicycles"
    admit("user", "set-password", "alice", "--password-stdin", stdin=password)
    client = admit("client", "add", "fresh", "--audience", API, "--json").json()
    token = admit("token", "issue", "--user", "alice", "--client", "web", "--resource", API, "--json").json()
    admit("token", "revoke", stdin=token["access_token"])
    admit("key", "rotate", "--at-once")
    given = [password, client["client_secret"], token["access_token"], token.get("refresh_token") or password]
    key_file = [
        line.split()[1] for line in (home / "admit.key").read_text().splitlines() if line.startswith("admit-key")
    ]
    audit_key = admit("audit", "key").out.split()[2]

    text = export().read_text()

    assert "token.issued" in text
    for secret in (*given, *key_file, audit_key):
        assert secret not in text
        assert secret.split("_")[-1] not in text
    # Hashes of secrets are no business of the log either.
    for record in map(json.loads, text.splitlines()):
        assert not {"digest", "secret", "password", "token", "code"} & set(record.get("details", {}))


def test_follow_prints_each_event_as_it_is_sealed(process, home):
    """Also where no server runs: the command seals by itself."""
    following = process("audit", "tail", "--follow", "--limit", "1", "--json", "--data", str(home))
    assert json.loads(following.stdout.readline())["seq"] > 0
    other = process("user", "add", "zoe", "--data", str(home))
    other.communicate(timeout=60)
    seen = json.loads(following.stdout.readline())
    assert (seen["action"], seen["details"]["username"]) == ("user.added", "zoe")
    following.terminate()
    following.communicate(timeout=20)


def test_an_ordered_end_of_the_server_leaves_a_checkpoint_that_covers_everything(process, home, admit):
    serving = process("serve", "--data", str(home), "--port", "0")
    while "serves" not in (line := serving.stderr.readline()):
        assert line, "the server ended"
    before = admit("audit", "tail", "--json", "--limit", "100").json()
    admit("user", "add", "zoe")
    serving.terminate()
    serving.communicate(timeout=30)

    report = admit("audit", "verify", "--json").json()

    assert (report["good"], report["waiting"], report["checkpoints"]) == (True, 0, 1)
    assert report["newest_checkpoint"]["seq"] == report["last"] > len(before)
    change(home, f"DELETE FROM audit_log WHERE seq = {report['last']}")
    assert admit("audit", "verify").code == 1
