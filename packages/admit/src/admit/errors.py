"""Refusals. Each knows its stable code, its HTTP status and how to say itself to the caller.

`code` is the class's name in snake case. The message (`str(error)`) teaches the developer and belongs into logs; the
caller of an API gets `challenge()` and `problem()`, which hold the code and nothing more.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from admit import challenge
from admit.checks import Check, as_text


class AdmitError(Exception):
    """Base of everything that verification raises.

    Attributes:
        code: Stable name of the reason.
        status: HTTP status of the answer.
        denial_id: What the administrator's `admit explain` takes, where one is known.
        checks: What was checked, top to bottom; the last one failed. Empty where nothing was.
        scheme: Of the challenge: "Bearer", or "DPoP" where the token came so or should have (RFC 9449 section 7.1).
    """

    code: ClassVar[str] = "admit_error"
    status: ClassVar[int] = 401
    _error: ClassVar[str | None] = None  # the `error` parameter of RFC 6750 section 3.1
    _scheme: ClassVar[str] = "Bearer"
    scheme: str

    def __init__(self, message: str, *, denial_id: str | None = None) -> None:
        super().__init__(message)
        self.denial_id = denial_id
        self.checks: tuple[Check, ...] = ()
        self.scheme = self._scheme

    def explain(self) -> str:
        """Return each check and its outcome as text, one a line. For logs and developers, never for the caller."""
        return as_text(self.code, str(self), self.checks)

    def challenge(self, *, realm: str | None = None, resource_metadata: str | None = None) -> str:
        """Return the value of `WWW-Authenticate` (RFC 6750 section 3, RFC 9728 section 5.1)."""
        parameters: dict[str, str | int | None] = {"realm": realm, "error": self._error}
        parameters |= self._parameters() | {"resource_metadata": resource_metadata}
        if self.scheme == "DPoP":
            from admit.dpop import ALGORITHMS

            # RFC 9449 section 7.1: a space-delimited list of the algorithms that a proof may use.
            parameters["algs"] = " ".join(ALGORITHMS)
        return challenge.one(self.scheme, parameters)

    def problem(self, *, show_detail: bool = False) -> dict[str, object]:
        """Return the body of the answer (RFC 9457).

        Args:
            show_detail: Adds this error's message, which may quote the token's claims. For development.
        """
        detail = str(self) if show_detail else None
        return challenge.problem(status=self.status, code=self.code, detail=detail, denial_id=self.denial_id)

    def headers(self, *, realm: str | None = None, resource_metadata: str | None = None) -> dict[str, str]:
        """Return the headers of the answer."""
        return {
            "WWW-Authenticate": self.challenge(realm=realm, resource_metadata=resource_metadata),
            "Cache-Control": "no-store",
        }

    def _parameters(self) -> dict[str, str | int | None]:
        return {}


class MissingToken(AdmitError):
    """The request carries no bearer token. RFC 6750 section 3.1: the challenge then names no error."""

    code = "missing_token"


class InvalidRequest(AdmitError):
    """The request carries its token in a way that is not allowed, such as two `Authorization` headers."""

    code = "invalid_request"
    status = 400
    _error = "invalid_request"


class TokenRejected(AdmitError):
    """Base of all refusals of a token itself: 401 with `error="invalid_token"`."""

    code = "token_rejected"
    _error = "invalid_token"


class MalformedToken(TokenRejected):
    """Not a token at all, or one that breaks the specifications."""

    code = "malformed_token"


class AlgorithmNotAllowed(TokenRejected):
    """The header names an algorithm that its key, or this verifier, does not agree to; `none` included."""

    code = "algorithm_not_allowed"


class UnknownKey(TokenRejected):
    """The issuer has no key of that name, as of its latest key set."""

    code = "unknown_key"


class BadSignature(TokenRejected):
    """The signature does not belong to the token."""

    code = "bad_signature"


class WrongType(TokenRejected):
    """Another kind of token, such as an ID token (RFC 9068 section 4)."""

    code = "wrong_type"


class WrongIssuer(TokenRejected):
    """Somebody else issued it."""

    code = "wrong_issuer"


class WrongAudience(TokenRejected):
    """It is for another resource."""

    code = "wrong_audience"


class TokenExpired(TokenRejected):
    """Its time is over."""

    code = "token_expired"


class TokenNotYetValid(TokenRejected):
    """Its time has not come."""

    code = "token_not_yet_valid"


class AssertionMismatch(TokenRejected):
    """The assertion of a proxy's check was made for another request than the one it came with."""

    code = "assertion_mismatch"


class TokenRevoked(TokenRejected):
    """It, its grant or its session was ended early."""

    code = "token_revoked"


class TokenInactive(TokenRejected):
    """The server does not know this opaque token, or no longer (RFC 7662 section 2.2 gives no reason)."""

    code = "token_inactive"


class IntrospectionNotConfigured(TokenRejected):
    """An opaque token, and a verifier without the credentials to ask the server about it."""

    code = "introspection_not_configured"


class LimitsNotEnforceable(TokenRejected):
    """The token carries limits that this verifier cannot enforce, so it must not let it in."""

    code = "limits_not_enforceable"


class LimitExceeded(TokenRejected):
    """A limit of the token forbids this request, or it is used up. `code` says which."""

    code = "limit_exceeded"


class UsesExhausted(LimitExceeded):
    """The token was used as often as it may be."""

    code = "uses_exhausted"


class IdleTimeout(LimitExceeded):
    """The token was not used for so long that it ended."""

    code = "idle_timeout"


