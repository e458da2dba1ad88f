"""Admit: check tokens, protect routes, mint local JWTs.

from admit import Verifier

verifier = Verifier(issuer="https://id.example.com", audience="https://api.example.com")
who = verifier.verify(token)          # Principal, or TokenRejected
who.require("orders:write")           # or InsufficientScope
"""

from admit.errors import (
    AdmitError,
    AlgorithmNotAllowed,
    BadSignature,
    InsufficientScope,
    IntrospectionNotConfigured,
    InvalidRequest,
    LimitsNotEnforceable,
    MalformedToken,
    MissingToken,
    StepUpRequired,
    TokenExpired,
    TokenInactive,
    TokenNotYetValid,
    TokenRejected,
    TokenRevoked,
    UnknownKey,
    VerifierMisconfigured,
    VerifierUnavailable,
    WrongAudience,
    WrongIssuer,
    WrongType,
)
from admit.expect import Expect
from admit.issuer import Issuer
from admit.keys import FixedKeys, KeySource, RemoteKeys
from admit.principal import Principal
from admit.verifier import Verifier

__version__ = "0.1.0"

__all__ = [
    "AdmitError",
    "AlgorithmNotAllowed",
    "BadSignature",
    "Expect",
    "FixedKeys",
    "InsufficientScope",
    "IntrospectionNotConfigured",
    "InvalidRequest",
    "Issuer",
    "KeySource",
    "LimitsNotEnforceable",
    "MalformedToken",
    "MissingToken",
    "Principal",
    "RemoteKeys",
    "StepUpRequired",
    "TokenExpired",
    "TokenInactive",
    "TokenNotYetValid",
    "TokenRejected",
    "TokenRevoked",
    "UnknownKey",
    "Verifier",
    "VerifierMisconfigured",
    "VerifierUnavailable",
    "WrongAudience",
    "WrongIssuer",
    "WrongType",
]
