"""`POST /authorize-challenge`: sign-in without a browser, for first-party clients."""

from starlette.requests import Request
from starlette.responses import Response

from ...domain.errors import AccessDenied
from ...flows.client_auth import authenticate_client
from ...flows.first_party import InsufficientAuthorization, challenge
from .. import params, responses
from ..refused import refused
from ..site import Site

LIMIT = 16_384


async def challenge_endpoint(request: Request, site: Site) -> Response:
    """One step; 200 with the code, or 400 with what is still missing."""
    form = await params.read_form(request, limit=LIMIT)
    caller = site.caller(request)
    who = await authenticate_client(params.client_credentials(request, form), rt=site.rt, caller=caller)
    try:
        code = await challenge(form, who=who, rt=site.rt, caller=caller)
    except InsufficientAuthorization as step:
        # No refusal: the client goes on from here.
        return responses.refusal(step, kind="oauth", site=site)
    except AccessDenied as error:
        response = await refused(error, request, kind="oauth", site=site)
        # The draft's error response is 400 for all errors that name no other status.
        response.status_code = 400
        return response
    return responses.json({"authorization_code": code}, headers=responses.NO_STORE)
