"""The door to the administration API: its modules are read at the first call, so that a server starts without them."""

from starlette.requests import Request
from starlette.responses import Response

from ..domain.administration import API_PATH, API_SCOPES, api_audience
from . import responses
from .site import Site

LIMIT = 65_536


async def endpoint(request: Request, site: Site) -> Response:
    """Any call below `/api/v1`."""
    from .api import dispatch

    return await dispatch.endpoint(request, site)


async def resource_metadata(request: Request, site: Site) -> Response:
    """Where tokens for the API come from (RFC 9728 section 3)."""
    issuer = site.rt.issuer
    body = {
        "resource": api_audience(issuer),
        "authorization_servers": [issuer],
        "scopes_supported": sorted(API_SCOPES),
        "bearer_methods_supported": ["header"],
        "resource_name": "Admit administration API",
        "resource_documentation": f"{issuer}{API_PATH}/openapi.json",
    }
    return responses.json(body, headers={"Cache-Control": "max-age=300"})
