"""`POST /authorize-challenge`: sign-in without a browser, for first-party clients."""

from starlette.requests import Request
from starlette.responses import Response

from ...domain.errors import ProtocolError
from ...flows.client_auth import AuthenticatedClient, authenticate_client
from ...flows.first_party import challenge
from .. import params, responses
from ..site import Site
from .refused import refused

LIMIT = 16_384


async def challenge_endpoint(request: Request, site: Site) -> Response:
    """One step; 200 with the code, or 400 with what is still missing."""
    form = await params.read_form(request, limit=LIMIT)
    caller = site.caller(request)
    who: AuthenticatedClient | None = None
    try:
        who = await authenticate_client(params.client_credentials(request, form), rt=site.rt)
        code = await challenge(form, who=who, rt=site.rt, caller=caller)
    except ProtocolError as error:
        response = await refused(error, endpoint="/authorize-challenge", who=who, site=site, caller=caller)
        if error.code == "access_denied":
            # The draft's error response is 400 for all errors that name no other status.
            response.status_code = 400
        return response
    return responses.json({"authorization_code": code}, headers=responses.NO_STORE)
