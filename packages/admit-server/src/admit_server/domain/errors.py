"""Refusals: those that OAuth defines, and our own. Each has a stable code, a public text and a private detail."""

from typing import ClassVar


class ProtocolError(Exception):
    """A refusal defined by a specification. The caller gets the code and an id (`flows.denials`).

    `public` names the rule and `detail` what broke it: for the administrator, logs and tests. `advice` is what a person in front of a
    page can do about it, in words that depend on nothing that only this server knows.
    """

    code: ClassVar[str] = "server_error"
    status: ClassVar[int] = 400
    may_redirect: ClassVar[bool] = True
    # Whether `public` says only how the request itself is written, which the caller wrote: then it is told.
    tells: ClassVar[bool] = False

    def __init__(self, public: str = "", *, detail: str = "", advice: str = "") -> None:
        super().__init__(detail or public or self.code)
        self.public, self.detail, self.advice = public, detail, advice


class InvalidRequest(ProtocolError):
    """A parameter is missing, repeated, malformed or not understood (RFC 6749 section 5.2)."""

    code = "invalid_request"
    tells = True


class UnusableSubjectToken(InvalidRequest):
    """The token to be exchanged is not good, or not the caller's (RFC 8693 section 2.2.2: `invalid_request`). Why is not told."""

    tells = False


class InvalidGrant(ProtocolError):
    """The code, refresh token or password is not good, or is not this client's (RFC 6749 section 5.2)."""

    code = "invalid_grant"


class InvalidScope(ProtocolError):
    """A scope is unknown, malformed or more than was granted (RFC 6749 section 5.2)."""

    code = "invalid_scope"


class InvalidAuthorizationDetails(ProtocolError):
    """The transaction is of an unknown type or not written as its type demands (RFC 9396 section 5)."""

    code = "invalid_authorization_details"
    tells = True


class InvalidTarget(ProtocolError):
    """The resource asked for is unknown, or not for this client (RFC 8707 section 2)."""

    code = "invalid_target"


class InvalidClient(ProtocolError):
    """Client authentication failed (RFC 6749 section 5.2)."""

    code = "invalid_client"
    status = 401
    may_redirect = False


class UnauthorizedClient(ProtocolError):
    """The client may not use this grant or endpoint (RFC 6749 section 5.2)."""

    code = "unauthorized_client"


class UnsupportedGrantType(ProtocolError):
    """The grant type is not one that this server knows (RFC 6749 section 5.2)."""

    code = "unsupported_grant_type"
    tells = True


class UnsupportedResponseType(ProtocolError):
    """Only `code` is spoken here: OAuth 2.1 has no implicit grant (RFC 6749 section 4.1.2.1)."""

    code = "unsupported_response_type"
    tells = True


class AccessDenied(ProtocolError):
    """The person or the server said no (RFC 6749 section 4.1.2.1)."""

    code = "access_denied"
    status = 403


class TooManySessions(AccessDenied):
    """The person has as many sessions as a policy allows, and it denies new ones. Told only to who proved to be that person."""

    code = "too_many_sessions"

    def __init__(self, *, detail: str = "") -> None:
        text = "You are signed in in as many places as is allowed. Sign out in one of them, then try again."
        super().__init__(text, detail=detail, advice=text)


class LoginRequired(ProtocolError):
    """`prompt=none`, and nobody is signed in (OpenID Connect Core section 3.1.2.6)."""

    code = "login_required"


class UnmetAuthenticationRequirements(ProtocolError):
    """No sign-in here is as strong as was asked for, by the client or a policy (RFC 9470 section 5)."""

    code = "unmet_authentication_requirements"


class ConsentRequired(ProtocolError):
    """`prompt=none`, and the person has not agreed yet (OpenID Connect Core section 3.1.2.6)."""

    code = "consent_required"


class RequestNotSupported(ProtocolError):
    """Request objects are not understood here (OpenID Connect Core section 3.1.2.6)."""

    code = "request_not_supported"


class RequestUriNotSupported(ProtocolError):
    """Nothing is fetched because of a request (OpenID Connect Core section 3.1.2.6)."""

    code = "request_uri_not_supported"


class RegistrationNotSupported(ProtocolError):
    """Clients do not register themselves in a request (OpenID Connect Core section 3.1.2.6)."""

    code = "registration_not_supported"


class InvalidToken(ProtocolError):
    """The access token at a resource of ours is no longer good (RFC 6750 section 3.1)."""

    code = "invalid_token"
    status = 401
    may_redirect = False


class LeaseEnded(ProtocolError):
    """The lease is over or unknown; nothing brings it back (ours, docs/reference/leases.md)."""

    code = "lease_ended"
    status = 410
    may_redirect = False


