"""Proof Key for Code Exchange (RFC 7636): S256 only."""

import base64
import hashlib
import hmac
import re

from .errors import InvalidGrant, InvalidRequest

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}\Z")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}\Z")


def check_challenge(challenge: str | None, method: str | None, *, required: bool) -> str | None:
    """Return the challenge to store with the code, or None where PKCE is not required and none was sent.

    Raises:
        InvalidRequest: Missing though required (RFC 7636 section 4.4.1), malformed, or a method other than S256.
    """
    if challenge is None:
        if method is not None:
            raise InvalidRequest("code_challenge_method without code_challenge.")
        if required:
            raise InvalidRequest("code_challenge is missing: PKCE with S256 is required (RFC 7636).")
        return None
    # RFC 7636 section 4.3: the method defaults to "plain", which this server does not implement, on purpose.
    if method != "S256":
        raise InvalidRequest("code_challenge_method must be S256.")
    if not _CHALLENGE.match(challenge):
        raise InvalidRequest("code_challenge must be the base64url SHA-256 of the verifier, 43 characters.")
    return challenge


def verify_s256(*, verifier: str | None, challenge: str | None) -> None:
    """Check a PKCE verifier against the challenge stored with the code, in constant time.

    Raises:
        InvalidGrant: Missing, wrong length, not corresponding; or a verifier though no challenge was stored, which would be a
            downgrade (RFC 9700 section 4.8.2).

    Spec: RFC 7636 sections 4.1 and 4.6; vector in appendix B.
    """
    if challenge is None:
        if verifier is not None:
            raise InvalidGrant("code_verifier was sent, but the code was issued without a challenge.")
        return
    if verifier is None:
        raise InvalidGrant("code_verifier is missing.")
    if not _VERIFIER.match(verifier):
        raise InvalidGrant("code_verifier has 43 to 128 unreserved characters (RFC 7636 section 4.1).")
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=")
    if not hmac.compare_digest(digest, challenge.encode()):
        raise InvalidGrant("code_verifier does not match the code_challenge.")
