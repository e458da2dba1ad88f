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
    BindingNotEnforceable,
    CertificateMismatch,
    DecryptionFailed,
    EncryptionRequired,
    HourNotAllowed,
    IdentityMismatch,
    IdleTimeout,
    InsufficientScope,
    IntrospectionNotConfigured,
    InvalidDpopProof,
    InvalidRequest,
    LimitExceeded,
    LimitsNotEnforceable,
    MalformedToken,
    MissingToken,
    NetworkNotAllowed,
    NonceMismatch,
    StepUpRequired,
    TokenBound,
    TokenExpired,
    TokenHashMismatch,
    TokenInactive,
    TokenNotBound,
    TokenNotYetValid,
    TokenRejected,
    TokenRevoked,
    TransactionMismatch,
    UnknownKey,
    UseDpopNonce,
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
from admit.limits import Attempt, Limits, Presented
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
    "BindingNotEnforceable",
    "CertificateMismatch",
    "DecryptionFailed",
    "EncryptionRequired",
    "Expect",
    "FixedKeys",
    "HourNotAllowed",
    "IdentityMismatch",
    "IdleTimeout",
    "InsufficientScope",
    "IntrospectionNotConfigured",
    "InvalidDpopProof",
    "InvalidRequest",
    "Issuer",
    "KeySource",
    "LimitExceeded",
    "Limits",
    "LimitsNotEnforceable",
    "MalformedToken",
    "MissingToken",
    "NetworkNotAllowed",
    "NonceMismatch",
    "Presented",
    "Principal",
    "RemoteKeys",
    "StepUpRequired",
    "TokenBound",
    "TokenExpired",
    "TokenHashMismatch",
    "TokenInactive",
    "TokenNotBound",
    "TokenNotYetValid",
    "TokenRejected",
    "TokenRevoked",
    "TransactionMismatch",
    "UnknownKey",
    "UseDpopNonce",
    "UsesExhausted",
    "Verifier",
    "VerifierMisconfigured",
    "VerifierUnavailable",
    "WrongAudience",
    "WrongIssuer",
    "WrongType",
]
