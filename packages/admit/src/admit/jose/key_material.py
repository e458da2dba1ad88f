"""Key members of a JWK <-> keys of `cryptography` (RFC 7518 section 6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from admit.jose import base64url
from admit.jose.errors import InvalidKey, Malformed

Public = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | bytes
Private = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | bytes

_P256_BYTES = 32
_MAX_RSA_BITS = 8192  # a verification costs the square of this; a hostile key set must not set the price


def read(kty: str, members: Mapping[str, Any]) -> tuple[Public, Private | None]:
    """Return the public and, where present, the private material of a JWK.

    Raises:
        InvalidKey: A member is missing, of the wrong type or length, or the numbers make no key.
    """
    try:
        return _READERS[kty](members)
    except (Malformed, ValueError) as error:
        if isinstance(error, InvalidKey):
            raise
        raise InvalidKey(f"not a usable {kty} key: {error}") from None


def public_of(private: Private) -> Public:
    """Return what verifies the signatures of `private` (for a secret, the secret itself)."""
    return private if isinstance(private, bytes) else private.public_key()


def public_members(key: Public) -> dict[str, str]:
    """Return exactly the members that identify a key, in the order of RFC 7638 section 3.2."""
    if isinstance(key, bytes):
        return {"k": base64url.encode(key), "kty": "oct"}
    if isinstance(key, rsa.RSAPublicKey):
        rsa_numbers = key.public_numbers()
        return {"e": _minimal(rsa_numbers.e), "kty": "RSA", "n": _minimal(rsa_numbers.n)}
    point = key.public_numbers()
    x, y = (base64url.encode(number.to_bytes(_P256_BYTES, "big")) for number in (point.x, point.y))
    return {"crv": "P-256", "kty": "EC", "x": x, "y": y}


def bits(key: Public) -> int:
    """Return the size by which keys of this type are judged."""
    return len(key) * 8 if isinstance(key, bytes) else key.key_size


def kind(key: Public) -> tuple[str, str | None]:
    """Return `kty` and `crv`.

    Raises:
        InvalidKey: A type or curve that this library does not sign with.
    """
    if isinstance(key, bytes):
        return "oct", None
    if isinstance(key, rsa.RSAPublicKey):
        return "RSA", None
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return "EC", "P-256"
    raise InvalidKey(f"keys of this kind are not supported: {type(key).__name__}")


def to_pkcs8(key: Private) -> bytes:
    """Serialise as unencrypted PKCS#8 DER (RFC 5958). A symmetric secret has no such form."""
    if isinstance(key, bytes):
        raise InvalidKey("a symmetric secret has no PKCS#8 form; store its bytes")
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def from_pkcs8(der: bytes) -> Private:
    """Load what `to_pkcs8` wrote.

    Raises:
        InvalidKey: Not an unencrypted PKCS#8 key of a supported type.
    """
    try:
        key = load_der_private_key(der, password=None)
    except (ValueError, TypeError):
        raise InvalidKey("not an unencrypted PKCS#8 private key") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise InvalidKey(f"keys of this kind are not supported: {type(key).__name__}")
    return key


def _octets(members: Mapping[str, Any], name: str) -> bytes:
    value = members.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidKey(f"member {name!r} is missing or not text")
    return base64url.decode(value)


def _number(members: Mapping[str, Any], name: str) -> int:
    return int.from_bytes(_octets(members, name), "big")


def _minimal(number: int) -> str:
    return base64url.encode(number.to_bytes((number.bit_length() + 7) // 8, "big"))


def _read_secret(members: Mapping[str, Any]) -> tuple[Public, Private | None]:
    secret = _octets(members, "k")
    return secret, secret


def _read_ec(members: Mapping[str, Any]) -> tuple[Public, Private | None]:
    if members.get("crv") != "P-256":
        raise InvalidKey("the curve must be P-256")
    x, y = _octets(members, "x"), _octets(members, "y")
    # RFC 7518 section 6.2.1.2: the octet string has the full size of a coordinate, leading zeros included.
    if len(x) != _P256_BYTES or len(y) != _P256_BYTES:
        raise InvalidKey("coordinates of P-256 are 32 octets each")
    point = ec.EllipticCurvePublicNumbers(int.from_bytes(x, "big"), int.from_bytes(y, "big"), ec.SECP256R1())
    public = point.public_key()  # refuses a point off the curve (RFC 8725 section 3.4)
    if "d" not in members:
        return public, None
    return public, ec.EllipticCurvePrivateNumbers(_number(members, "d"), point).private_key()


def _read_rsa(members: Mapping[str, Any]) -> tuple[Public, Private | None]:
    n, e = _number(members, "n"), _number(members, "e")
    if n.bit_length() > _MAX_RSA_BITS:
        raise InvalidKey(f"RSA keys of more than {_MAX_RSA_BITS} bits are refused")
    numbers = rsa.RSAPublicNumbers(e, n)
    public = numbers.public_key()
    if "d" not in members:
        return public, None
    p, q, d, dp, dq, qi = (_number(members, name) for name in ("p", "q", "d", "dp", "dq", "qi"))
    return public, rsa.RSAPrivateNumbers(p, q, d, dp, dq, qi, numbers).private_key()


_READERS: dict[str, Callable[[Mapping[str, Any]], tuple[Public, Private | None]]] = {
    "oct": _read_secret,
    "EC": _read_ec,
    "RSA": _read_rsa,
}
