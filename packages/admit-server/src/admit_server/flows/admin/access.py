"""Who may use the administration API: the holder of one of its tokens, as far as token and roles allow it now."""

from dataclasses import dataclass, replace

from ...domain.administration import ALL, Powers, api_audience
from ...domain.errors import InsufficientScope, InvalidToken
from ...domain.scopes import format_scope
from ...domain.trail import Trail
from ..binding import require_holder
from ..recording import record_use
from ..redeem import Use, redeem
from ..role_scopes import given_by_roles
from ..runtime import Caller, Runtime
from ..token_status import BadToken, GoodToken, judge, refusal_of

_BAD = "The access token is not valid."


@dataclass(frozen=True, slots=True)
class Administrator:
    """Who acts: a person, or a client in its own name. `caller` carries the name and the powers to the flows."""

    id: str
    caller: Caller


async def admit_administrator(token: str, *, scope: str, use: Use, rt: Runtime, caller: Caller) -> Administrator:
    """Check a token of the API for an operation.

    What the person's roles allow is asked anew at each request, so a role that is taken away is gone at once. A client in its own name
    may do what it was added with.

    Raises:
        InvalidDpopProof: The proof of a bound token is not good.
        InvalidToken: Not good, for another resource, not shown by whom it is bound to, or its person or client may not act any more.
        InsufficientScope: Token or roles do not have the scope.
    """
    trail, audience = caller.trail, api_audience(rt.issuer)
    status = await judge(token, rt=rt, trail=trail)
    if isinstance(status, BadToken):
        record_use("api", status, use, code=status.code, rt=rt)
        raise refusal_of(status)
    if status.audience != audience:
        trail.failed("audience", audience, status.audience)
        raise InvalidToken(_BAD, detail="wrong_audience")
    trail.passed("audience", audience, status.audience)
    await require_holder(status.cnf, token, use.attempt, rt=rt, caller=caller)
    powers = await _powers(status, rt=rt, trail=trail)
    if scope not in powers.scopes:
        has_token = scope in status.scopes
        trail.failed("scope of the roles" if has_token else "scope", scope, format_scope(powers.scopes))
        raise InsufficientScope("The access token lacks the scope of this operation.")
    trail.passed("scope", scope, format_scope(powers.scopes))
    if (broken := await redeem(status, use, rt=rt)) is not None:
        trail.failed("limits of the token", broken.expected, broken.found)
        record_use("api", status, use, code=broken.code, rt=rt)
        raise InvalidToken(_BAD, detail=broken.code)
    record_use("api", status, use, rt=rt)
    subject = status.grant.subject
    return Administrator(subject, replace(caller, actor=subject, powers=powers, trail=trail))


async def _powers(status: GoodToken, *, rt: Runtime, trail: Trail) -> Powers:
    read, grant = rt.store.read, status.grant
    if grant.user_id is None:
        client = await read.clients.get(grant.client_id)
        if client is None or client.disabled_at is not None:
            trail.failed("client", "one that is enabled", "disabled" if client else "gone")
            raise InvalidToken(_BAD, detail="its client may not act any more")
        return Powers(scopes=status.scopes & client.scopes & ALL)
    user = await read.users.get(grant.user_id)
    if user is None or user.disabled_at is not None:
        trail.failed("person", "one that may sign in", "disabled" if user else "gone")
        raise InvalidToken(_BAD, detail="its person may not act any more")
    given = await given_by_roles(read, user)
    trail.passed("roles of the person", None, user.roles)
    return Powers(scopes=status.scopes & given & ALL, others=None if given >= ALL else given - ALL)
