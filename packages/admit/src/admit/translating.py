"""The refusal that says the same as an error of `admit.jose`."""

from __future__ import annotations

from admit import jose
from admit.errors import (
    AlgorithmNotAllowed,
    BadSignature,
    MalformedToken,
    TokenExpired,
    TokenNotYetValid,
    TokenRejected,
    UnknownKey,
    WrongAudience,
    WrongIssuer,
    WrongType,
)

_FROM_JOSE: dict[type[jose.JoseError], type[TokenRejected]] = {
    jose.Malformed: MalformedToken,
    jose.InvalidClaim: MalformedToken,
    jose.UnknownCritical: MalformedToken,
    jose.AlgorithmNotAllowed: AlgorithmNotAllowed,
    jose.UnknownKey: UnknownKey,
    jose.BadSignature: BadSignature,
    jose.WrongType: WrongType,
    jose.WrongIssuer: WrongIssuer,
    jose.WrongAudience: WrongAudience,
    jose.Expired: TokenExpired,
    jose.NotYetValid: TokenNotYetValid,
}


def from_jose(error: jose.JoseError) -> TokenRejected:
    """Return the refusal that says the same as `error`."""
    return _FROM_JOSE.get(type(error), TokenRejected)(str(error))
