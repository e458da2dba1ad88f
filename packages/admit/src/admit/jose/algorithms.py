"""The signing algorithms, as rows of a table (RFC 7518 section 3.1, RFC 8812, RFC 9864, RFC 9964).

A key names its row when it is loaded; a token's header may only agree with it (RFC 8725 section 3.1). There is no row
`none`. A row makes the functions that check and sign with one key; what they need is imported then and not before, so a
program that knows only secrets never loads `cryptography`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

Checker: TypeAlias = Callable[[bytes, bytes], bool]
"""(signature, signing input) -> whether they belong together."""
Signer: TypeAlias = Callable[[bytes], bytes]
"""(signing input) -> signature."""


@dataclass(frozen=True, slots=True)
class Alg:
    """One signing algorithm.

    Attributes:
        name: As in the `alg` header (RFC 7518 section 3.1).
        kty: Key type (RFC 7518 section 6.1, RFC 8037 section 2, RFC 9964).
        crv: Curve, or parameter set, where the key type has several.
        min_bits: Smallest key that is accepted, where keys of the type differ in size; otherwise 0.
        symmetric: Whoever can verify can also sign, so such a key is never published.
        prepare_verify: Public material -> the function that checks signatures of this key.
        prepare_sign: Private material -> the function that signs with this key.
    """

    name: str
    kty: str
    crv: str | None
    min_bits: int
    symmetric: bool
    prepare_verify: Callable[[Any], Checker]
    prepare_sign: Callable[[Any], Signer]


def _hmac(name: str, bits: int) -> Alg:
    def prepare_verify(secret: bytes) -> Checker:
        from admit.jose import hmac_sha2

        return hmac_sha2.checker(secret, f"sha{bits}")

    def prepare_sign(secret: bytes) -> Signer:
        from admit.jose import hmac_sha2

        return hmac_sha2.signer(secret, f"sha{bits}")

    # RFC 7518 section 3.2: "A key of the same size as the hash output ... or larger MUST be used".
    return Alg(name, "oct", None, bits, True, prepare_verify, prepare_sign)


def _ecdsa(name: str, curve: str) -> Alg:
    def prepare_verify(key: Any) -> Checker:
        from admit.jose import ecdsa

        return ecdsa.checker(key)

    def prepare_sign(key: Any) -> Signer:
        from admit.jose import ecdsa

        return ecdsa.signer(key)

    return Alg(name, "EC", curve, 0, False, prepare_verify, prepare_sign)


def _eddsa(name: str) -> Alg:
    def prepare_verify(key: Any) -> Checker:
        from admit.jose import eddsa

        return eddsa.checker(key)

    def prepare_sign(key: Any) -> Signer:
        from admit.jose import eddsa

        return eddsa.signer(key)

    return Alg(name, "OKP", name, 0, False, prepare_verify, prepare_sign)


def _rsa(name: str, bits: int, *, pss: bool) -> Alg:
    def prepare_verify(key: Any) -> Checker:
        from admit.jose import rsassa

        return rsassa.checker(key, f"sha{bits}", pss=pss)

    def prepare_sign(key: Any) -> Signer:
        from admit.jose import rsassa

        return rsassa.signer(key, f"sha{bits}", pss=pss)

    # RFC 7518 sections 3.3 and 3.5: "A key of size 2048 bits or larger MUST be used".
    return Alg(name, "RSA", None, 2048, False, prepare_verify, prepare_sign)


def _mldsa(name: str) -> Alg:
    def prepare_verify(key: Any) -> Checker:
        from admit.jose import mldsa

        return mldsa.checker(key)

    def prepare_sign(key: Any) -> Signer:
        from admit.jose import mldsa

        return mldsa.signer(key)

    return Alg(name, "AKP", name, 0, False, prepare_verify, prepare_sign)


SIGNING: dict[str, Alg] = {
    row.name: row
    for row in (
        _hmac("HS256", 256),
        _hmac("HS384", 384),
        _hmac("HS512", 512),
        _ecdsa("ES256", "P-256"),
        _ecdsa("ES384", "P-384"),
        _ecdsa("ES512", "P-521"),
        _ecdsa("ES256K", "secp256k1"),
        _eddsa("Ed25519"),
        _eddsa("Ed448"),
        _rsa("RS256", 256, pss=False),
        _rsa("RS384", 384, pss=False),
        _rsa("RS512", 512, pss=False),
        _rsa("PS256", 256, pss=True),
        _rsa("PS384", 384, pss=True),
        _rsa("PS512", 512, pss=True),
        _mldsa("ML-DSA-44"),
        _mldsa("ML-DSA-65"),
        _mldsa("ML-DSA-87"),
    )
}
"""The table: name of the algorithm -> its row."""

KEY_TYPES = frozenset(row.kty for row in SIGNING.values())
"""Every `kty` that has a row."""

# RFC 9864 section 4.1.2 deprecates "EdDSA", which names two algorithms. Here it has always one meaning, the one that nearly
# everybody gave it: an Ed448 key never answers to it. It is read, and never written.
_OLD_NAMES = {"EdDSA": "Ed25519"}


def current_name(alg: str) -> str:
    """Return today's name of an algorithm: "Ed25519" for "EdDSA", everything else as it is."""
    return _OLD_NAMES.get(alg, alg)


def algorithm_for_key(*, kty: str, crv: str | None, declared: str | None) -> Alg | None:
    """Return the row a key belongs to, or None if this library has none for it.

    A key that declares no `alg` gets the first row of its type and curve: a P-256 key can only be ES256; RSA without `alg`
    has meant RS256 since OpenID Connect made that the default (OpenID Connect Core section 2, `id_token_signed_response_alg`
    of Dynamic Client Registration section 2), and a secret HS256, the one HMAC that RFC 7518 section 3.1 requires. A key has
    one algorithm: an issuer that signs PS256 has to say so in its key set (RFC 8725 section 3.1).
    """
    for row in SIGNING.values():
        if row.kty == kty and row.crv == crv and declared in (None, row.name):
            return row
    return None
