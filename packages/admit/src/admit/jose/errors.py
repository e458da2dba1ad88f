"""What can be wrong with a key or a signed token. Every class carries a stable `code`."""

from __future__ import annotations

from typing import ClassVar


class JoseError(Exception):
    """Base of everything `admit.jose` raises. The message is for developers and logs, never for the caller of an API."""

    code: ClassVar[str] = "jose_error"


class InvalidKey(JoseError, ValueError):
    """A key that must not be used: too short, of the wrong kind, meant for something else, or not parseable."""

    code = "invalid_key"


class Malformed(JoseError):
    """Not a compact JWS, or its header or claims are not what the specifications allow."""

    code = "malformed_token"


class AlgorithmNotAllowed(JoseError):
    """The header names an algorithm that the key or the caller does not agree to, `none` included."""

    code = "algorithm_not_allowed"


class UnknownKey(JoseError):
    """No key of the set answers to the token's `kid`."""

    code = "unknown_key"


class UnknownCritical(JoseError):
    """The `crit` header names something that this verifier does not understand (RFC 7515 section 4.1.11)."""

    code = "unknown_critical"

    def __init__(self, message: str, *, names: frozenset[str] = frozenset()) -> None:
        super().__init__(message)
        self.names = names


class WrongType(JoseError):
    """The `typ` header says that this is another kind of token (RFC 8725 section 3.11)."""

    code = "wrong_type"


class BadSignature(JoseError):
    """The signature does not belong to this header, payload and key."""

    code = "bad_signature"


class ClaimsRefused(JoseError):
    """Base of refusals that come from the claims of a token whose signature is good."""

    code = "claims_refused"


class InvalidClaim(ClaimsRefused):
    """A claim is missing or of the wrong type."""

    code = "malformed_token"


class Expired(ClaimsRefused):
    """`exp` has passed."""

    code = "token_expired"


class NotYetValid(ClaimsRefused):
    """`nbf` or `iat` lies in the future."""

    code = "token_not_yet_valid"


class WrongIssuer(ClaimsRefused):
    """`iss` is somebody else."""

    code = "wrong_issuer"


class WrongAudience(ClaimsRefused):
    """`aud` does not name this resource."""

    code = "wrong_audience"
