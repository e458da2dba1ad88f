"""The same over TLS, as in production."""

import datetime
import os
import socket
import ssl
import threading
import time
import warnings

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from admit import TokenRevoked, Verifier, VerifierUnavailable, connecting
from admit.fetching import Unreachable, fetch


@pytest.fixture
def certificate(tmp_path):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - day, now + day)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "server.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + made.public_bytes(Encoding.PEM))
    return path


@pytest.fixture
def tls_server(serve, certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return serve(tls=context)


@pytest.fixture
def trusted(certificate, monkeypatch):
    monkeypatch.setattr(connecting, "_tls", ssl.create_default_context(cafile=str(certificate)))


def is_refused(verifier, token):
    try:
        verifier.verify(token)
    except TokenRevoked:
        return True
    return False


@pytest.mark.usefixtures("trusted")
def test_keys_and_feed_are_followed_and_the_follower_stops_at_once(tls_server, audience, eventually):
    verifier = Verifier(issuer=tls_server.url, audience=audience)
    token = tls_server.token(sid="ses_1")
    verifier.verify(token)

    tls_server.feed.revoke("sid", "ses_1")

    assert eventually(lambda: is_refused(verifier, token)) < 0.5
    thread = verifier._revocations._thread
    verifier.close()
    assert not thread.is_alive()


@pytest.mark.usefixtures("trusted")
def test_a_child_leaves_the_encrypted_connection_of_its_parent_alone(tls_server, audience, eventually):
    """A goodbye in the parent's name, or a byte of its own, would end the parent's stream."""
    with Verifier(issuer=tls_server.url, audience=audience) as verifier:
        token = tls_server.token(sid="ses_1")
        verifier.verify(token)
        asked = len(tls_server.feed.asked)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                code = 0 if verifier.verify(token).subject == "alice" else 2
                verifier.close()
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

        tls_server.feed.revoke("sid", "ses_1")

        eventually(lambda: is_refused(verifier, token))
        assert tls_server.feed.asked[asked:].count(None) == 0, "the parent never had to begin anew"


def test_a_certificate_that_nobody_vouches_for_is_refused(tls_server, audience):
    with (
        Verifier(issuer=tls_server.url, audience=audience) as verifier,
        pytest.raises(VerifierUnavailable, match=r"(?i)certificate"),
    ):
        verifier.verify(tls_server.token())


def never_speaks(connection):
    connection.recv(10_000)
    connection.recv(10_000)


def speaks_plainly(connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")


def hangs_up(connection):
    connection.recv(100)


@pytest.mark.parametrize("answer", [never_speaks, speaks_plainly, hangs_up], ids=lambda answer: answer.__name__)
def test_a_server_that_cannot_encrypt_is_unreachable_in_time(answer):
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve():
            connection, _ = listening.accept()
            with connection:
                answer(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        began = time.monotonic()
        with pytest.raises(Unreachable):
            fetch(f"https://127.0.0.1:{listening.getsockname()[1]}/jwks", timeout_s=0.3)
        thread.join(5)

    assert time.monotonic() - began < 1


@pytest.mark.usefixtures("trusted")
def test_a_certificate_of_another_name_is_refused(tls_server):
    with pytest.raises(Unreachable, match=r"(?i)certificate"):
        fetch(tls_server.url.replace("localhost", "127.0.0.1") + "/jwks")


@pytest.mark.usefixtures("trusted")
def test_a_server_that_speaks_only_outdated_tls_is_refused(serve, certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(Unreachable):
        fetch(serve(tls=context).url + "/jwks", timeout_s=1)