class ActionNotAllowed(LimitExceeded):
    """The token is not for this method and path, or this action."""

    code = "action_not_allowed"


class NetworkNotAllowed(LimitExceeded):
    """The token is not for the network that this request came from."""

    code = "network_not_allowed"


class HourNotAllowed(LimitExceeded):
    """The token is not for this time of the week."""

    code = "hour_not_allowed"


class TransactionMismatch(LimitExceeded):
    """The ticket is for one transaction, and this is another: another body, or other values than the person approved."""

    code = "transaction_mismatch"


class InvalidDpopProof(TokenRejected):
    """The token is bound to a key, and the proof in the header `DPoP` does not prove it (RFC 9449 section 7.1)."""

    code = "invalid_dpop_proof"
    _error = "invalid_dpop_proof"
    _scheme = "DPoP"


class UseDpopNonce(InvalidDpopProof):
    """The proof has to carry the nonce that comes with this answer in `DPoP-Nonce` (RFC 9449 section 9)."""

    code = "use_dpop_nonce"
    _error = "use_dpop_nonce"

    def __init__(self, message: str, *, nonce: str, denial_id: str | None = None) -> None:
        """`nonce` is for the client's next proof."""
        super().__init__(message, denial_id=denial_id)
        self.nonce = nonce

    def headers(self, *, realm: str | None = None, resource_metadata: str | None = None) -> dict[str, str]:
        """Return the challenge and the nonce."""
        return super().headers(realm=realm, resource_metadata=resource_metadata) | {"DPoP-Nonce": self.nonce}


class TokenBound(TokenRejected):
    """The token is bound to a key and came as Bearer: a thief would send it so (RFC 9449 section 7.2)."""

    code = "token_bound"
    _scheme = "DPoP"


class TokenNotBound(TokenRejected):
    """The token came by the scheme DPoP, and is bound to no key that a proof could be about."""

    code = "token_not_bound"
    _scheme = "DPoP"


class CertificateMismatch(TokenRejected):
    """The token is bound to a client certificate that this connection does not have (RFC 8705 section 3)."""

    code = "certificate_mismatch"


class BindingNotEnforceable(TokenRejected):
    """The token is bound to a key or certificate, and this verifier is not told how it was shown."""

    code = "binding_not_enforceable"


class DecryptionFailed(TokenRejected):
    """The token is encrypted, and not as this verifier takes it. One code for everything: a caller learns nothing about the key."""

    code = "decryption_failed"


class EncryptionRequired(TokenRejected):
    """The token came readable, and this verifier was told to expect encrypted ones (RFC 9068 section 4)."""

    code = "encryption_required"


class NonceMismatch(TokenRejected):
    """The ID token answers another request than the one that this browser was sent with (OpenID Connect Core section 3.1.3.7)."""

    code = "nonce_mismatch"


class IdentityMismatch(TokenRejected):
    """The ID token of a refresh is about another person or sign-in than the one before it (OpenID Connect Core section 12.2)."""

    code = "identity_mismatch"


class TokenHashMismatch(TokenRejected):
    """The access token or code did not come with this ID token (OpenID Connect Core sections 3.1.3.8 and 3.3.2.10)."""

    code = "token_hash_mismatch"


class InsufficientScope(AdmitError):
    """The token is good but does not reach this far: 403 (RFC 6750 section 3.1)."""

    code = "insufficient_scope"
    status = 403
    _error = "insufficient_scope"
    required: tuple[str, ...]

    def __init__(
        self, required: Iterable[str], *, granted: Iterable[str] | None = None, denial_id: str | None = None
    ) -> None:
        """
        Args:
            required: All the scopes that the operation needs, in the order to show them.
            granted: Those that the token has; None where that is not known.
            denial_id: See `AdmitError`.
        """
        self.required = tuple(required)
        needed = f"needs the scope{'s' if len(self.required) > 1 else ''} {' '.join(self.required)}"
        if granted is not None:
            needed += f"; the token has {' '.join(sorted(granted)) or 'none'}"
        super().__init__(needed, denial_id=denial_id)

    def _parameters(self) -> dict[str, str | int | None]:
        return {"scope": " ".join(self.required) or None}


class StepUpRequired(AdmitError):
    """The token is good, but the sign-in behind it is too old or too weak for this: 401 (RFC 9470 section 3)."""

    code = "step_up_required"
    _error = "insufficient_user_authentication"
    acr_values: tuple[str, ...]

    def __init__(
        self,
        message: str,
        *,
        acr_values: Iterable[str] = (),
        max_age_s: int | None = None,
        denial_id: str | None = None,
    ) -> None:
        super().__init__(message, denial_id=denial_id)
        self.acr_values = tuple(acr_values)
        self.max_age_s = max_age_s

    def _parameters(self) -> dict[str, str | int | None]:
        return {"acr_values": " ".join(self.acr_values) or None, "max_age": self.max_age_s}


class VerifierUnavailable(AdmitError):
    """Nothing is known against the token, but it cannot be judged now: 503, never 401.

    A client that gets 401 throws its token away; an outage must not sign everybody out.
    """

    code = "verifier_unavailable"
    status = 503

    def __init__(self, message: str, *, retry_after_s: int = 5) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s

    def headers(self, *, realm: str | None = None, resource_metadata: str | None = None) -> dict[str, str]:
        """Return `Retry-After` and no challenge: no other token would help."""
        return {"Retry-After": str(self.retry_after_s), "Cache-Control": "no-store"}


class VerifierMisconfigured(VerifierUnavailable):
    """The issuer answers, but not as this verifier was told to expect. Waiting will not mend it."""

    code = "verifier_misconfigured"
