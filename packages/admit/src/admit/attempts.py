"""What a request tries to do, read from its ASGI scope."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from admit.limits import Attempt, body_digest


def attempt_of(scope: Mapping[str, Any], actions: Mapping[Any, str], body: bytes | None = None) -> Attempt:
    """Return method, path, address, named action and body of a request or WebSocket.

    Args:
        scope: The ASGI scope, after routing.
        actions: Names of actions by the dependency that declares them.
        body: Where the route is one of transactions.
    """
    client = scope.get("client")
    return Attempt(
        method=scope.get("method", "GET"),  # a WebSocket begins as one
        path=scope["path"],
        action=declared(scope.get("route"), actions) if actions else None,
        address=client[0] if client else None,
        body_sha256=None if body is None else body_digest(body),
    )


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
