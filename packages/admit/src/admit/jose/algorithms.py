"""The signing algorithms, as rows of a table (RFC 7518 section 3.1).

A key names its row when it is loaded; a token's header may only agree with it (RFC 8725 section 3.1). There is no row
`none`. A new algorithm is a new row here and a reader for its key type in `key_material`.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

_SHA256 = hashes.SHA256()
_ECDSA_SHA256 = ec.ECDSA(_SHA256)
_PKCS1V15 = padding.PKCS1v15()
_P256_BYTES = 32


@dataclass(frozen=True, slots=True)
class Alg:
    """One signing algorithm.

    Attributes:
        name: As in the `alg` header (RFC 7518 section 3.1).
        kty: Key type (RFC 7518 section 6.1).
        crv: Curve, where the key type has several.
        min_bits: Smallest key that is accepted.
        symmetric: Whoever can verify can also sign, so such a key is never published.
        sign: (private material, signing input) -> signature bytes.
        verify: (public material, signature, signing input) -> whether they belong together.
    """

    name: str
    kty: str
    crv: str | None
    min_bits: int
    symmetric: bool
    sign: Callable[[Any, bytes], bytes]
    verify: Callable[[Any, bytes, bytes], bool]


def _hs256_sign(secret: bytes, data: bytes) -> bytes:
    return hmac.digest(secret, data, "sha256")


def _hs256_verify(secret: bytes, signature: bytes, data: bytes) -> bool:
    return hmac.compare_digest(hmac.digest(secret, data, "sha256"), signature)


def _es256_sign(key: ec.EllipticCurvePrivateKey, data: bytes) -> bytes:
    # RFC 7518 section 3.4: R and S as 32-octet big-endian numbers, one after the other; not the DER of X.509.
    r, s = decode_dss_signature(key.sign(data, _ECDSA_SHA256))
    return r.to_bytes(_P256_BYTES, "big") + s.to_bytes(_P256_BYTES, "big")


def _es256_verify(key: ec.EllipticCurvePublicKey, signature: bytes, data: bytes) -> bool:
    if len(signature) != 2 * _P256_BYTES:
        return False
    r, s = int.from_bytes(signature[:_P256_BYTES], "big"), int.from_bytes(signature[_P256_BYTES:], "big")
    try:
        key.verify(encode_dss_signature(r, s), data, _ECDSA_SHA256)
    except InvalidSignature:
        return False
    return True


def _rs256_sign(key: rsa.RSAPrivateKey, data: bytes) -> bytes:
    return key.sign(data, _PKCS1V15, _SHA256)


def _rs256_verify(key: rsa.RSAPublicKey, signature: bytes, data: bytes) -> bool:
    try:
        key.verify(signature, data, _PKCS1V15, _SHA256)
    except InvalidSignature:
        return False
    return True


SIGNING: dict[str, Alg] = {
    row.name: row
    for row in (
        # RFC 7518 section 3.2: "A key of the same size as the hash output ... or larger MUST be used".
        Alg("HS256", "oct", None, 256, True, _hs256_sign, _hs256_verify),
        Alg("ES256", "EC", "P-256", 256, False, _es256_sign, _es256_verify),
        # RFC 7518 section 3.3: "A key of size 2048 bits or larger MUST be used".
        Alg("RS256", "RSA", None, 2048, False, _rs256_sign, _rs256_verify),
    )
}


def algorithm_for_key(*, kty: str, crv: str | None, declared: str | None) -> Alg | None:
    """Return the row a key belongs to, or None if this library has none for it.

    A key that declares no `alg` gets the first row of its type: a P-256 key can only be ES256, and RSA without `alg`
    has meant RS256 since OpenID Connect made that the default.
    """
    for row in SIGNING.values():
        if row.kty == kty and row.crv == crv and declared in (None, row.name):
            return row
    return None