class LinkEnded(ProtocolError):
    """The link was used, is too old, does not work yet, or never was one."""

    code = "link_ended"
    status = 410
    may_redirect = False

    def __init__(self, *, detail: str = "", starts_at: int | None = None) -> None:
        text = "This link was used already, or is too old."
        if starts_at is not None:
            text = "This link does not work yet."
        super().__init__(text, detail=detail, advice=text)
        self.starts_at = starts_at


class InsufficientUserAuthentication(InvalidToken):
    """The access token is good, but the sign-in behind it is too old for its limits (RFC 9470 section 3)."""

    code = "insufficient_user_authentication"

    def __init__(self, public: str = "", *, max_age_s: int, detail: str = "") -> None:
        super().__init__(public, detail=detail)
        self.max_age_s = max_age_s


class InsufficientScope(ProtocolError):
    """The access token does not carry the scope (RFC 6750 section 3.1)."""

    code = "insufficient_scope"
    status = 403
    may_redirect = False


class InvalidDpopProof(ProtocolError):
    """A DPoP proof is needed and missing, breaks a rule, or was used before (RFC 9449 section 5)."""

    code = "invalid_dpop_proof"
    may_redirect = False
    tells = True


class UseDpopNonce(InvalidDpopProof):
    """The DPoP proof has to carry the nonce of the header `DPoP-Nonce` (RFC 9449 section 8)."""

    code = "use_dpop_nonce"

    def __init__(self, public: str = "", *, nonce: str, detail: str = "") -> None:
        super().__init__(public, detail=detail)
        self.nonce = nonce


class UnknownClient(ProtocolError):
    """The authorization request names no client of ours: shown as a page, never redirected (RFC 6749 section 4.1.2.1)."""

    code = "invalid_client"
    may_redirect = False


class RedirectUriMismatch(InvalidRequest):
    """RFC 6749 section 4.1.2.1: the user agent must not be sent to a redirection URI that does not match."""

    may_redirect = False
    tells = False


class TooManyTries(ProtocolError):
    """A counter is beyond its limit. Answered at once, without hashing, alike for names that do not exist."""

    code = "too_many_tries"
    status = 429
    may_redirect = False

    def __init__(self, *, retry_after_s: int, detail: str = "") -> None:
        text = "Too many tries. Wait a while and try again."
        super().__init__(text, detail=detail, advice=text)
        self.retry_after_s = retry_after_s


class Busy(ProtocolError):
    """The hashing queue is full: 503 and when to come back."""

    code = "temporarily_unavailable"
    status = 503

    def __init__(self, *, retry_after_s: int = 1, detail: str = "") -> None:
        text = "The server is busy. Try again in a moment."
        super().__init__(text, detail=detail, advice=text)
        self.retry_after_s = retry_after_s


class TemporarilyUnavailable(ProtocolError):
    """Something outside that is needed does not work right now (RFC 6749 section 4.1.2.1)."""

    code = "temporarily_unavailable"
    status = 503


class StillWaiting(ProtocolError):
    """The proof comes from elsewhere, and is not there yet (ours, after RFC 8628 section 3.5)."""

    code = "authorization_pending"

    def __init__(self, *, retry_after_s: int) -> None:
        text = "Not confirmed yet. Confirm it there, then go on here."
        super().__init__(text, advice=text)
        self.retry_after_s = retry_after_s


class AdministrationError(Exception):
    """An administrator asked for something that can't be done. The text says why, and what to do."""

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 422


class NotFound(AdministrationError):
    """Nothing has that name or id."""

    code = "not_found"
    status = 404


class AlreadyExists(AdministrationError):
    """The name is taken."""

    code = "already_exists"
    status = 409


class NotAllowed(AdministrationError):
    """A rule of the domain forbids the value; the text names the rule."""

    code = "not_allowed"


class InUse(NotAllowed):
    """Something else still needs it."""

    code = "in_use"
    status = 409


class ExceedsPowers(AdministrationError):
    """It would give more than the one who asks for it has, or change somebody who has more."""

    code = "exceeds_powers"
    status = 403


class Stale(AdministrationError):
    """It was changed since it was read (RFC 9110 section 15.5.13)."""

    code = "stale"
    status = 412


class IfMatchMissing(AdministrationError):
    """A change that could undo somebody else's has to say what it was made from (RFC 6585 section 3)."""

    code = "if_match_required"
    status = 428


class KeyReused(AdministrationError):
    """The Idempotency-Key belongs to another request (draft-ietf-httpapi-idempotency-key-header-07 section 2.7)."""

    code = "idempotency_key_reused"
