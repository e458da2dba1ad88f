"""What a request tries to do, read from its ASGI scope."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from admit.limits import Attempt, Presented, body_digest

_BEARER = Presented()


def attempt_of(
    scope: Mapping[str, Any],
    actions: Mapping[Any, str],
    body: bytes | None = None,
    presented: Presented | None = None,
) -> Attempt:
    """Return method, path, address, named action and body of a request or WebSocket.

    Args:
        scope: The ASGI scope, after routing.
        actions: Names of actions by the dependency that declares them.
        body: Where the route is one of transactions.
        presented: How its token was shown, as `presented_in` found it.
    """
    client = scope.get("client")
    return Attempt(
        method=scope.get("method", "GET"),  # a WebSocket begins as one
        path=scope["path"],
        action=declared(scope.get("route"), actions) if actions else None,
        address=client[0] if client else None,
        body_sha256=None if body is None else body_digest(body),
        presented=presented,
    )


def presented_in(
    scope: Mapping[str, Any],
    headers: Mapping[str, str],
    *,
    scheme: str,
    public_url: str | None,
    certificate: str | None = None,
) -> Presented:
    """Return how a token was shown.

    Args:
        scope: The ASGI scope.
        headers: Of the request; `getlist` gives all values of one.
        scheme: Of its `Authorization` header.
        public_url: Scheme, host and leading path by which clients know this application.
        certificate: The thumbprint of the client's certificate.
    """
    if scheme == "Bearer":
        return _BEARER if certificate is None else Presented(certificate=certificate)
    proofs: list[str] = headers.getlist("dpop")  # type: ignore[attr-defined]
    url = None if public_url is None else public_url.rstrip("/") + _raw_path(scope)
    return Presented(scheme=scheme, proofs=tuple(proofs), url=url, certificate=certificate)


def origin_of(audience: str) -> str | None:
    """Return scheme and host of a resource whose identifier is a URL; None for others."""
    parts = urlsplit(audience)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("https", "http") and parts.netloc else None


def _raw_path(scope: Mapping[str, Any]) -> str:
    # As it was sent, where the server tells: what was decoded once can't be written as it was.
    raw = scope.get("raw_path")
    if isinstance(raw, bytes):
        return raw.partition(b"?")[0].decode("latin-1")
    return quote(scope["path"], safe="/:@!$&'()*+,;=~-._")


def declared(route: Any, actions: Mapping[Any, str]) -> str | None:
    """Return what one of the dependencies of a route has declared, or None."""
    # Wherever it is said on the way to the endpoint: the token is verified by whichever dependency comes first. The last one wins,
    # because the endpoint's own stand behind those of its router.
    waiting = [getattr(route, "dependant", None)]
    while waiting:
        dependant = waiting.pop()
        if dependant is not None:
            if dependant.call in actions:
                return actions[dependant.call]
            waiting += dependant.dependencies
    return None
