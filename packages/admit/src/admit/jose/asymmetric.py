"""ES256 and RS256, and the keys for them: everything of `jose` that needs `cryptography`.

Imported at the first key that needs it, because it costs more than all the rest of the library together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from admit.jose import base64url
from admit.jose.errors import InvalidKey, Malformed

Public = ec.EllipticCurvePublicKey | rsa.RSAPublicKey
Private = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

_P256_BYTES = 32
_MAX_RSA_BITS = 8192  # a verification costs the square of this; a hostile key set must not set the price
_SHA256 = hashes.SHA256()
_ECDSA_SHA256 = ec.ECDSA(_SHA256)
_PKCS1V15 = padding.PKCS1v15()


def es256_sign(key: ec.EllipticCurvePrivateKey, data: bytes) -> bytes:
    """Sign with ECDSA over P-256 and SHA-256; 64 octets."""
    # RFC 7518 section 3.4: R and S as 32-octet big-endian numbers, one after the other; not the DER of X.509.
    r, s = decode_dss_signature(key.sign(data, _ECDSA_SHA256))
    return r.to_bytes(_P256_BYTES, "big") + s.to_bytes(_P256_BYTES, "big")


def es256_verify(key: ec.EllipticCurvePublicKey, signature: bytes, data: bytes) -> bool:
    """Check 64 octets of R and S; any other length belongs to nothing."""
    if len(signature) != 2 * _P256_BYTES:
        return False
    r, s = int.from_bytes(signature[:_P256_BYTES], "big"), int.from_bytes(signature[_P256_BYTES:], "big")
    try:
        key.verify(encode_dss_signature(r, s), data, _ECDSA_SHA256)
    except InvalidSignature:
        return False
    return True


def rs256_sign(key: rsa.RSAPrivateKey, data: bytes) -> bytes:
    """Sign with RSASSA-PKCS1-v1_5 and SHA-256 (RFC 7518 section 3.3)."""
    return key.sign(data, _PKCS1V15, _SHA256)


def rs256_verify(key: rsa.RSAPublicKey, signature: bytes, data: bytes) -> bool:
    """Check a signature of RSASSA-PKCS1-v1_5 and SHA-256."""
    try:
        key.verify(signature, data, _PKCS1V15, _SHA256)
    except InvalidSignature:
        return False
    return True


def generate(kty: str) -> Private:
    """Make a P-256 key ("EC") or a 2,048-bit RSA key ("RSA")."""
    if kty == "EC":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def read(kty: str, members: Mapping[str, Any]) -> tuple[Public, Private | None]:
    """Return the public and, where present, the private key of a JWK of type "EC" or "RSA".

    Raises:
        InvalidKey: A member is missing, of the wrong type or length, or the numbers make no key.
    """
    try:
        return _READERS[kty](members)
    except InvalidKey:
        raise
    except (Malformed, ValueError) as error:
        raise InvalidKey(f"not a usable {kty} key: {error}") from None


def members(key: Public) -> dict[str, str]:
    """Return the members that identify a key (RFC 7638 section 3.2)."""
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        return {"kty": "RSA", "n": _minimal(numbers.n), "e": _minimal(numbers.e)}
    point = key.public_numbers()
    x, y = (base64url.encode(number.to_bytes(_P256_BYTES, "big")) for number in (point.x, point.y))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y}


def kind(key: Public) -> tuple[str, str | None]:
    """Return `kty` and `crv`.

    Raises:
        InvalidKey: A type or curve that this library does not sign with.
    """
    if isinstance(key, rsa.RSAPublicKey):
        return "RSA", None
    if isinstance(key.curve, ec.SECP256R1):
        return "EC", "P-256"
    raise InvalidKey(f"curve {key.curve.name} is not supported")


def to_pkcs8(key: Private) -> bytes:
    """Serialise as unencrypted PKCS#8 DER (RFC 5958)."""
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def from_pkcs8(der: bytes) -> Private:
    """Load what `to_pkcs8` wrote.

    Raises:
        InvalidKey: Not an unencrypted PKCS#8 key of a supported type.
    """
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    try:
        key = load_der_private_key(der, password=None)
    except (ValueError, TypeError):
        raise InvalidKey("not an unencrypted PKCS#8 private key") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise InvalidKey(f"keys of this kind are not supported: {type(key).__name__}")
    return key


def _number(jwk: Mapping[str, Any], name: str) -> int:
    return int.from_bytes(base64url.decode_member(jwk, name), "big")


def _minimal(number: int) -> str:
    return base64url.encode(number.to_bytes((number.bit_length() + 7) // 8, "big"))


def _read_ec(jwk: Mapping[str, Any]) -> tuple[Public, Private | None]:
    if jwk.get("crv") != "P-256":
        raise InvalidKey("the curve must be P-256")
    x, y = base64url.decode_member(jwk, "x"), base64url.decode_member(jwk, "y")
    # RFC 7518 section 6.2.1.2: the octet string has the full size of a coordinate, leading zeros included.
    if len(x) != _P256_BYTES or len(y) != _P256_BYTES:
        raise InvalidKey("coordinates of P-256 are 32 octets each")
    point = ec.EllipticCurvePublicNumbers(int.from_bytes(x, "big"), int.from_bytes(y, "big"), ec.SECP256R1())
    public = point.public_key()  # refuses a point off the curve (RFC 8725 section 3.4)
    if "d" not in jwk:
        return public, None
    return public, ec.EllipticCurvePrivateNumbers(_number(jwk, "d"), point).private_key()


def _read_rsa(jwk: Mapping[str, Any]) -> tuple[Public, Private | None]:
    n, e = _number(jwk, "n"), _number(jwk, "e")
    if n.bit_length() > _MAX_RSA_BITS:
        raise InvalidKey(f"RSA keys of more than {_MAX_RSA_BITS} bits are refused")
    numbers = rsa.RSAPublicNumbers(e, n)
    public = numbers.public_key()
    if "d" not in jwk:
        return public, None
    p, q, d, dp, dq, qi = (_number(jwk, name) for name in ("p", "q", "d", "dp", "dq", "qi"))
    return public, rsa.RSAPrivateNumbers(p, q, d, dp, dq, qi, numbers).private_key()


_READERS: dict[str, Callable[[Mapping[str, Any]], tuple[Public, Private | None]]] = {"EC": _read_ec, "RSA": _read_rsa}
