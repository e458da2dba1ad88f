"""Admit: check tokens, protect routes, mint local JWTs.

from admit import Verifier

verifier = Verifier(issuer="https://id.example.com", audience="https://api.example.com")
who = verifier.verify(token)          # Principal, or TokenRejected
who.require("orders:write")           # or InsufficientScope
"""

from admit.errors import (
    ActionNotAllowed,
    AdmitError,
    AlgorithmNotAllowed,
    AssertionMismatch,
    BadSignature,
    HourNotAllowed,
    IdleTimeout,
    InsufficientScope,
    IntrospectionNotConfigured,
    InvalidRequest,
    LimitExceeded,
    LimitsNotEnforceable,
    MalformedToken,
    MissingToken,
    NetworkNotAllowed,
    StepUpRequired,
    TokenExpired,
    TokenInactive,
    TokenNotYetValid,
    TokenRejected,
    TokenRevoked,
    TransactionMismatch,
    UnknownKey,
    UsesExhausted,
    VerifierMisconfigured,
    VerifierUnavailable,
    WrongAudience,
    WrongIssuer,
    WrongType,
)
from admit.expect import Expect
from admit.issuer import Issuer
from admit.keys import FixedKeys, KeySource, RemoteKeys
from admit.limits import Attempt, Limits
from admit.principal import Principal
from admit.verifier import Verifier

__version__ = "0.1.0"

__all__ = [
    "ActionNotAllowed",
    "AdmitError",
    "AlgorithmNotAllowed",
    "AssertionMismatch",
    "Attempt",
    "BadSignature",
    "Expect",
    "FixedKeys",
    "HourNotAllowed",
    "IdleTimeout",
    "InsufficientScope",
    "IntrospectionNotConfigured",
    "InvalidRequest",
    "Issuer",
    "KeySource",
    "LimitExceeded",
    "Limits",
    "LimitsNotEnforceable",
    "MalformedToken",
    "MissingToken",
    "NetworkNotAllowed",
    "Principal",
    "RemoteKeys",
    "StepUpRequired",
    "TokenExpired",
    "TokenInactive",
    "TokenNotYetValid",
    "TokenRejected",
    "TokenRevoked",
    "TransactionMismatch",
    "UnknownKey",
    "UsesExhausted",
    "Verifier",
    "VerifierMisconfigured",
    "VerifierUnavailable",
    "WrongAudience",
    "WrongIssuer",
    "WrongType",
]
