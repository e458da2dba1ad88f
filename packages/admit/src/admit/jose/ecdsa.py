"""ECDSA and its keys: ES256, ES384, ES512 (RFC 7518 sections 3.4 and 6.2) and ES256K (RFC 8812)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from admit.jose import base64url
from admit.jose.errors import InvalidKey

Public = ec.EllipticCurvePublicKey
Private = ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class _Curve:
    """A curve: octets of a coordinate, the order n of its base point, and the hash that JOSE pairs it with."""

    name: str
    curve: ec.EllipticCurve
    octets: int
    order: int
    scheme: ec.ECDSA


# The orders: SEC 2 version 2.0, sections 2.4.1 (secp256k1), 2.4.2 (P-256), 2.5.1 (P-384), 2.6.1 (P-521).
_CURVES = {
    row.name: row
    for row in (
        _Curve(
            "P-256",
            ec.SECP256R1(),
            32,
            0xFFFFFFFF_00000000_FFFFFFFF_FFFFFFFF_BCE6FAAD_A7179E84_F3B9CAC2_FC632551,
            ec.ECDSA(hashes.SHA256()),
        ),
        _Curve(
            "P-384",
            ec.SECP384R1(),
            48,
            0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_C7634D81_F4372DDF_581A0DB2_48B0A77A_ECEC196A_CCC52973,
            ec.ECDSA(hashes.SHA384()),
        ),
        _Curve(
            "P-521",
            ec.SECP521R1(),
            66,
            2**521 - 0x5_AE79787C_40D06994_8033FEB7_08F65A2F_C44A3647_7663B851_449048E1_6EC79BF7,
            ec.ECDSA(hashes.SHA512()),
        ),
        _Curve(
            "secp256k1",
            ec.SECP256K1(),
            32,
            0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141,
            ec.ECDSA(hashes.SHA256()),
        ),
    )
}
_BY_TYPE = {type(row.curve): row for row in _CURVES.values()}


def checker(key: Public) -> Callable[[bytes, bytes], bool]:
    """Return a function that checks R and S of this key: two numbers of the curve's size, each from 1 to n - 1."""
    row = _BY_TYPE[type(key.curve)]
    verify, scheme, size, both = key.verify, row.scheme, row.octets, 2 * row.octets
    zero, order = bytes(size), row.order.to_bytes(size, "big")

    def check(signature: bytes, data: bytes) -> bool:
        r, s = signature[:size], signature[size:]
        # Numbers of one length compare like their octets.
        if len(signature) != both or not zero < r < order or not zero < s < order:
            return False
        try:
            verify(_der(r, s), data, scheme)
        except InvalidSignature:
            return False
        return True

    return check


def signer(key: Private) -> Callable[[bytes], bytes]:
    """Return a function that signs with this key."""
    row = _BY_TYPE[type(key.curve)]
    make, scheme, size = key.sign, row.scheme, row.octets

    def sign(data: bytes) -> bytes:
        return _raw(make(data, scheme), size)

    return sign


def generate(curve: str) -> Private:
    """Make a key on the curve of this name."""
    return ec.generate_private_key(_CURVES[curve].curve)


def read(jwk: Mapping[str, Any]) -> tuple[Public, Private | None]:
    """Return the public and, where present, the private key of a JWK of type "EC".

    Raises:
        InvalidKey: An unknown curve, members of another length than the curve's, a private number that does not belong
            to the point.
        ValueError, Malformed: A point off the curve (RFC 8725 section 3.4), a member that is missing or no base64url.
    """
    row = _CURVES.get(name) if isinstance(name := jwk.get("crv"), str) else None
    if row is None:
        raise InvalidKey(f"the curve must be one of {', '.join(_CURVES)}")
    x, y = _coordinate(jwk, "x", row), _coordinate(jwk, "y", row)
    point = ec.EllipticCurvePublicNumbers(x, y, row.curve)
    public = point.public_key()
    if "d" not in jwk:
        return public, None
    d = _coordinate(jwk, "d", row)
    if not 0 < d < row.order:
        raise InvalidKey("d is out of range")
    private = ec.derive_private_key(d, row.curve)
    if private.public_key().public_numbers() != point:
        raise InvalidKey("d does not belong to x and y")
    return public, private


def members(key: Public) -> dict[str, str]:
    """Return the members that identify a key (RFC 7638 section 3.2)."""
    row, point = _BY_TYPE[type(key.curve)], key.public_numbers()
    x, y = (base64url.encode(number.to_bytes(row.octets, "big")) for number in (point.x, point.y))
    return {"kty": "EC", "crv": row.name, "x": x, "y": y}


def curve_of(key: Public) -> str:
    """Return `crv`, or raise InvalidKey for a curve that JOSE does not sign with."""
    row = _BY_TYPE.get(type(key.curve))
    if row is None:
        raise InvalidKey(f"curve {key.curve.name} is not supported")
    return row.name


def _coordinate(jwk: Mapping[str, Any], name: str, row: _Curve) -> int:
    octets = base64url.decode_member(jwk, name)
    # RFC 7518 sections 6.2.1.2 and 6.2.2.1: the octet string has the full size of a number of the curve, leading zeros included.
    if len(octets) != row.octets:
        raise InvalidKey(f"{name} of a key on {row.name} has {row.octets} octets")
    return int.from_bytes(octets, "big")


def _der(r: bytes, s: bytes) -> bytes:
    """Return R and S as the SEQUENCE of two INTEGERs that X.509 signs with (RFC 3279 section 2.2.3).

    An INTEGER of DER has no more octets than it needs, and is signed: a first bit of 1 gets an octet of zero before it.
    """
    if r[0] > 127:
        r = b"\0" + r
    elif not r[0]:
        r = _minimal(r)
    if s[0] > 127:
        s = b"\0" + s
    elif not s[0]:
        s = _minimal(s)
    length = len(r) + len(s) + 4
    if length < 128:
        return b"0%c\x02%c%b\x02%c%b" % (length, len(r), r, len(s), s)
    return b"0\x81%c\x02%c%b\x02%c%b" % (length, len(r), r, len(s), s)


def _minimal(number: bytes) -> bytes:
    number = number.lstrip(b"\0")
    return b"\0" + number if number[0] > 127 else number


def _raw(der: bytes, size: int) -> bytes:
    """Return R and S of a signature just made, each of `size` octets, one after the other (RFC 7518 section 3.4)."""
    start = 3 if der[1] & 0x80 else 2  # a SEQUENCE of 128 octets or more tells its length in one octet more
    end_of_r = start + 2 + der[start + 1]
    r, s = der[start + 2 : end_of_r], der[end_of_r + 2 :]
    return r[-size:].rjust(size, b"\0") + s[-size:].rjust(size, b"\0")
