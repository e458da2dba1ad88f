"""What an assertion of `/check` says: who may make this very request, for the application behind the proxy."""

from typing import Any

from ..domain.check_request import ForwardedRequest
from ..domain.grant import Grant
from ..domain.scopes import format_scope

ASSERTION_TYPE = "admit-assertion+jwt"
# The proxy hands it on at once; what is left is for the clocks of two machines.
ASSERTION_LIFETIME_S = 30


def assertion_claims(
    grant: Grant,
    *,
    issuer: str,
    assertion_id: str,
    token_id: str,
    scopes: frozenset[str],
    request: ForwardedRequest,
    counted: bool,
    now: int,
) -> dict[str, Any]:
    """Claims of an assertion; times are seconds, UTC.

    Args:
        grant: Of the token that was shown.
        issuer: The `iss`.
        assertion_id: Its own `jti`.
        token_id: The `jti` of the token that was shown.
        scopes: Of the token.
        request: What was asked about, and what the assertion is good for.
        counted: A use of the token was counted for it.
        now: The time of the check.
    """
    claims: dict[str, Any] = {
        "iss": issuer,
        "sub": grant.subject,
        "aud": grant.audience,
        "exp": now + ASSERTION_LIFETIME_S,
        "iat": now,
        "jti": assertion_id,
        "client_id": grant.client_id,
        "scope": format_scope(scopes),
        "grant": grant.id,
        "token_jti": token_id,
        "request": {"method": request.method, "host": request.host, "path": request.path},
    }
    if grant.bound_session is not None:
        claims["sid"] = grant.bound_session
    if grant.auth_time is not None:
        claims |= {"auth_time": grant.auth_time, "acr": grant.acr, "amr": list(grant.amr)}
    if counted:
        claims["counted"] = True
    return claims | grant.descent.claims()
