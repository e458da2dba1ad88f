"""Encrypting a signed token."""

import json

import pytest

from admit.encrypted import EncryptionKey, Opener, encrypt
from admit.jose import base64url, generate_key, sign

SIGNED = sign({"sub": "alice"}, generate_key("HS256"), typ="at+jwt")


def header_of(token):
    return json.loads(base64url.decode(token.split(".")[0]))


def test_the_header_says_what_is_within_and_which_key(keys):
    header = header_of(encrypt(SIGNED, keys["A256KW"]))

    assert header == {"alg": "A256KW", "enc": "A128CBC-HS256", "cty": "JWT", "kid": "key of A256KW"}


def test_no_token_is_encrypted_twice_alike(keys):
    for key in keys.values():
        assert encrypt(SIGNED, key) != encrypt(SIGNED, key)


def test_a_public_key_is_enough(keys):
    public = EncryptionKey.parse(keys["RSA-OAEP-256"].public_dict())

    assert Opener(keys["RSA-OAEP-256"]).open(encrypt(SIGNED, public)).token == SIGNED


def test_claims_may_be_shown_in_the_header(keys):
    token = encrypt(SIGNED, keys["dir"], replicated={"iss": "https://id.example"})

    assert header_of(token)["iss"] == "https://id.example"
    assert Opener(keys["dir"]).open(token).token == SIGNED


@pytest.mark.parametrize(
    ("token", "more", "message"),
    [
        ("not signed", {}, "only a signed token"),
        (SIGNED, {"enc": "A128GCM"}, "the key is for"),
        (SIGNED, {"replicated": {"scope": "x"}}, "only iss, sub and aud"),
        (SIGNED, {"replicated": {"alg": "none"}}, "only iss, sub and aud"),
    ],
)
def test_what_breaks_a_rule_is_not_encrypted(keys, token, more, message):
    with pytest.raises(ValueError, match=message):
        encrypt(token, keys["A256KW"], **more)
