"""Hashes of what comes with an ID token."""

import hashlib

import pytest

from admit import TokenHashMismatch
from admit.id_tokens import half_hash
from admit.id_tokens.rules import Asked, refuse_other_request
from admit.jose import base64url


def test_the_hashes_of_openid_connect_core_come_out(vector):
    example = vector("openid-connect-core-a-hashes")

    assert half_hash(example["access_token"], alg=example["alg"]) == example["at_hash"]
    assert half_hash(example["code"], alg=example["alg"]) == example["c_hash"]


@pytest.mark.parametrize(
    ("alg", "name"),
    [
        ("HS256", "sha256"),
        ("PS384", "sha384"),
        ("ES512", "sha512"),
        ("ES256K", "sha256"),
        ("Ed25519", "sha512"),
        ("ES384", "sha384"),
    ],
)
def test_the_hash_is_that_of_the_signature(alg, name):
    digest = hashlib.new(name, b"token").digest()

    assert half_hash("token", alg=alg) == base64url.encode(digest[: len(digest) // 2])


def test_ed448_uses_shake256():
    assert half_hash("token", alg="Ed448") == base64url.encode(hashlib.shake_256(b"token").digest(57))


def test_where_no_hash_is_agreed_on_there_is_none():
    assert half_hash("token", alg="ML-DSA-44") is None


def test_a_hash_that_nobody_can_make_belongs_to_nothing():
    with pytest.raises(TokenHashMismatch):
        refuse_other_request({"at_hash": "x"}, Asked(nonce=None, access_token="token"), alg="ML-DSA-44")
