"""Token introspection (RFC 7662): for the resource that the token is meant for, and for the client that holds it."""

from typing import Any

from ..domain.errors import InvalidClient
from .client_auth import AuthenticatedClient
from .effective import limits_of
from .redeem import Use, redeem
from .runtime import Runtime
from .token_status import BadToken, judge

INACTIVE: dict[str, Any] = {"active": False}
NO_USE = Use()


async def introspect(token: str, *, who: AuthenticatedClient, rt: Runtime, use: Use = NO_USE) -> dict[str, Any]:
    """The token's state, or just `active: false` for everything that is not good or none of the caller's business.

    Asked by its resource about a limited token, this is one use of it. RFC 7662 section 2.2: the server SHOULD NOT say why a token is
    inactive; only a resource that enforces limits is told which one it was.

    Raises:
        InvalidClient: A public client (RFC 7662 section 2.1: the endpoint MUST require authorization).
    """
    if not who.proved:
        raise InvalidClient("Introspection needs a confidential client.")
    status = await judge(token, rt=rt)
    if isinstance(status, BadToken):
        return INACTIVE
    resource = await rt.store.read.resources.get(status.audience)
    by_resource = resource is not None and resource.client_id == who.client.id
    if not by_resource and status.grant.client_id != who.client.id:
        return INACTIVE
    if by_resource and (code := await redeem(status, use, rt=rt)) is not None:
        return INACTIVE | {"code": code} if use.enforces_limits else INACTIVE
    username = None
    if status.grant.user_id is not None:
        user = await rt.store.read.users.get(status.grant.user_id)
        username = user.username if user else None
    answer = status.response(issuer=rt.issuer, username=username)
    if limits := limits_of(status.grant.policy):
        answer["limits"] = limits.as_claim()
    return answer
