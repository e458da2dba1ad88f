import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from admit.jose import BadSignature, Jwk, base64url, generate_key, parse, sign, verify

AT = {"at+jwt"}


def test_es256_signatures_are_64_raw_octets():
    """RFC 7518 section 3.4; X.509 would use DER."""
    key = generate_key("ES256")

    for _ in range(20):
        assert len(parse(sign({}, key, typ=None)).signature) == 64


@pytest.mark.parametrize("length", [0, 63, 65, 70])
def test_an_es256_signature_of_another_length_is_bad(length):
    key = generate_key("ES256")
    head = sign({}, key, typ="at+jwt").rpartition(".")[0]

    with pytest.raises(BadSignature):
        verify(f"{head}.{base64url.encode(b'x' * length)}", key, types=AT)


def test_a_der_signature_is_not_taken_for_es256():
    private = ec.generate_private_key(ec.SECP256R1())
    key = Jwk.from_pkcs8(
        private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()), alg="ES256", kid=None
    )
    head = sign({}, key, typ="at+jwt").rpartition(".")[0]
    der = private.sign(head.encode(), ec.ECDSA(hashes.SHA256()))

    with pytest.raises(BadSignature):
        verify(f"{head}.{base64url.encode(der)}", key, types=AT)


def test_zero_is_no_ecdsa_signature():
    """CVE-2022-21449: r = s = 0 must not verify anything."""
    key = generate_key("ES256")
    head = sign({}, key, typ="at+jwt").rpartition(".")[0]

    with pytest.raises(BadSignature):
        verify(f"{head}.{base64url.encode(bytes(64))}", key, types=AT)


def test_an_rs256_signature_of_another_length_is_bad():
    key = generate_key("RS256")
    head = sign({}, key, typ="at+jwt").rpartition(".")[0]

    for length in (0, 255, 257):
        with pytest.raises(BadSignature):
            verify(f"{head}.{base64url.encode(b'x' * length)}", key, types=AT)
