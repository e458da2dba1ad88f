"""An API that takes encrypted tokens, and what its callers get."""

from typing import Annotated

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from admit.encrypted import EncryptionKey, encrypt
from admit.fastapi import Principal, TokenAuth
from admit.testing import TestIssuer

KEY = EncryptionKey.generate("ECDH-ES", kid="api", encryptions=["A256GCM"])
SENDERS = EncryptionKey.parse(KEY.public_dict(), encryptions=["A256GCM"])
ISSUER = TestIssuer()


@pytest.fixture(scope="module")
def client():
    auth = TokenAuth(verifier=ISSUER.verifier(decryption_keys=KEY))
    app = FastAPI()
    auth.install(app)

    @app.get("/items")
    def items(who: Annotated[Principal, auth.require("items:read")]) -> str:
        return who.subject

    return TestClient(app)


def get(client, token):
    return client.get("/items", headers={"Authorization": f"Bearer {token}"})


def test_an_encrypted_token_opens_the_door(client):
    answer = get(client, encrypt(ISSUER.token("alice", scopes="items:read"), SENDERS))

    assert (answer.status_code, answer.json()) == (200, "alice")


def test_a_scope_that_is_missing_within_is_missing(client):
    answer = get(client, encrypt(ISSUER.token("alice"), SENDERS))

    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")


def test_a_readable_token_gets_its_own_code(client):
    answer = get(client, ISSUER.token("alice", scopes="items:read"))

    assert (answer.status_code, answer.json()["code"]) == (401, "encryption_required")


def test_whatever_is_wrong_with_the_encryption_the_answer_is_one_and_the_same(client):
    good = encrypt(ISSUER.token("alice", scopes="items:read"), SENDERS)
    parts = good.split(".")
    broken = [
        ".".join([*parts[:4], "A" * 22]),
        ".".join([*parts[:3], parts[3][:-4] + "AAAA", parts[4]]),
        ".".join([parts[0], "AAAA", *parts[2:]]),
        encrypt(ISSUER.token("alice"), EncryptionKey.generate("ECDH-ES", kid="api", encryptions=["A256GCM"])),
        encrypt(ISSUER.token("alice"), EncryptionKey.generate("ECDH-ES", kid="unknown")),
        "a.b.c.d.e",
    ]

    answers = {
        (got.status_code, got.text, got.headers["www-authenticate"]) for got in (get(client, each) for each in broken)
    }

    assert len(answers) == 1
    ((status, body, challenge),) = answers
    assert status == 401
    assert '"decryption_failed"' in body
    assert challenge.endswith('error="invalid_token"') or 'error="invalid_token"' in challenge
