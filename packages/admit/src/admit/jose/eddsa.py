"""Ed25519 and Ed448 and their keys (RFC 8032, RFC 8037, RFC 9864)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed448, ed25519

from admit.jose import accelerators, base64url
from admit.jose.errors import InvalidKey

Public = ed25519.Ed25519PublicKey | ed448.Ed448PublicKey
Private = ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey

_OCTETS = {"Ed25519": 32, "Ed448": 57}
_PUBLIC: dict[str, Any] = {"Ed25519": ed25519.Ed25519PublicKey, "Ed448": ed448.Ed448PublicKey}
_PRIVATE: dict[str, Any] = {"Ed25519": ed25519.Ed25519PrivateKey, "Ed448": ed448.Ed448PrivateKey}
_PRIME = {"Ed25519": 2**255 - 19, "Ed448": 2**448 - 2**224 - 1}
# y of the points whose order divides the cofactor: 1 (order 1), -1 (order 2), 0 (order 4), and on Ed25519 those of order 8,
# which are the roots of d * y^4 + 2 * y^2 - 1.
_Y8 = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
_SMALL_ORDER = {
    "Ed25519": frozenset({1, _PRIME["Ed25519"] - 1, 0, _Y8, _PRIME["Ed25519"] - _Y8}),
    "Ed448": frozenset({1, _PRIME["Ed448"] - 1, 0}),
}


def checker(key: Public) -> Callable[[bytes, bytes], bool]:
    """Return a function that checks signatures of this key.

    Where libsodium is installed it is asked first for Ed25519, being faster. Its yes is a yes; its no is asked again, so
    that what is accepted is what `cryptography` accepts, whatever is installed.
    """
    verify = key.verify

    def check(signature: bytes, data: bytes) -> bool:
        try:
            verify(signature, data)
        except InvalidSignature:
            return False
        return True

    if (
        not isinstance(key, ed25519.Ed25519PublicKey)
        or (quick := accelerators.ed25519_checker(key.public_bytes_raw())) is None
    ):
        return check
    believed = quick
    return lambda signature, data: believed(signature, data) or check(signature, data)


def signer(key: Private) -> Callable[[bytes], bytes]:
    """Return a function that signs with this key."""
    return key.sign


def generate(curve: str) -> Private:
    """Make a key of "Ed25519" or "Ed448"."""
    made: Private = _PRIVATE[curve].generate()
    return made


def read(jwk: Mapping[str, Any]) -> tuple[Public, Private | None]:
    """Return the public and, where present, the private key of a JWK of type "OKP" (RFC 8037 section 2).

    Raises:
        InvalidKey: Another curve (X25519 and X448 do not sign), a point that must not be a key, a `d` that does not
            belong to `x`.
        ValueError, Malformed: A member of the wrong length, missing or no base64url.
    """
    curve = jwk.get("crv")
    if not isinstance(curve, str) or curve not in _OCTETS:
        raise InvalidKey(f"the curve must be one of {', '.join(_OCTETS)}")
    x = base64url.decode_member(jwk, "x")
    police(x, curve)
    public = _PUBLIC[curve].from_public_bytes(x)
    if "d" not in jwk:
        return public, None
    private: Private = _PRIVATE[curve].from_private_bytes(base64url.decode_member(jwk, "d"))
    if private.public_key().public_bytes_raw() != x:
        raise InvalidKey("d does not belong to x")
    return public, private


def police(encoded: bytes, curve: str) -> None:
    """Refuse a public key that is no honest one.

    Args:
        encoded: The point as RFC 8032 writes it.
        curve: "Ed25519" or "Ed448".

    Raises:
        InvalidKey: The wrong length. A second spelling of a point (RFC 8032 sections 5.1.3 and 5.2.3: y is below the
            field's prime). A point of small order: under such a key one signature is good for many texts or for all, and
            anybody can make it, so whoever could bring in that key could sign for everybody.
    """
    octets = _OCTETS[curve]
    if len(encoded) != octets:
        raise InvalidKey(f"x of a key on {curve} has {octets} octets")
    y = int.from_bytes(encoded, "little") & ~(1 << (octets * 8 - 1))  # the last bit is the sign of x
    if y >= _PRIME[curve]:
        raise InvalidKey("the point is not written in its one form")
    if y in _SMALL_ORDER[curve]:
        raise InvalidKey("the point has a small order: anybody could sign with such a key")


def members(key: Public) -> dict[str, str]:
    """Return the members that identify a key (RFC 8037 appendix A.3)."""
    return {"kty": "OKP", "crv": curve_of(key), "x": base64url.encode(key.public_bytes_raw())}


def curve_of(key: Public) -> str:
    """Return `crv`."""
    return "Ed25519" if isinstance(key, ed25519.Ed25519PublicKey) else "Ed448"
