"""ML-DSA and its keys (FIPS 204, RFC 9964), where the installed `cryptography` has it.

The import of this module fails on versions of `cryptography` without ML-DSA; `asymmetric` turns that into an InvalidKey that says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature

# By name, so that a version that has only some of them is one that has none.
from cryptography.hazmat.primitives.asymmetric.mldsa import (
    MLDSA44PrivateKey,
    MLDSA44PublicKey,
    MLDSA65PrivateKey,
    MLDSA65PublicKey,
    MLDSA87PrivateKey,
    MLDSA87PublicKey,
)

from admit.jose import base64url
from admit.jose.errors import InvalidKey

Public = MLDSA44PublicKey | MLDSA65PublicKey | MLDSA87PublicKey
Private = MLDSA44PrivateKey | MLDSA65PrivateKey | MLDSA87PrivateKey

_PUBLIC: dict[str, Any] = {
    "ML-DSA-44": MLDSA44PublicKey,
    "ML-DSA-65": MLDSA65PublicKey,
    "ML-DSA-87": MLDSA87PublicKey,
}
_PRIVATE: dict[str, Any] = {
    "ML-DSA-44": MLDSA44PrivateKey,
    "ML-DSA-65": MLDSA65PrivateKey,
    "ML-DSA-87": MLDSA87PrivateKey,
}
_SEED_OCTETS = 32


def checker(key: Public) -> Callable[[bytes, bytes], bool]:
    """Return a function that checks signatures of this key, made with an empty context (RFC 9964)."""
    verify = key.verify

    def check(signature: bytes, data: bytes) -> bool:
        try:
            verify(signature, data)
        except InvalidSignature:
            return False
        return True

    return check


def signer(key: Private) -> Callable[[bytes], bytes]:
    """Return a function that signs with this key and an empty context."""
    make = key.sign

    def sign(data: bytes) -> bytes:
        return make(data)

    return sign


def generate(name: str) -> Private:
    """Make a key of this parameter set, for example "ML-DSA-65"."""
    made: Private = _PRIVATE[name].generate()
    return made


def read(jwk: Mapping[str, Any]) -> tuple[Public, Private | None]:
    """Return the public and, where present, the private key of a JWK of type "AKP" (RFC 9964).

    Raises:
        InvalidKey: No `alg` of this family (this key type requires one), a seed that does not belong to `pub`.
        ValueError, Malformed: A member of the wrong length, missing or no base64url.
    """
    name = jwk.get("alg")
    if not isinstance(name, str) or name not in _PUBLIC:
        raise InvalidKey(f"a key of type AKP must say its alg: one of {', '.join(_PUBLIC)}")
    encoded = base64url.decode_member(jwk, "pub")
    public = _PUBLIC[name].from_public_bytes(encoded)
    if "priv" not in jwk:
        return public, None
    seed = base64url.decode_member(jwk, "priv")
    if len(seed) != _SEED_OCTETS:
        raise InvalidKey(f"priv is a seed of {_SEED_OCTETS} octets")
    private: Private = _PRIVATE[name].from_seed_bytes(seed)
    if private.public_key().public_bytes_raw() != encoded:
        raise InvalidKey("priv does not belong to pub")
    return public, private


def members(key: Public) -> dict[str, str]:
    """Return the members that identify a key: `alg` is one of them for this key type."""
    return {"kty": "AKP", "alg": name_of(key) or "", "pub": base64url.encode(key.public_bytes_raw())}


def name_of(key: object) -> str | None:
    """Return the parameter set, which is also the algorithm, or None for a key of another family."""
    return next((name for name, kind in _PUBLIC.items() if isinstance(key, kind)), None)
