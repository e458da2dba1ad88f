import datetime

import pytest

from admit import Verifier

GOOD = {"issuer": "https://id.example", "audience": "https://api.example"}


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"issuer": None}, "issuer must be the issuer's identifier as text"),
        ({"issuer": b"https://id.example"}, "issuer must be the issuer's identifier as text"),
        ({"issuer": "http://id.example"}, r"issuer must begin with https://.*'http://id\.example'"),
        ({"issuer": "id.example"}, "issuer must be a URL with a host, such as https://"),
        ({"issuer": "127.0.0.1:8100"}, "issuer must be a URL with a host"),
        (
            {"issuer": "https://id.example/.well-known/openid-configuration"},
            r"issuer is what stands before /\.well-known/",
        ),
        ({"issuer": "https://id.example?tenant=1"}, "issuer has no query"),
        ({"issuer": "https://id.example "}, "issuer has characters that no URL has"),
        ({"issuer": "https://id.example:99999"}, "issuer is no URL: Port out of range"),
        ({"audience": ["https://api.example"]}, "audience must be the identifier of this resource as one text"),
        ({"leeway_s": "30"}, "leeway_s must be 0..60 seconds, got '30'"),
        ({"leeway_s": datetime.timedelta(seconds=30)}, "leeway_s must be 0..60 seconds"),
        ({"accept_for": -1}, "accept_for must be a number, 0 or more; got -1"),
        ({"wait_s": "10"}, "wait_s must be a number"),
        ({"max_cached_tokens": None}, "max_cached_tokens must be a number"),
        ({"algorithms": "ES256"}, "collections of names"),
        ({"client_id": "orders"}, "go together"),
        ({"dpop_nonces": "x" * 32}, "dpop_nonces must be 32 bytes or more.*got str"),
        ({"dpop_nonces": b"x" * 31}, "got 31 bytes"),
        ({"revocations": False}, 'revocations must be "follow", None or an object.*got False'),
        ({"revocations": "none"}, 'revocations must be "follow"'),
    ],
)
def test_an_argument_that_cannot_be_meant_is_named_before_the_first_token(wrong, says):
    with pytest.raises(ValueError, match=says):
        Verifier(**(GOOD | wrong))


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ("hunter2-hunter2-hunter2-hunter2-hunter2", "for a secret, pass its bytes"),
        ("-----BEGIN PUBLIC KEY-----\nMFkw", "pass admit.jose.Jwk.from_pem"),
        ("https://id.example/jwks", "RemoteKeys"),
        ({"keys": []}, r"Jwks\.parse"),
        ([b"x" * 32], r"Jwks\(\[\.\.\.\]\)"),
        (bytearray(32), "got bytearray"),
    ],
)
def test_keys_in_another_form_are_refused_with_what_to_write_and_without_what_they_are(keys, says):
    with pytest.raises(ValueError, match=says) as caught:
        Verifier(**GOOD, keys=keys)
    assert "hunter2" not in str(caught.value)


def test_a_password_in_the_issuer_stays_out_of_the_message():
    with pytest.raises(ValueError, match="must not have a user name or password") as caught:
        Verifier(issuer="https://admin:hunter2@id.example", audience="api")
    assert "hunter2" not in str(caught.value)
