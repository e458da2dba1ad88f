"""Token introspection (RFC 7662): for the resource that the token is meant for, and for the client that holds it."""

from typing import Any

from ..domain.errors import InvalidClient
from .client_auth import AuthenticatedClient
from .runtime import Runtime
from .token_status import BadToken, judge

INACTIVE: dict[str, Any] = {"active": False}


async def introspect(token: str, *, who: AuthenticatedClient, rt: Runtime) -> dict[str, Any]:
    """The token's state, or just `active: false` for everything that is not good or none of the caller's business.

    RFC 7662 section 2.2: the server SHOULD NOT say why a token is inactive.

    Raises:
        InvalidClient: A public client (RFC 7662 section 2.1: the endpoint MUST require authorization).
    """
    if not who.proved:
        raise InvalidClient("Introspection needs a confidential client.")
    status = await judge(token, rt=rt)
    if isinstance(status, BadToken):
        return INACTIVE
    if status.grant.client_id != who.client.id:
        resource = await rt.store.read.resources.get(status.audience)
        if resource is None or resource.client_id != who.client.id:
            return INACTIVE
    username = None
    if status.grant.user_id is not None:
        user = await rt.store.read.users.get(status.grant.user_id)
        username = user.username if user else None
    return status.response(issuer=rt.issuer, username=username)
