"""Which keys tokens may be encrypted to."""

import json
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jwk

from admit.encrypted import ALGORITHMS, ENCRYPTIONS, EncryptionKey, Opener
from admit.jose import InvalidKey, Jwks, base64url

SECRET = {"kty": "oct", "k": base64url.encode(bytes(32)), "alg": "A256KW"}
EC = jwk.ECKey.generate_key("P-256").as_dict(private=True) | {"alg": "ECDH-ES"}
X25519 = jwk.OKPKey.generate_key("X25519").as_dict(private=True) | {"alg": "ECDH-ES"}


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_key_comes_back_from_its_own_jwk(keys, alg):
    key = keys[alg]

    again = EncryptionKey.parse(json.loads(json.dumps(key.private_dict())))

    assert again.private_dict() == key.private_dict()
    assert (again.alg, again.kid, again.can_decrypt) == (alg, key.kid, True)


@pytest.mark.parametrize("alg", ["ECDH-ES", "ECDH-ES+A256KW", "RSA-OAEP-256"])
def test_what_is_published_holds_nothing_private(keys, alg):
    public = keys[alg].public_dict()

    assert not {"d", "p", "q", "dp", "dq", "qi", "k"} & public.keys()
    assert (public["use"], public["alg"], public["kid"]) == ("enc", alg, keys[alg].kid)
    assert not EncryptionKey.parse(public).can_decrypt


def test_a_published_key_for_encryption_is_never_taken_for_one_that_signs(keys):
    found = Jwks.parse({"keys": [keys[alg].public_dict() for alg in ("ECDH-ES", "RSA-OAEP-256")]})

    assert len(found) == 0
    assert all("enc" in reason or "not supported" in reason for _, reason in found.ignored)


@pytest.mark.parametrize("alg", ["dir", "A256KW"])
def test_a_secret_is_never_published(keys, alg):
    with pytest.raises(InvalidKey, match="no public part"):
        keys[alg].public_dict()


def test_a_secret_shows_in_no_repr(keys):
    for key in keys.values():
        assert "material" not in repr(key)


def test_a_public_key_has_nothing_private_to_give(keys):
    with pytest.raises(InvalidKey, match="is public"):
        EncryptionKey.parse(keys["ECDH-ES"].public_dict()).private_dict()


def test_a_dir_key_may_name_its_encryption_as_its_algorithm():
    for enc in ENCRYPTIONS:
        key = EncryptionKey.parse(SECRET | {"alg": enc})
        assert (key.alg, key.encryptions) == ("dir", (enc,))


@pytest.mark.parametrize("crv", ["P-256", "P-384", "P-521", "X25519"])
def test_keys_are_made_on_each_curve(crv):
    assert EncryptionKey.generate("ECDH-ES", crv=crv).crv == crv


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({}, "alg"),
        (SECRET | {"alg": "RSA1_5"}, "alg of a key for encryption"),
        (SECRET | {"alg": "PBES2-HS256+A128KW"}, "alg of a key for encryption"),
        (SECRET | {"alg": ["dir"]}, "alg of a key for encryption"),
        (SECRET | {"alg": "dir"}, "one encryption"),
        (SECRET | {"alg": "ECDH-ES"}, "cannot be used for ECDH-ES"),
        (SECRET | {"k": base64url.encode(bytes(31))}, "32 bytes"),
        (SECRET | {"k": base64url.encode(bytes(33))}, "32 bytes"),
        (SECRET | {"k": "not base64url!"}, "base64url"),
        (SECRET | {"kid": ""}, "kid"),
        (SECRET | {"use": "sig"}, "not for encryption"),
        (SECRET | {"key_ops": ["sign"]}, "not for encryption"),
        (SECRET | {"key_ops": "decrypt"}, "list"),
        (EC | {"alg": "RSA-OAEP-256"}, "cannot be used"),
        (EC | {"key_ops": []}, "not for encryption"),
        (EC | {"key_ops": [7]}, "list"),
        (EC | {"crv": "secp256k1"}, "curve"),
        (EC | {"x": EC["y"], "y": EC["x"]}, "not"),
        (EC | {"d": base64url.encode(bytes(31) + b"\1")}, "d does not belong"),
        (X25519 | {"x": base64url.encode(bytes(31))}, "not a usable OKP"),
        (X25519 | {"crv": "Ed25519"}, "curve"),
        (X25519 | {"d": base64url.encode(bytes(32))}, "d does not belong"),
    ],
)
def test_a_key_that_breaks_a_rule_is_refused_when_it_is_loaded(members, message):
    with pytest.raises(InvalidKey, match=message):
        EncryptionKey.parse(members)


