"""Mails are written as people and mail servers expect them, and nothing from outside gets into their headers."""

from email import message_from_bytes
from email.policy import default
from importlib.resources import files

import pytest

from admit_server.mail.composing import CannotBeWritten, compose

VALUES = {
    "code": "12345678", "link": "https://id.example/reset?link=adm_rst_x", "minutes": "10", "username": "alice",
    "until": "3 March 2027, 10:00 UTC", "since": "2 March 2027, 10:00 UTC", "when": "2 March 2027, 10:00 UTC",
    "where": "192.0.2.1", "address": "new@example.com", "device": "Firefox on Linux", "method": "passkey",
}  # fmt: skip
TEMPLATES = sorted(
    each.name.removesuffix(".txt")
    for each in files("admit_server.mail").joinpath("templates").iterdir()
    if each.name.endswith(".txt")
)


def written(template="code", *, to="alice@example.com", **changes):
    mail = compose(
        "mai_1",
        to=to,
        template=template,
        values=VALUES | changes,
        sender="admit@id.example",
        issuer="https://id.example",
        now=1_700_000_000,
    )
    return message_from_bytes(mail.as_bytes(), policy=default)


def both(mail):
    return [mail.get_body((kind,)).get_content() for kind in ("plain", "html")]


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_mail_has_a_subject_and_says_the_same_in_text_and_html(template):
    mail = written(template)
    text, html = both(mail)

    assert 10 < len(mail["Subject"]) < 78
    assert "Admit" in mail["Subject"]
    assert "{" not in text + html
    for name, value in VALUES.items():
        assert (value in text) == (value in html), name
    assert "https://id.example" in text
    assert "https://id.example" in html
    assert "<script" not in html
    assert "src=" not in html, "nothing that tells when it was read"


def test_the_headers_are_those_of_a_machine():
    mail = written()

    assert (mail["From"], mail["To"]) == ("Admit <admit@id.example>", "alice@example.com")
    assert mail["Message-ID"] == "<mai_1@id.example>"
    assert mail["Date"] == "Tue, 14 Nov 2023 22:13:20 +0000"
    assert mail["Auto-Submitted"] == "auto-generated"


def test_a_code_stands_in_the_text_and_the_link_only_where_there_is_one():
    assert all("12345678" in part and "https://id.example/reset" in part for part in both(written()))
    assert not any("/reset" in part or "same browser" in part for part in both(written(link="")))


def test_what_is_filled_in_is_escaped_in_html():
    _, html = both(written("address_added", address='<img src="x">@example.com'))
    assert "<img" not in html


@pytest.mark.parametrize(
    "to",
    [
        "alice@example.com\r\nBcc: eve@evil.example",
        "alice@example.com\nSubject: other",
        "alice@example.com, eve@evil.example",
        "alice\x00@example.com",
        "<alice@example.com>",
        "alice@exa mple.com",
        "@example.com",
        "alice",
        "",
    ],
)
def test_no_address_adds_a_header_or_a_recipient(to):
    with pytest.raises(CannotBeWritten):
        written(to=to)


@pytest.mark.parametrize("value", ["x\r\nBcc: eve@evil.example\r\n\r\nbody", "x\nBcc: eve@evil.example"])
@pytest.mark.parametrize("template", TEMPLATES)
def test_no_value_adds_a_header(template, value):
    mail = compose(
        "mai_1",
        to="alice@example.com",
        template=template,
        values=dict.fromkeys(VALUES, value),
        sender="admit@id.example",
        issuer="https://id.example",
        now=0,
    )
    read = message_from_bytes(mail.as_bytes(), policy=default)
    assert read["Bcc"] is None
    assert set(read.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
    }  # fmt: skip


def test_a_host_name_beyond_ascii_is_written_as_servers_know_it():
    assert written(to="alice@bücher.example")["To"] == "alice@xn--bcher-kva.example"


@pytest.mark.parametrize(("template", "changes"), [("nothing", {}), ("reset", {"drop": True})])
def test_a_mail_without_its_template_or_a_value_is_not_written(template, changes):
    values = {} if changes else VALUES
    with pytest.raises(CannotBeWritten, match="the template"):
        compose("mai_1", to="a@b.example", template=template, values=values, sender="x@y.example", issuer="", now=0)
