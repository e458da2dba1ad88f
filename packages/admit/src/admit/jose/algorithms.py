"""The signing algorithms, as rows of a table (RFC 7518 section 3.1).

A key names its row when it is loaded; a token's header may only agree with it (RFC 8725 section 3.1). There is no row
`none`. A new algorithm is a new row here and a reader for its keys in `asymmetric`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


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
    import hmac

    return hmac.digest(secret, data, "sha256")


def _hs256_verify(secret: bytes, signature: bytes, data: bytes) -> bool:
    import hmac

    return hmac.compare_digest(hmac.digest(secret, data, "sha256"), signature)


def _es256_sign(key: Any, data: bytes) -> bytes:
    from admit.jose.asymmetric import es256_sign

    return es256_sign(key, data)


def _es256_verify(key: Any, signature: bytes, data: bytes) -> bool:
    from admit.jose.asymmetric import es256_verify

    return es256_verify(key, signature, data)


def _rs256_sign(key: Any, data: bytes) -> bytes:
    from admit.jose.asymmetric import rs256_sign

    return rs256_sign(key, data)


def _rs256_verify(key: Any, signature: bytes, data: bytes) -> bool:
    from admit.jose.asymmetric import rs256_verify

    return rs256_verify(key, signature, data)


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