@pytest.mark.parametrize(
    ("members", "operations", "opens"),
    [
        (SECRET, ["wrapKey"], False),
        (SECRET, ["wrapKey", "unwrapKey"], True),
        (EC, ["encrypt"], False),
        (EC, ["deriveKey"], True),
    ],
)
def test_a_key_opens_only_what_its_operations_say(members, operations, opens):
    key = EncryptionKey.parse(members | {"key_ops": operations})

    assert key.can_decrypt is opens
    if not opens:
        with pytest.raises(ValueError, match="not for decryption"):
            Opener(key)


@pytest.mark.parametrize("alg", ["ECDH-ES", "ECDH-ES+A256KW", "RSA-OAEP-256"])
def test_a_key_is_loaded_from_pem(keys, alg):
    private, public = (keys[alg].material.as_pem(private=each) for each in (True, False))

    assert EncryptionKey.from_pem(private, alg=alg, kid=keys[alg].kid).private_dict() == keys[alg].private_dict()
    assert EncryptionKey.from_pem(public, alg=alg, kid=keys[alg].kid).public_dict() == keys[alg].public_dict()
    assert not EncryptionKey.from_pem(public, alg=alg).can_decrypt


@pytest.mark.parametrize(
    ("pem", "alg"),
    [
        (b"", "ECDH-ES"),
        (b"-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----", "ECDH-ES"),
        (b"-----BEGIN PRIVATE KEY-----", "A256KW"),
        (b"-----BEGIN PRIVATE KEY-----", "none"),
        (b"0" * 32, "RSA-OAEP-256"),
    ],
)
def test_what_is_no_pem_of_such_a_key_is_refused(pem, alg):
    with pytest.raises(InvalidKey, match="PEM"):
        EncryptionKey.from_pem(pem, alg=alg)


def test_the_pem_of_a_key_of_another_type_is_refused(keys):
    with pytest.raises(InvalidKey, match="PEM"):
        EncryptionKey.from_pem(keys["RSA-OAEP-256"].material.as_pem(private=True), alg="ECDH-ES")


def test_a_short_rsa_key_is_refused():
    numbers = rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key().public_numbers()
    short = {"kty": "RSA", "alg": "RSA-OAEP-256", "e": "AQAB", "n": base64url.encode(numbers.n.to_bytes(128, "big"))}
    with pytest.raises(InvalidKey, match="2048 bits"):
        EncryptionKey.parse(short)


def test_an_unknown_encryption_is_refused():
    with pytest.raises(InvalidKey, match="A128GCM"):
        EncryptionKey.parse(SECRET, encryptions=["A128GCM"])


def test_an_unknown_curve_is_refused():
    with pytest.raises(InvalidKey, match="curve"):
        EncryptionKey.generate("ECDH-ES", crv="X448")


def test_a_secret_has_to_be_bytes():
    with pytest.raises(InvalidKey, match="bytes"):
        EncryptionKey.from_secret("0123456789abcdef0123456789abcdef")


def test_without_joserfc_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "joserfc", None)

    with pytest.raises(ImportError, match=r"pip install 'admit\[jwe\]'"):
        EncryptionKey.parse(SECRET)


def test_the_extra_names_what_is_imported():
    project = Path(__file__).parents[2] / "pyproject.toml"
    if project.is_file():
        assert 'jwe = ["joserfc' in project.read_text()
