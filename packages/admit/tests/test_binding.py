"""A bound token is good only in the hands of whoever has its key or certificate."""

import datetime
import json
from typing import Annotated
from urllib.parse import quote

import anyio
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from fastapi import FastAPI
from fastapi.testclient import TestClient

from admit import (
    Attempt,
    BindingNotEnforceable,
    CertificateMismatch,
    InvalidDpopProof,
    Presented,
    TokenBound,
    TokenNotBound,
    TokenRejected,
    UseDpopNonce,
    Verifier,
)
from admit.asgi import TokenMiddleware
from admit.binding import certificate_thumbprint, forwarded_certificate
from admit.fastapi import Principal, TokenAuth
from admit.opaque import checksum
from admit.testing import ProofKey, TestIssuer

URL = "https://api.test/items"
OPAQUE = "adm_at_" + "Zk" * 21 + "7"
OPAQUE += checksum(OPAQUE)


@pytest.fixture
def tokens(clock):
    return TestIssuer(clock=clock)


@pytest.fixture
def key(clock):
    return ProofKey(clock=clock)


@pytest.fixture
def verifier(tokens):
    return tokens.verifier()


def shown(*proofs, scheme="DPoP", url=URL, method="GET", certificate=None):
    return Attempt(method=method, presented=Presented(scheme=scheme, proofs=proofs, url=url, certificate=certificate))


def bound(tokens, key):
    return tokens.token(claims={"cnf": {"jkt": key.jkt}})


def test_whoever_has_the_key_may_use_the_token_with_a_proof_for_each_request(tokens, verifier, key):
    token = bound(tokens, key)

    for _ in range(3):
        assert verifier.verify(token, shown(key.proof("GET", URL, access_token=token))).subject == "alice"


def test_a_bound_token_as_bearer_is_refused_with_the_challenge_of_dpop(tokens, verifier, key):
    """RFC 9449 section 7.2."""
    with pytest.raises(TokenBound) as caught:
        verifier.verify(bound(tokens, key), shown(scheme="Bearer"))

    assert caught.value.challenge(realm="r") == 'DPoP realm="r", error="invalid_token", algs="ES256 RS256"'


def test_an_unbound_token_by_the_scheme_dpop_is_refused(tokens, verifier, key):
    token = tokens.token()

    with pytest.raises(TokenNotBound) as caught:
        verifier.verify(token, shown(key.proof("GET", URL, access_token=token)))

    assert caught.value.challenge() == 'DPoP error="invalid_token", algs="ES256 RS256"'


def test_a_verifier_that_is_told_nothing_refuses_bound_tokens_and_says_what_to_do(tokens, verifier, key):
    token = bound(tokens, key)
    for attempt in (Attempt(), Attempt(method="GET", path="/items")):
        with pytest.raises(BindingNotEnforceable, match=r"Attempt\(method=.*presented=Presented"):
            verifier.verify(token, attempt)
    for attempt in (shown("x", url=None), shown("x", method=None)):
        with pytest.raises(BindingNotEnforceable, match=r"Presented\(url="):
            verifier.verify(token, attempt)


def test_a_stolen_token_is_of_no_use_with_another_key_proof_or_request(tokens, verifier, key, clock):
    token, thief = bound(tokens, key), ProofKey(clock=clock)
    other = bound(tokens, key)
    bad = [
        (),
        ("x",),
        (thief.proof("GET", URL, access_token=token),),
        (key.proof("POST", URL, access_token=token),),
        (key.proof("GET", "https://other.test/items", access_token=token),),
        (key.proof("GET", URL, access_token=other),),
        (key.proof("GET", URL),),
        (key.proof("GET", URL, access_token=token), key.proof("GET", URL, access_token=token)),
    ]
    for proofs in bad:
        with pytest.raises(InvalidDpopProof) as caught:
            verifier.verify(token, shown(*proofs))
        assert caught.value.challenge() == 'DPoP error="invalid_dpop_proof", algs="ES256 RS256"'
        assert not caught.value.checks[-1].passed
        assert caught.value.checks[-1].name == "key or certificate"


