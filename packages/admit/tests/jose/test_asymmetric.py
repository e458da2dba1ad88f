import sys

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, x25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from admit.jose import InvalidKey, Jwk, Jwks, asymmetric, generate_key, mldsa

KINDS = {
    "ES256": ("EC", "P-256"),
    "ES512": ("EC", "P-521"),
    "Ed448": ("OKP", "Ed448"),
    "Ed25519": ("OKP", "Ed25519"),
    "RS256": ("RSA", None),
    "ML-DSA-65": ("AKP", "ML-DSA-65"),
}


@pytest.mark.parametrize("alg", KINDS)
def test_a_key_says_its_type_and_survives_storage(alg):
    private = asymmetric.generate(*KINDS[alg])

    loaded = asymmetric.from_pkcs8(asymmetric.to_pkcs8(private))

    assert asymmetric.kind(loaded.public_key()) == KINDS[alg]
    assert asymmetric.members(loaded.public_key()) == asymmetric.members(private.public_key())


@pytest.mark.parametrize(
    "key", [x25519.X25519PrivateKey.generate(), dsa.generate_private_key(1024), ec.generate_private_key(ec.SECP224R1())]
)
def test_a_stored_key_that_does_not_sign_here_is_refused(key):
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())

    with pytest.raises(InvalidKey, match="not supported"):
        asymmetric.from_pkcs8(der)


@pytest.fixture
def without_mldsa(monkeypatch):
    """As on versions of `cryptography` before ML-DSA: its module cannot be imported."""
    monkeypatch.delitem(sys.modules, "admit.jose.mldsa", raising=False)
    monkeypatch.delattr("admit.jose.mldsa", raising=False)
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric.mldsa", None)
    monkeypatch.delattr("cryptography.hazmat.primitives.asymmetric.mldsa", raising=False)


def test_a_cryptography_without_mldsa_is_named_as_the_reason(without_mldsa):
    with pytest.raises(InvalidKey, match=r"the installed cryptography [\d.]+ has no ML-DSA"):
        generate_key("ML-DSA-44")
    with pytest.raises(InvalidKey, match="has no ML-DSA"):
        Jwk.parse({"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"})
    with pytest.raises(InvalidKey, match="X25519PublicKey"):
        asymmetric.kind(x25519.X25519PrivateKey.generate().public_key())


def test_a_key_set_with_one_such_key_serves_the_others(without_mldsa):
    other = generate_key("Ed25519", kid="e")

    keys = Jwks.parse({"keys": [{"kty": "AKP", "kid": "pq", "alg": "ML-DSA-44", "pub": "AA"}, other.public_dict()]})

    assert [key.kid for key in keys] == ["e"]
    assert keys.ignored[0][0] == "pq"


def test_a_curve_that_this_build_lacks_is_named_as_the_reason(monkeypatch):
    """OpenSSL of some distributions is built without secp256k1."""
    known = generate_key("ES256K").public_dict()

    def lacking(*_):
        raise UnsupportedAlgorithm("no such curve")

    monkeypatch.setattr("admit.jose.ecdsa.ec.EllipticCurvePublicNumbers", lacking)
    monkeypatch.setattr("admit.jose.ecdsa.ec.generate_private_key", lacking)

    with pytest.raises(InvalidKey, match="has no secp256k1"):
        Jwk.parse(known)
    with pytest.raises(InvalidKey, match="has no secp256k1"):
        generate_key("ES256K")


def test_a_cryptography_whose_openssl_lacks_mldsa_is_named_as_the_reason(monkeypatch):
    """Version 47 has the classes and, in its wheels, nothing behind them."""
    published = generate_key("ML-DSA-44").public_dict()

    class Lacking:
        @staticmethod
        def from_public_bytes(data):
            raise UnsupportedAlgorithm("ML-DSA is not supported by this backend")

        @staticmethod
        def generate():
            raise UnsupportedAlgorithm("ML-DSA is not supported by this backend")

    monkeypatch.setitem(mldsa._PUBLIC, "ML-DSA-44", Lacking)
    monkeypatch.setitem(mldsa._PRIVATE, "ML-DSA-44", Lacking)

    with pytest.raises(InvalidKey, match=r"the installed cryptography [\d.]+ has no ML-DSA-44;"):
        Jwk.parse(published)
    with pytest.raises(InvalidKey, match=r"the installed cryptography [\d.]+ has no ML-DSA-44;"):
        generate_key("ML-DSA-44")
