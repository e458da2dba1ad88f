import re
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from admit.jose import SIGNING, Jwk, generate_key
from admit.jose.algorithms import algorithm_for_key, current_name

TABLE = {
    "HS256": ("oct", None),
    "HS384": ("oct", None),
    "HS512": ("oct", None),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
    "ES256K": ("EC", "secp256k1"),
    "Ed25519": ("OKP", "Ed25519"),
    "Ed448": ("OKP", "Ed448"),
    "RS256": ("RSA", None),
    "RS384": ("RSA", None),
    "RS512": ("RSA", None),
    "PS256": ("RSA", None),
    "PS384": ("RSA", None),
    "PS512": ("RSA", None),
    "ML-DSA-44": ("AKP", "ML-DSA-44"),
    "ML-DSA-65": ("AKP", "ML-DSA-65"),
    "ML-DSA-87": ("AKP", "ML-DSA-87"),
}
# How long a signature is: RFC 7518 sections 3.2 to 3.5, RFC 8032 sections 5.1.6 and 5.2.6, FIPS 204 table 2.
OCTETS = {"HS256": 32, "HS384": 48, "HS512": 64, "ES256": 64, "ES384": 96, "ES512": 132, "ES256K": 64} | {
    "Ed25519": 64,
    "Ed448": 114,
    "RS256": 256,
    "RS384": 256,
    "RS512": 256,
    "PS256": 256,
    "PS384": 256,
    "PS512": 256,
    "ML-DSA-44": 2420,
    "ML-DSA-65": 3309,
    "ML-DSA-87": 4627,
}
KEYS = {name: generate_key(name) for name in TABLE if name not in ("RS384", "RS512", "PS256", "PS384", "PS512")}
KEYS |= {
    name: Jwk.from_pkcs8(KEYS["RS256"].to_pkcs8(), alg=name, kid=None)
    for name in ("RS384", "RS512", "PS256", "PS384", "PS512")
}


def test_the_table_has_these_rows_and_none_for_none():
    assert {name: (row.kty, row.crv) for name, row in SIGNING.items()} == TABLE
    assert all(name == row.name for name, row in SIGNING.items())


def test_the_reference_has_the_same_table():
    """Names, key types, curves, sizes and lengths, row by row."""
    page = (Path(__file__).parents[4] / "docs/reference/algorithms.md").read_text()
    rows = re.findall(
        r"^\| `([\w-]+)` \| (?:secret \()?`(\w+)`\)?(?:, `([\w-]+)`)? \| ([\d,]*)[^|]*\| ([^|]+?) \|",
        page,
        re.MULTILINE,
    )

    assert [name for name, *_ in rows] == list(SIGNING)
    for name, kty, crv, least, octets in rows:
        row = SIGNING[name]
        assert (kty, crv or (None if kty != "AKP" else row.crv)) == (row.kty, row.crv or None), name
        assert int(least.replace(",", "") or 0) * (8 if kty == "oct" else 1) == row.min_bits, name
        assert octets == ("as the key" if kty == "RSA" else f"{OCTETS[name]:,}"), name


def test_only_secrets_are_symmetric():
    assert [row.name for row in SIGNING.values() if row.symmetric] == ["HS256", "HS384", "HS512"]


@pytest.mark.parametrize("name", TABLE)
def test_every_row_signs_and_checks_what_it_signed(name):
    key = KEYS[name]
    signature = key.sign(b"text")

    assert len(signature) == OCTETS[name]
    assert key.verify(signature, b"text") is True
    assert key.verify(signature, b"texts") is False
    for wrong in (
        b"",
        signature[:-1],
        signature + b"\0",
        bytes(len(signature)),
        bytes([signature[0] ^ 1]) + signature[1:],
    ):
        assert key.verify(wrong, b"text") is False


@pytest.mark.parametrize("name", TABLE)
def test_a_key_checks_no_signature_of_another_algorithm(name):
    """The three kinds of RSA signature have one length; only key and header keep them apart, so the hash must differ too."""
    for other, key in KEYS.items():
        if other != name:
            assert KEYS[name].verify(key.sign(b"text"), b"text") is False


@pytest.mark.parametrize("name", TABLE)
def test_the_functions_of_a_key_are_made_once(name):
    assert KEYS[name].checker is KEYS[name].checker
    assert KEYS[name].signer is KEYS[name].signer


@pytest.mark.parametrize(
    ("kty", "crv", "declared", "name"),
    [
        ("EC", "P-256", None, "ES256"),
        ("EC", "P-256", "ES256", "ES256"),
        ("EC", "P-384", None, "ES384"),
        ("EC", "P-521", None, "ES512"),
        ("EC", "secp256k1", None, "ES256K"),
        ("EC", "P-224", None, None),
        ("EC", "P-256", "ES384", None),
        ("EC", "P-256", "ES256K", None),
        ("EC", "P-256", "RS256", None),
        ("RSA", None, None, "RS256"),
        ("RSA", None, "PS512", "PS512"),
        ("RSA", None, "HS256", None),
        ("oct", None, None, "HS256"),
        ("oct", None, "HS512", "HS512"),
        ("OKP", "Ed25519", None, "Ed25519"),
        ("OKP", "Ed448", None, "Ed448"),
        ("OKP", "Ed448", "Ed25519", None),
        ("OKP", "X25519", None, None),
        ("AKP", "ML-DSA-65", None, "ML-DSA-65"),
        ("AKP", "ML-DSA-65", "ML-DSA-44", None),
    ],
)
def test_type_and_curve_of_a_key_decide_its_row(kty, crv, declared, name):
    row = algorithm_for_key(kty=kty, crv=crv, declared=declared)

    assert (None if row is None else row.name) == name


@pytest.mark.parametrize(("name", "least"), [("HS256", 32), ("HS384", 48), ("HS512", 64)])
def test_a_secret_is_as_long_as_the_hash_or_longer(name, least):
    """RFC 7518 section 3.2."""
    assert Jwk.from_secret(secrets.token_bytes(least), alg=name).alg == name
    with pytest.raises(ValueError, match=f"{least * 8} bits or more"):
        Jwk.from_secret(secrets.token_bytes(least - 1), alg=name)


def test_the_old_name_of_ed25519_is_the_only_one_that_is_translated():
    """RFC 9864 section 4.1.2."""
    assert {name: current_name(name) for name in ("EdDSA", "Ed25519", "Ed448", "none", "eddsa")} == {
        "EdDSA": "Ed25519",
        "Ed25519": "Ed25519",
        "Ed448": "Ed448",
        "none": "none",
        "eddsa": "eddsa",
    }


def test_secrets_are_used_without_the_library_for_other_keys():
    """Loading `cryptography` costs more than all the rest."""
    program = (
        "import sys; from admit.jose import *; key = generate_key('HS512');"
        "verify(sign({}, key, typ=None), Jwks([key]), types={None}); print('cryptography' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"