def test_a_proof_is_taken_once(tokens, verifier, key):
    token = bound(tokens, key)
    attempt = shown(key.proof("GET", URL, access_token=token))
    verifier.verify(token, attempt)

    with pytest.raises(InvalidDpopProof, match="shown here before"):
        verifier.verify(token, attempt)


def test_a_proof_with_a_token_that_is_bad_anyway_is_not_spent(tokens, verifier, key, clock):
    token = bound(tokens, key)
    proof = key.proof("GET", URL, access_token=token)
    with pytest.raises(TokenRejected):
        tokens.verifier(audience="https://elsewhere.test").verify(token, shown(proof))

    verifier.verify(token, shown(proof))


def test_other_refusals_of_a_token_that_came_by_dpop_are_challenged_by_dpop(tokens, verifier, key):
    token = tokens.token(claims={"cnf": {"jkt": key.jkt}}, audience="https://elsewhere.test")

    with pytest.raises(TokenRejected) as caught:
        verifier.verify(token, shown("x"))

    assert caught.value.challenge() == 'DPoP error="invalid_token", algs="ES256 RS256"'


@pytest.mark.parametrize("cnf", ["x", [], {}, {"kid": "1"}, {"jkt": 7}, {"x5t#S256": []}])
def test_a_binding_that_is_not_understood_is_refused(tokens, verifier, cnf):
    with pytest.raises(BindingNotEnforceable):
        verifier.verify(tokens.token(claims={"cnf": cnf}), shown(scheme="Bearer"))


def test_a_verifier_with_nonces_asks_for_one_and_gives_it(tokens, key):
    verifier = tokens.verifier(dpop_nonces=b"n" * 32)
    token = bound(tokens, key)

    with pytest.raises(UseDpopNonce) as caught:
        verifier.verify(token, shown(key.proof("GET", URL, access_token=token)))

    headers = caught.value.headers()
    assert headers["WWW-Authenticate"] == 'DPoP error="use_dpop_nonce", algs="ES256 RS256"'
    proof = key.proof("GET", URL, access_token=token, nonce=headers["DPoP-Nonce"])
    assert verifier.verify(token, shown(proof)).subject == "alice"


def test_a_short_secret_for_nonces_is_refused(tokens):
    with pytest.raises(ValueError, match="dpop_nonces"):
        tokens.verifier(dpop_nonces=b"short")


# Opaque tokens: the server says what they are bound to.


@pytest.fixture
def opaque_verifier(server, audience):
    document = {"active": True, "sub": "alice", "aud": audience, "exp": 9_999_999_999}
    asked = []

    def answer(handler):
        from urllib.parse import parse_qs

        asked.append(parse_qs(handler.rfile.read(int(handler.headers["Content-Length"])).decode()))
        handler.answer_json(document)

    server.metadata["introspection_endpoint"] = f"{server.url}/introspect"
    server.routes["/introspect"] = answer
    with Verifier(issuer=server.url, audience=audience, client_id="c", client_secret="s") as verifier:
        yield verifier, document, asked


def test_an_opaque_bound_token_needs_its_key_too_and_the_server_is_told_which_was_proven(opaque_verifier):
    verifier, document, asked = opaque_verifier
    key = ProofKey()
    document["cnf"] = {"jkt": key.jkt}

    assert verifier.verify(OPAQUE, shown(key.proof("GET", URL, access_token=OPAQUE))).subject == "alice"
    assert asked[-1]["proof_jkt"] == [key.jkt]
    with pytest.raises(InvalidDpopProof):
        verifier.verify(OPAQUE, shown(ProofKey().proof("GET", URL, access_token=OPAQUE)))
    with pytest.raises(TokenBound):
        verifier.verify(OPAQUE, shown(scheme="Bearer"))
    with pytest.raises(BindingNotEnforceable):
        verifier.verify(OPAQUE)


def test_an_opaque_token_with_a_bad_proof_is_never_asked_about(opaque_verifier):
    verifier, _, asked = opaque_verifier

    with pytest.raises(InvalidDpopProof):
        verifier.verify(OPAQUE, shown("x"))

    assert asked == []


def test_an_opaque_unbound_token_by_dpop_is_refused(opaque_verifier):
    verifier, _, _ = opaque_verifier

    with pytest.raises(TokenNotBound):
        verifier.verify(OPAQUE, shown(ProofKey().proof("GET", URL, access_token=OPAQUE)))


