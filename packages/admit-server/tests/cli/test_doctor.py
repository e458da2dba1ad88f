"""`admit doctor`."""

import json
import os
import sqlite3
import time

import pytest


@pytest.fixture
def findings(admit):
    """Runs the doctor; its code and its findings by check (the worst of each)."""

    def examining(*arguments):
        answer = admit("doctor", "--json", *arguments)
        order = ("ok", "warning", "error")
        worst = {}
        for finding in json.loads(answer.out):
            assert set(finding) == {"check", "status", "message", "mend"}
            old = worst.get(finding["check"])
            if old is None or order.index(finding["status"]) > order.index(old["status"]):
                worst[finding["check"]] = finding
        return answer.code, worst

    return examining


def test_a_healthy_installation_has_nothing_to_mend(findings):
    code, found = findings()

    assert code == 0
    wanted = {
        "data directory",
        "disk",
        "key file",
        "database",
        "issuer",
        "signing key ES256",
        "signing key RS256",
        "clock",
    }
    assert wanted <= found.keys()
    assert {f["status"] for name, f in found.items() if name != "disk"} <= {"ok", "warning"}


def test_each_setting_says_where_it_came_from(findings, monkeypatch, tmp_path):
    monkeypatch.setenv("ADMIT_SERVER__PORT", "8200")
    (tmp_path / "elsewhere" / "admit.toml").write_text("[tokens]\nlifetime_s = 300\n")

    _, found = findings()

    assert found["setting server.port"]["message"] == "8200 (environment ADMIT_SERVER__PORT)"
    assert found["setting tokens.lifetime_s"]["message"] == "300 (admit.toml)"
    assert found["setting server.host"]["message"] == "127.0.0.1 (default)"


def test_people_see_columns_and_a_conclusion(admit):
    answer = admit("doctor")

    assert answer.code == 0
    assert "server.port" in answer.out
    assert answer.err == "Everything needed is in order.\n"


def test_a_wrong_setting_is_a_finding(findings, monkeypatch):
    monkeypatch.setenv("ADMIT_SERVER__PORT", "many")

    code, found = findings()

    assert code == 1
    assert "server.port" in found["settings"]["message"]


def test_a_wrong_key_file_says_how_to_mend_it(findings, home):
    key = home / "admit.key"
    text = key.read_text()
    key.chmod(0o640)
    assert findings()[1]["key file"]["mend"] == f"Run `chmod 600 {key}`."
    key.chmod(0o600)
    key.write_text("rubbish")
    assert findings()[1]["key file"]["status"] == "error"
    key.unlink()
    code, found = findings()
    assert (code, found["key file"]["status"]) == (1, "error")
    assert "copy" in found["key file"]["mend"]
    key.write_text(text)
    key.chmod(0o600)
    assert findings()[0] == 0


def test_the_key_file_of_another_database_is_found_out(findings, home, anywhere, tmp_path):
    anywhere("db", "upgrade", "--data", str(tmp_path / "other"))
    os.replace(tmp_path / "other" / "admit.key", home / "admit.key")

    code, found = findings()

    assert code == 1
    assert "does not open" in found["signing keys"]["message"]


def test_a_database_of_another_version_says_what_to_do(findings, home):
    connection = sqlite3.connect(home / "admit.db")
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()

    code, found = findings()

    assert code == 1
    assert "newer Admit" in found["database"]["mend"]


def test_a_data_directory_that_others_can_use_is_reported(findings, home):
    home.chmod(0o755)
    assert findings()[1]["data directory"]["status"] == "warning"
    home.chmod(0o777)
    code, found = findings()
    assert (code, found["data directory"]["status"]) == (1, "error")


def test_nothing_there_yet_says_how_to_begin(anywhere, tmp_path):
    answer = anywhere("doctor", "--json", "--data", str(tmp_path / "nothing"))

    assert answer.code == 1
    mends = " ".join(finding["mend"] for finding in json.loads(answer.out))
    assert "admit serve" in mends
    assert not (tmp_path / "nothing").exists()


def test_a_clock_that_went_back_is_noticed(findings, home):
    connection = sqlite3.connect(home / "admit.db")
    connection.execute("UPDATE audit_event SET at = ?", (int(time.time()) + 3600,))
    connection.commit()
    connection.close()

    code, found = findings()

    assert (code, found["clock"]["status"]) == (1, "error")


def test_plain_http_beyond_this_machine_is_a_warning(findings, monkeypatch):
    monkeypatch.setenv("ADMIT_SERVER__ISSUER", "http://id.example.com")
    monkeypatch.setenv("ADMIT_SERVER__INSECURE_HTTP", "true")

    assert findings()[1]["issuer"]["status"] == "warning"


def test_a_name_that_differs_from_the_last_servers_is_a_warning(findings, home):
    (home / "issuer").write_text("http://127.0.0.1:9999\n")

    assert "9999" in findings()[1]["issuer"]["message"]


def test_rules_of_forward_auth_that_nobody_may_ask_about_are_named(admit, monkeypatch):
    def found():
        findings = admit("doctor", "--json").json()
        return [(each["status"], each["message"], each["mend"]) for each in findings if each["check"] == "forward auth"]

    assert found() == []
    admit("rule", "add", "--path", "/**", "--public")
    ((status, what, mend),) = found()
    assert (status, what) == ("warning", "1 rule, and no proxy that may ask")
    assert "trusted_proxies" in mend
    monkeypatch.setenv("ADMIT_SERVER__TRUSTED_PROXIES", '["10.0.0.1/32"]')
    ((status, _, mend),) = found()
    assert (status, mend) == ("ok", "")
