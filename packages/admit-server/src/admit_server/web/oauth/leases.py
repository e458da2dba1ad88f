"""`POST /lease`: an app renews its lease, says that it quits, or ends it. Ours, specified in docs/reference/leases.md.

A form without any header of its own, so that `navigator.sendBeacon` can send it and no browser asks for permission first
(Fetch, "CORS-safelisted request-header"): the lease's text is in the body and is the only credential.
"""

from starlette.requests import Request
from starlette.responses import Response

from ...domain.errors import InvalidRequest
from ...flows import leases
from .. import params, responses
from ..site import Site

LIMIT = 4_096


async def lease_endpoint(request: Request, site: Site) -> Response:
    """How long the lease lives on, or `lease_ended`."""
    form = await params.read_form(request, limit=LIMIT)
    if "lease" not in form:
        raise InvalidRequest("lease is missing.")
    action, caller = leases.parse_action(form.get("action")), site.caller(request)
    try:
        left_s = await leases.act(form["lease"], action, holder=form.get("holder"), rt=site.rt, caller=caller)
    finally:
        # The lease says whose it is, so its client's pages alone may read the answer, also when it is a refusal.
        request.state.client_id = caller.trail.client_id
    return responses.json({"lease_expires_in": left_s}, headers=responses.NO_STORE)
