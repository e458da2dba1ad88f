"""Mails reach a real mail server, protected as the settings say; a refusal for now and one for good are told apart."""

import datetime
import ipaddress
import ssl
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from admit_server.mail import mailer_for
from admit_server.mail.smtp import SmtpMailer
from admit_server.ports.mail import MailNotTaken, MailRefused, NoMail

pytestmark = pytest.mark.anyio
VALUES = {"code": "12345678", "link": "", "minutes": "10"}


def mailer(office, security="insecure_plain", **more):
    return SmtpMailer(
        host=office.host,
        port=office.port,
        security=security,
        sender="admit@id.example",
        issuer="https://id.example",
        timeout_s=5,
        **more,
    )


async def send(by, to="alice@example.com"):
    await by.deliver("mai_1", to=to, template="code", values=VALUES, now=1_700_000_000)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A certificate for loopback: the server's context, and the file that trusts it."""
    directory = tmp_path_factory.mktemp("certificate")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "post.office")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain, private = directory / "cert.pem", directory / "key.pem"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(chain, private)
    return context, str(chain)


async def test_a_mail_arrives(post_office, post_offices):
    await send(mailer(post_office))

    (mail,) = post_office.mails
    assert mail["To"] == "alice@example.com"
    assert "12345678" in post_offices.text_of(mail)
    assert post_office.envelopes[0].mail_from == "admit@id.example"
    assert post_office.envelopes[0].rcpt_tos == ["alice@example.com"]


async def test_it_goes_by_starttls_and_with_a_password(post_offices, certificate):
    context, ca_file = certificate
    with post_offices.open_office(starttls=context, password="let me send") as office:
        good = mailer(office, "starttls", username="admit", password="let me send", ca_file=ca_file)
        await send(good)
        await good.greet()
        assert len(office.mails) == 1
        with pytest.raises(MailNotTaken, match="535"):
            await send(replace(good, password="another"))
        with pytest.raises(MailNotTaken):
            await send(mailer(office))  # neither TLS nor a password: an error of the settings, that can be mended
        assert len(office.mails) == 1


async def test_it_goes_by_tls_from_the_first_byte_on(post_offices, certificate):
    context, ca_file = certificate
    with post_offices.open_office(tls=context) as office:
        await send(mailer(office, "tls", ca_file=ca_file))
        assert len(office.mails) == 1


async def test_nothing_is_sent_to_a_server_whose_certificate_nobody_vouches_for(post_offices, certificate):
    context, _ = certificate
    with post_offices.open_office(tls=context) as tls, post_offices.open_office(starttls=context) as starttls:
        for by in (mailer(tls, "tls"), mailer(starttls, "starttls")):
            with pytest.raises(MailNotTaken, match="certificate"):
                await send(by)
        assert not tls.mails + starttls.mails


async def test_nothing_is_sent_in_the_clear_where_the_server_offers_no_tls(post_office):
    with pytest.raises(MailNotTaken, match="STARTTLS"):
        await send(mailer(post_office, "starttls"))
    assert not post_office.mails


@pytest.mark.parametrize("answer", ["451 later", "421 full"])
async def test_a_server_that_asks_for_patience_gets_it(post_office, answer):
    post_office.answers.append(answer)
    with pytest.raises(MailNotTaken, match=f"^{answer[:3]}$"):
        await send(mailer(post_office))


async def test_a_mail_that_no_server_will_ever_take_is_refused(post_office):
    post_office.answers.append("554 no")
    with pytest.raises(MailRefused, match=r"^554$"):
        await send(mailer(post_office))
    post_office.refused_recipients["gone@example.com"] = "550 5.1.1 no such mailbox"
    with pytest.raises(MailRefused, match=r"^550 5\.1\.1$"):
        await send(mailer(post_office), to="gone@example.com")
    post_office.refused_recipients["full@example.com"] = "452 mailbox full"
    with pytest.raises(MailNotTaken, match="452"):
        await send(mailer(post_office), to="full@example.com")


async def test_letters_beyond_ascii_go_where_the_server_knows_them(post_office, post_offices):
    await send(mailer(post_office), to="änne@example.com")
    assert post_office.envelopes[0].rcpt_tos == ["änne@example.com"]
    with post_offices.open_office(utf8=False) as old, pytest.raises(MailRefused, match="SMTPUTF8"):
        await send(mailer(old), to="änne@example.com")


async def test_a_server_that_is_not_there_may_come_back(post_offices):
    with post_offices.open_office() as office:
        gone = mailer(office)
    with pytest.raises(MailNotTaken, match="127"):
        await send(gone)
    with pytest.raises(MailNotTaken):
        await gone.greet()


async def test_without_a_host_nothing_is_sent():
    nothing = mailer_for(host="", port=587, sender="", issuer="")
    assert isinstance(nothing, NoMail)
    assert not nothing.on
    with pytest.raises(MailNotTaken, match=r"mail\.host"):
        await send(nothing)
    assert mailer_for(host="x", port=1, security="tls", sender="a@b.example", issuer="").on


def test_the_password_is_in_no_text_of_the_mailer():
    assert "hush" not in repr(mailer_for(host="x", port=1, security="tls", sender="", issuer="", password="hush"))