# Certificates.


def make_certificate(name="client"):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begin = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + datetime.timedelta(days=9000))
        .sign(key, hashes.SHA256())
    )


CERTIFICATE = make_certificate()
PEM = CERTIFICATE.public_bytes(serialization.Encoding.PEM)
DER = CERTIFICATE.public_bytes(serialization.Encoding.DER)


def test_a_thumbprint_is_that_of_the_der_whatever_it_was_read_from():
    """RFC 8705 section 3.1."""
    from admit.jose import base64url

    expected = base64url.encode(CERTIFICATE.fingerprint(hashes.SHA256()))
    assert (
        certificate_thumbprint(PEM) == certificate_thumbprint(PEM.decode()) == certificate_thumbprint(DER) == expected
    )
    assert forwarded_certificate([quote(PEM)]) == expected
    assert forwarded_certificate([]) is forwarded_certificate([""]) is None


@pytest.mark.parametrize("values", [["x"], [quote(PEM), quote(PEM)], ["%ff%fe"], [quote(PEM[:100])], ["-----BEGIN"]])
def test_what_is_no_certificate_is_refused(values):
    with pytest.raises(ValueError):
        forwarded_certificate(values)


def test_a_certificate_of_a_version_that_does_not_exist_is_refused():
    """`cryptography` has an exception of its own for it."""
    at = DER.index(b"\xa0\x03\x02\x01\x02") + 4  # RFC 5280 section 4.1: [0] EXPLICIT INTEGER, 2 for version 3

    with pytest.raises(ValueError, match="version"):
        certificate_thumbprint(DER[:at] + b"\x07" + DER[at + 1 :])


def test_a_token_that_is_bound_to_a_certificate_needs_that_connection(tokens, verifier):
    thumbprint = certificate_thumbprint(DER)
    token = tokens.token(claims={"cnf": {"x5t#S256": thumbprint}})

    assert verifier.verify(token, shown(scheme="Bearer", certificate=thumbprint)).subject == "alice"
    for other in (None, certificate_thumbprint(make_certificate("other").public_bytes(serialization.Encoding.DER))):
        with pytest.raises(CertificateMismatch) as caught:
            verifier.verify(token, shown(scheme="Bearer", certificate=other))
        assert caught.value.challenge() == 'Bearer error="invalid_token"'
    with pytest.raises(BindingNotEnforceable):
        verifier.verify(token)


def test_a_token_that_is_bound_to_both_needs_both(tokens, verifier, key):
    thumbprint = certificate_thumbprint(DER)
    token = tokens.token(claims={"cnf": {"jkt": key.jkt, "x5t#S256": thumbprint}})

    verifier.verify(token, shown(key.proof("GET", URL, access_token=token), certificate=thumbprint))
    with pytest.raises(CertificateMismatch):
        verifier.verify(token, shown(key.proof("GET", URL, access_token=token)))
    with pytest.raises(TokenBound):
        verifier.verify(token, shown(scheme="Bearer", certificate=thumbprint))


# FastAPI: nothing to do for the developer.


def client_of(auth):
    app = FastAPI()

    @app.get("/items")
    async def items(who: Annotated[Principal, auth.require("items:read")]) -> str:
        return who.subject

    @app.get("/fresh")
    async def fresh(who: Annotated[Principal, auth.require(max_age=60)]) -> str:
        return who.subject

    @app.get("/files/{name}")
    async def file(name: str, who: Annotated[Principal, auth.principal]) -> str:
        return name

    auth.install(app)
    return TestClient(app, base_url="http://inner:8000")


@pytest.fixture
def client(tokens):
    return client_of(TokenAuth(verifier=tokens.verifier()))


def test_fastapi_takes_bound_tokens_by_the_address_of_the_audience_whatever_host_it_is_called_by(client, tokens):
    headers = tokens.dpop("GET", "/items", scopes="items:read")

    assert client.get("/items?page=2", headers=headers).json() == "alice"
    assert client.get("/items", headers=headers).json()["code"] == "invalid_dpop_proof"


