"""`admit mail`, and what the doctor says about mail."""

import json
import sqlite3

import pytest


@pytest.fixture
def configured(tmp_path):
    """Writes a settings file that names a mail server."""

    def write(office, **more):
        values = {
            "host": office.host,
            "port": office.port,
            "security": "insecure_plain",
            "sender": "admit@id.example",
        } | more
        path = tmp_path / "mail.toml"
        path.write_text("[mail]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items()))
        return ("--config", str(path))

    return write


def mail_finding(answer):
    return next(finding for finding in json.loads(answer.out) if finding["check"] == "mail")


def test_a_test_mail_is_sent_at_once(admit, configured, post_office):
    answer = admit("mail", "test", "--to", "alice@example.com", "--json", *configured(post_office))

    assert answer.json()["sent"]
    assert [mail["To"] for mail in post_office.mails] == ["alice@example.com"]


def test_what_the_mail_server_answered_is_told(admit, configured, post_office):
    post_office.answers.append("554 not from you")
    answer = admit("mail", "test", "--to", "alice@example.com", *configured(post_office))
    assert answer.code == 1
    assert "554" in answer.err
    assert "not from you" not in answer.err, "a mail server's words often hold the address"
    assert admit("mail", "test", "--to", "not an address", *configured(post_office)).code == 1


def test_without_a_mail_server_it_says_what_to_set(admit):
    answer = admit("mail", "test", "--to", "alice@example.com")
    assert answer.code == 1
    assert "mail.host" in answer.err


def test_the_doctor_greets_the_mail_server(admit, configured, post_office, post_offices):
    assert mail_finding(admit("doctor", "--json"))["message"].startswith("off")
    assert mail_finding(admit("doctor", "--json", *configured(post_office)))["status"] == "ok"
    assert not post_office.mails
    tls = mail_finding(admit("doctor", "--json", *configured(post_office, security="starttls")))
    assert tls["status"] == "error"
    assert "send-mail.md" in tls["mend"]


def test_the_password_is_masked(admit, configured, post_office):
    shown = admit("doctor", "--json", *configured(post_office, username="admit", password="hush hush"))
    assert "hush" not in shown.out
    assert "setting mail.password" in shown.out


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"sender": ""}, "mail.sender is missing"),
        ({"sender": "nobody\r\nBcc: eve@evil.example"}, "not an e-mail address"),
        ({}, "mail.username is not"),
        ({"password": ["hush"], "username": "x"}, "setting mail.password"),
        ({"host": "mail.example", "username": "x"}, "insecure_plain"),
    ],
)
def test_settings_that_do_not_fit_are_refused(admit, configured, post_office, more, told):
    answer = admit("user", "list", *configured(post_office, **{"password": "hush hush"} | more))
    assert answer.code == 1
    assert told in answer.err
    assert "hush" not in answer.err


def test_the_doctor_tells_of_mails_that_nobody_sends(admit, configured, post_office, home):
    admit("user", "add", "dora", "--email", "dora@example.com", "--invite", *configured(post_office))
    with sqlite3.connect(home / "admit.db") as database:
        database.execute("UPDATE mail_outbox SET due_at = due_at - 3600")
    findings = json.loads(admit("doctor", "--json").out)
    (found,) = [finding for finding in findings if finding["check"] == "outbox"]
    assert (found["status"], found["message"][:21]) == ("warning", "1 mail in the outbox;")


@pytest.mark.parametrize(
    ("security", "host", "told"),
    [
        ("starttls", "", "offers no STARTTLS; mail.security"),
        ("tls", "", "no TLS from the first byte on; mail.security"),
        ("insecure_plain", "mail.invalid", "is mail.host right"),
    ],
)
def test_what_is_wrong_with_the_settings_of_mail_is_told_with_the_setting(
    admit, configured, post_office, security, host, told
):
    given = configured(post_office, security=security, **({"host": host} if host else {}))
    assert told in admit("mail", "test", "--to", "alice@example.com", *given).err


def test_the_doctor_warns_of_what_waits_for_mail_in_vain(admit, tmp_path):
    path = tmp_path / "open.toml"
    path.write_text('[registration]\nopen = true\n[sign_in]\nauthenticators = ["password", "email_code"]\n')
    found = mail_finding(admit("doctor", "--json", "--config", str(path)))
    assert found["status"] == "warning"
    assert "registration.open" in found["message"]
    assert "email_code" in found["message"]
