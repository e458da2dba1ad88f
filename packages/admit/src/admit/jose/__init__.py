"""Signed tokens and their keys: compact JWS, JWK, JWKS and claim checks, strict throughout.

Stands on the standard library and `cryptography` alone, so that library and server share it.

    key = generate_key("ES256")
    token = sign({"sub": "alice", ...}, key, typ="at+jwt")
    signed = verify(token, Jwks([key.public()]), algorithms={"ES256"}, types={"at+jwt"})
    check_claims(signed.claims, issuer=..., audience=..., now=time.time(), leeway_s=30)
"""

from admit.jose.algorithms import SIGNING, Alg
from admit.jose.claims import RFC9068_REQUIRED, audiences, check_claims, check_times, check_types
from admit.jose.errors import (
    AlgorithmNotAllowed,
    BadSignature,
    ClaimsRefused,
    Expired,
    InvalidClaim,
    InvalidKey,
    JoseError,
    Malformed,
    NotYetValid,
    UnknownCritical,
    UnknownKey,
    WrongAudience,
    WrongIssuer,
    WrongType,
)
from admit.jose.jwk import Jwk, generate_key
from admit.jose.jwks import Jwks
from admit.jose.jws import MAX_TOKEN_CHARS, Header, Signed, Unverified, parse, sign, verify

__all__ = [
    "MAX_TOKEN_CHARS",
    "RFC9068_REQUIRED",
    "SIGNING",
    "Alg",
    "AlgorithmNotAllowed",
    "BadSignature",
    "ClaimsRefused",
    "Expired",
    "Header",
    "InvalidClaim",
    "InvalidKey",
    "JoseError",
    "Jwk",
    "Jwks",
    "Malformed",
    "NotYetValid",
    "Signed",
    "UnknownCritical",
    "UnknownKey",
    "Unverified",
    "WrongAudience",
    "WrongIssuer",
    "WrongType",
    "audiences",
    "check_claims",
    "check_times",
    "check_types",
    "generate_key",
    "parse",
    "sign",
    "verify",
]
