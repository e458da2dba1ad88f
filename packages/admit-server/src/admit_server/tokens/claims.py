"""What stands in the tokens: access tokens by RFC 9068, ID tokens by OpenID Connect Core section 2."""

import base64
import hashlib
from typing import Any

from ..domain.grant import Grant
from ..domain.scopes import format_scope
from ..domain.user import User


def access_token_claims(
    grant: Grant,
    *,
    issuer: str,
    token_id: str,
    scopes: frozenset[str],
    roles: tuple[str, ...],
    expires_at: int,
    now: int,
) -> dict[str, Any]:
    """Claims of a JWT access token (RFC 9068 section 2.2); `sid` where it ends with the session; of a child where it comes from."""
    claims: dict[str, Any] = {
        "iss": issuer,
        "sub": grant.subject,
        "aud": grant.audience,
        "exp": expires_at,
        "iat": now,
        "jti": token_id,
        "client_id": grant.client_id,
        "scope": format_scope(scopes),
        "grant": grant.id,
    }
    if grant.bound_session is not None:
        claims["sid"] = grant.bound_session
    if grant.auth_time is not None:  # a grant by an administrator's hand had no sign-in
        claims |= {"auth_time": grant.auth_time, "acr": grant.acr, "amr": list(grant.amr)}
    if roles:
        claims["roles"] = list(roles)
    return claims | grant.extra_claims


def id_token_claims(
    grant: Grant,
    *,
    issuer: str,
    user: User,
    scopes: frozenset[str],
    nonce: str | None,
    access_token: str,
    expires_at: int,
    now: int,
) -> dict[str, Any]:
    """Claims of an ID token; of the person only what the scopes of this very answer allow.

    Hashes of RS256 and ES256 tokens are SHA-256 (OpenID Connect Core section 3.1.3.6).
    """
    claims: dict[str, Any] = {
        "iss": issuer,
        "sub": user.id,
        "aud": grant.client_id,
        "exp": expires_at,
        "iat": now,
        "auth_time": grant.auth_time,
        "acr": grant.acr,
        "amr": list(grant.amr),
        "at_hash": _half_hash(access_token),
    }
    if grant.session_id is not None:
        claims["sid"] = grant.session_id
    if nonce is not None:
        claims["nonce"] = nonce
    return claims | profile_claims(user, scopes)


def profile_claims(user: User, scopes: frozenset[str]) -> dict[str, Any]:
    """What the scopes `profile` and `email` tell of a person (OpenID Connect Core section 5.4)."""
    claims: dict[str, Any] = {}
    if "profile" in scopes:
        claims |= {"preferred_username": user.username, "updated_at": user.updated_at}
    if "email" in scopes and user.email is not None:
        claims |= {"email": user.email, "email_verified": user.email_verified}
    return claims


def _half_hash(token: str) -> str:
    half = hashlib.sha256(token.encode()).digest()[:16]
    return base64.urlsafe_b64encode(half).rstrip(b"=").decode()