def test_an_address_is_never_taken_from_the_request(client, tokens):
    headers = tokens.dpop("GET", "http://evil.test/items", scopes="items:read")

    answer = client.get("/items", headers=headers | {"Host": "evil.test", "X-Forwarded-Host": "evil.test"})

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_dpop_proof")


@pytest.mark.parametrize("path", ["/files/a%20b", "/files/%7Ex", "/files/%C3%A9", "/files/a+b"])
def test_paths_are_compared_as_they_were_sent(client, tokens, path):
    assert client.get(path, headers=tokens.dpop("GET", path)).status_code == 200


@pytest.mark.parametrize("sent", [b"/items/%zz", b"/items/\xff", b"@other.example/", b"/" + b"a" * 5000])
def test_a_path_that_makes_no_address_is_refused_like_any_other_proof(tokens, sent):
    async def app(scope, receive, send):
        raise AssertionError("let through")

    protected, answers = TokenMiddleware(app, verifier=tokens.verifier()), []
    headers = [(name.lower().encode(), value.encode()) for name, value in tokens.dpop("GET", "/items").items()]
    scope = {"type": "http", "method": "GET", "path": "/items", "raw_path": sent, "headers": headers}

    async def send(message):
        answers.append(message)

    anyio.run(protected, scope, None, send)
    assert (answers[0]["status"], json.loads(answers[1]["body"])["code"]) == (401, "invalid_dpop_proof")


def test_refusals_after_the_token_are_challenged_by_its_scheme(client, tokens):
    answer = client.get("/items", headers=tokens.dpop("GET", "/items"))
    assert answer.status_code == 403
    assert answer.headers["www-authenticate"].startswith('DPoP realm="https://api.test", error="insufficient_scope"')

    answer = client.get("/fresh", headers=tokens.dpop("GET", "/fresh"))
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith(
        'DPoP realm="https://api.test", error="insufficient_user_authentication", max_age="60"'
    )


def test_a_nonce_comes_with_the_refusal(tokens, key):
    client = client_of(TokenAuth(verifier=tokens.verifier(dpop_nonces=b"n" * 32)))

    answer = client.get("/items", headers=tokens.dpop("GET", "/items", key=key, scopes="items:read"))

    assert (answer.status_code, answer.json()["code"]) == (401, "use_dpop_nonce")
    token = tokens.token(scopes="items:read", claims={"cnf": {"jkt": key.jkt}})
    proof = key.proof("GET", URL, access_token=token, nonce=answer.headers["dpop-nonce"])
    assert client.get("/items", headers={"Authorization": f"DPoP {token}", "DPoP": proof}).status_code == 200


def test_behind_a_proxy_that_rewrites_paths_the_public_address_is_configured(tokens):
    client = client_of(TokenAuth(verifier=tokens.verifier(), public_url="https://www.test/api/v1/"))

    good = tokens.dpop("GET", "https://www.test/api/v1/items", scopes="items:read")
    assert client.get("/items", headers=good).status_code == 200
    bad = tokens.dpop("GET", "/items", scopes="items:read")
    assert client.get("/items", headers=bad).status_code == 401


def test_an_audience_that_is_no_address_needs_a_public_one(clock):
    tokens = TestIssuer(audience="orders", clock=clock)
    client = client_of(TokenAuth(verifier=tokens.verifier()))

    answer = client.get("/items", headers=tokens.dpop("GET", "http://inner:8000/items"))

    assert answer.json()["code"] == "binding_not_enforceable"


def test_a_certificate_comes_in_the_declared_header_and_in_no_other(tokens):
    headers = tokens.bearer(scopes="items:read", claims={"cnf": {"x5t#S256": certificate_thumbprint(DER)}})
    declared = client_of(TokenAuth(verifier=tokens.verifier(), client_certificate_header="X-Client-Cert"))

    assert declared.get("/items", headers=headers | {"X-Client-Cert": quote(PEM)}).status_code == 200
    for more in ({}, {"X-Client-Cert": "rubbish"}, {"X-Other": quote(PEM)}):
        assert declared.get("/items", headers=headers | more).json()["code"] == "certificate_mismatch"
    plain = client_of(TokenAuth(verifier=tokens.verifier()))
    assert plain.get("/items", headers=headers | {"X-Client-Cert": quote(PEM)}).json()["code"] == "certificate_mismatch"
