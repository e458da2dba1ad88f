"""A refusal at any endpoint: recorded with what was checked, then rendered with its id."""

import logging

from starlette.requests import Request
from starlette.responses import Response

from ..domain.errors import ProtocolError
from ..flows.denials import record
from . import responses
from .responses import Kind
from .site import Site

log = logging.getLogger("admit.web")


async def refused(error: ProtocolError, request: Request, *, kind: Kind, site: Site) -> Response:
    """Record and render."""
    path: str = request.scope["path"]
    denial_id = await recorded(error, request, site)
    return responses.refusal(error, kind=kind, site=site, path=path, denial_id=denial_id)


async def recorded(error: ProtocolError, request: Request, site: Site) -> str:
    """Record, for an endpoint that renders by itself; the id that the caller is told."""
    path: str = request.scope["path"]
    denial_id = await record(error, endpoint=path, rt=site.rt, caller=site.caller(request))
    log.info("refused %s %s: %s: %s (%s)", request.method, path, error.code, error, denial_id)
    return denial_id
