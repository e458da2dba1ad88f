"""Assertions of forward authentication: what the server vouches for when a proxy asked it about a request.

Behind a proxy that asks `/check`, the token was judged, and its use counted, before the request arrives. The assertion says so, signed, for
this request alone: the application needs to believe no bare header, whoever may have set it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from admit.errors import AssertionMismatch, InvalidRequest, MalformedToken, MissingToken
from admit.judging import Counted
from admit.principal import Principal

if TYPE_CHECKING:
    from admit.attempts import RequestView

ASSERTION_TYPE = "admit-assertion+jwt"
HEADER = "x-auth-assertion"


def made_for(method: str, path: str, host: str | None) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return what turns the claims of an assertion for that request into those of a token."""
    return partial(claims_for_request, method=method, path=path, host=host)


def vouched(outcome: Principal | Counted) -> Principal:
    """Return whom an assertion vouches for. What is still to be counted nobody vouches for, so the server makes no such assertion."""
    if isinstance(outcome, Principal):
        return outcome
    raise MalformedToken("the assertion carries limits that are still to be counted")


def claims_for_request(claims: dict[str, Any], *, method: str, path: str, host: str | None) -> dict[str, Any]:
    """Return the claims as those of a token, if the assertion was made for this request.

    Args:
        claims: Of the verified assertion.
        method: Of the request that came with it.
        path: The path as routed, decoded once, without the query.
        host: The `Host` of the request, with or without a port; None where it isn't the one that the caller used.

    Raises:
        MalformedToken: A claim is missing or of a wrong type.
        AssertionMismatch: It was made for another request.
    """
    request, token_id = claims.get("request"), claims.get("token_jti")
    if not isinstance(request, dict) or not isinstance(token_id, str):
        raise MalformedToken("the assertion does not say which request and which token it is about")
    made_for = tuple(request.get(name) for name in ("method", "path", "host"))
    is_for = (method, path, made_for[2] if host is None else _name_of(host))
    if made_for != is_for:
        raise AssertionMismatch(
            f"the assertion was made for {made_for[0]} {made_for[2]}{made_for[1]}; this is {is_for[0]} {is_for[2]}{is_for[1]}"
        )
    # Its own number is of no use to anybody; what is revoked, and what a log should name, is the token.
    return claims | {"jti": token_id}


def assertion_of(request: RequestView) -> dict[str, str]:
    """Return assertion, method, path and host of a request or WebSocket: what `verify_assertion` takes.

    Raises:
        MissingToken: There is none: the request did not come through the proxy, or the proxy's rule for it is a public one.
        InvalidRequest: There are several.
    """
    values = request.header(HEADER)
    if not values or not values[0]:
        raise MissingToken("the request has no X-Auth-Assertion header: it did not pass a proxy that asks /check")
    if len(values) > 1:
        raise InvalidRequest("the request has several X-Auth-Assertion headers")
    host = "".join(request.header("host"))
    return {"assertion": values[0], "method": request.method, "path": request.path, "host": host}


def _name_of(host: str) -> str:
    name, colon, port = host.lower().rpartition(":")
    return (name if colon and port.isdigit() else host.lower()).rstrip(".")
