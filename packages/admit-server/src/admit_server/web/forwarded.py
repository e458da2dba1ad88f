"""What a proxy tells of the request that it asks about, by the conventions of nginx, Traefik and Caddy, and Envoy.

Each convention is taken whole or not at all. A client may send any of these headers itself, and each proxy overwrites only its own, so
a request that shows traces of two is refused: nobody can say whose word it is. For the same reason each header that only the proxy's
configuration sets is required: whoever forgets a line notices it at the first request, not when somebody else fills it in.
"""

from dataclasses import dataclass

from starlette.requests import Request

from ..domain.errors import InvalidRequest

PATH = "/check"
# Written into the configuration of nginx by hand (docs/howto/forward-auth-nginx.md).
_ORIGINAL = ("x-original-method", "x-original-host", "x-original-uri", "x-original-id")
# Set by Traefik's ForwardAuth and by Caddy's forward_auth, whatever the client sent.
_FORWARDED = ("x-forwarded-method", "x-forwarded-host", "x-forwarded-uri")
# nginx and others say these of any request that they pass on, so alone they are no convention.
_TELLTALE = ("x-forwarded-method", "x-forwarded-uri")


@dataclass(frozen=True, slots=True)
class Forwarded:
    """The request as the proxy tells it, unjudged.

    Attributes:
        method: Its method.
        host: Its `Host`.
        uri: Its path and query, as sent.
        use_id: The proxy's number for it; None: it gives none.
    """

    method: str
    host: str
    uri: str
    use_id: str | None = None


def forwarded(request: Request) -> Forwarded:
    """Read it from a request that came from a trusted proxy.

    Raises:
        InvalidRequest: Headers of no convention, of two, incomplete, or repeated.
    """
    original = [name for name in _ORIGINAL if name in request.headers]
    told = [name for name in _TELLTALE if name in request.headers]
    raw: str = request.scope["raw_path"].decode("latin-1").partition("?")[0]
    behind = raw[len(PATH) :]
    if bool(original) + bool(told) + bool(behind) > 1:
        raise InvalidRequest("These are headers of two kinds of proxy; let yours remove the others.")
    if original:
        method, host, uri, use_id = (_one(request, name) for name in _ORIGINAL)
        return Forwarded(method, host, uri, use_id)
    if told:
        method, host, uri = (_one(request, name) for name in _FORWARDED)
        return Forwarded(method, host, uri)
    if behind:
        # Envoy: the method and host of the request itself, and its path behind ours (`path_prefix`).
        return Forwarded(request.method, _one(request, "host"), behind)
    raise InvalidRequest("X-Original-Method, -Host, -URI and -Id are missing: let the proxy set them.")


def _one(request: Request, name: str) -> str:
    values = request.headers.getlist(name)
    if len(values) != 1 or not values[0]:
        raise InvalidRequest(f"The header {name} has to be there once.")
    return values[0]
