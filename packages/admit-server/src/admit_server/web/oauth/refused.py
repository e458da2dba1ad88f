"""A refusal at an endpoint for programs: recorded, then rendered with its id where it has one."""

from starlette.responses import Response

from ...domain.errors import ProtocolError
from ...flows.client_auth import AuthenticatedClient
from ...flows.denials import record
from ...flows.runtime import Caller
from .. import responses
from ..site import Site


async def refused(
    error: ProtocolError, *, endpoint: str, who: AuthenticatedClient | None, site: Site, caller: Caller
) -> Response:
    """Record and render."""
    denial_id = await record(
        error,
        endpoint=endpoint,
        client_id=who.client.id if who else None,
        proved=who is not None and who.proved,
        rt=site.rt,
        caller=caller,
    )
    return responses.refusal(error, kind="oauth", site=site, denial_id=denial_id)
