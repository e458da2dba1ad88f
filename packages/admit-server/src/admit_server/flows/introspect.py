"""Token introspection (RFC 7662): for the resource that the token is meant for, and for the client that holds it."""

from typing import Any

from ..domain.errors import InvalidClient
from ..domain.ids import looks_like
from .client_auth import AuthenticatedClient
from .denials import record_code
from .effective import limits_of_grant
from .personal_tokens import note_use
from .recording import record_use
from .redeem import Use, redeem
from .runtime import Caller, Runtime
from .token_status import STEP_UP, BadToken, judge

INACTIVE: dict[str, Any] = {"active": False}
NO_USE = Use()


async def introspect(
    token: str,
    *,
    who: AuthenticatedClient,
    rt: Runtime,
    caller: Caller,
    use: Use = NO_USE,
    denial_id: str | None = None,
) -> dict[str, Any]:
    """The token's state, or just `active: false` for everything that is not good or none of the caller's business.

    Asked by its resource about a limited token, this is one use of it. RFC 7662 section 2.2: the server SHOULD NOT say why a token is
    inactive; only a resource that enforces limits is told which one it was. What is not told is kept for the administrator.

    Args:
        token: As it was sent.
        who: Who asks.
        rt: The runtime.
        caller: Where from.
        use: What is tried with it.
        denial_id: The id under which the asking library tells its own caller of the refusal, if it comes to one.

    Raises:
        InvalidClient: A public client (RFC 7662 section 2.1: the endpoint MUST require authorization).
    """
    if not who.proved:
        raise InvalidClient("Introspection needs a confidential client.")
    trail = caller.trail

    async def refused(code: str, *, rule: str = "", found: str = "") -> None:
        told = denial_id if denial_id is not None and looks_like("den", denial_id) else None
        await record_code(code, rule=rule, found=found, endpoint="/introspect", rt=rt, caller=caller, denial_id=told)

    trail.passed("asked by", "a confidential client", who.client.id)
    status = await judge(token, rt=rt, trail=trail)
    if status.grant is not None:
        # The refusal is about the application that holds the token; who asked stands among the checks.
        trail.client_id = status.grant.client_id
    audience = status.grant.audience if status.grant is not None else ""
    resource = await rt.store.read.resources.get(audience) if audience else None
    by_resource = resource is not None and resource.client_id == who.client.id
    if isinstance(status, BadToken):
        if by_resource:
            record_use("introspect", status, use, code=status.code, rt=rt)
        await refused(status.code)
        if status.code == STEP_UP and status.grant is not None and use.enforces_limits:
            # RFC 9470: the resource tells its caller how fresh a sign-in has to be.
            return INACTIVE | {"code": STEP_UP, "max_age": status.grant.policy.max_auth_age_s}
        return INACTIVE
    if not by_resource and status.grant.client_id != who.client.id:
        trail.failed("who may ask", f"the client of {status.audience}, or the token's own", who.client.id)
        await refused("wrong_audience")
        return INACTIVE
    trail.passed("who may ask", f"the client of {status.audience}, or the token's own", who.client.id)
    limits = limits_of_grant(status.grant)
    if by_resource and (broken := await redeem(status, use, rt=rt)) is not None:
        record_use("introspect", status, use, code=broken.code, rt=rt)
        trail.failed("limits of the token", broken.expected, broken.found)
        await refused(broken.code)
        return INACTIVE | {"code": broken.code} if use.enforces_limits else INACTIVE
    if limits and use.enforces_limits and not by_resource:
        # A verifier with the credentials of the token's own client: nothing is counted for it, so it must not let the token in.
        trail.failed("who may use", f"the client of {status.audience}", who.client.id)
        await refused("limits_not_enforceable")
        return INACTIVE | {"code": "limits_not_enforceable"}
    if by_resource:
        record_use("introspect", status, use, rt=rt)
        await note_use(status, address=use.attempt.address, rt=rt)
    username = None
    if status.grant.user_id is not None:
        user = await rt.store.read.users.get(status.grant.user_id)
        username = user.username if user else None
    answer = status.response(issuer=rt.issuer, username=username)
    if limits:
        answer["limits"] = limits.as_claim()
    return answer
