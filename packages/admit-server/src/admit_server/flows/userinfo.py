"""Who is signed in, for the holder of an access token (OpenID Connect Core section 5.3)."""

from typing import Any

from ..domain.errors import InsufficientScope, InvalidToken
from ..tokens.claims import profile_claims
from .binding import require_holder
from .recording import record_use
from .redeem import Use, redeem
from .runtime import Caller, Runtime
from .token_status import BadToken, judge, refusal_of


async def userinfo(token: str, *, rt: Runtime, caller: Caller, use: Use) -> dict[str, Any]:
    """The claims that the token's scopes allow.

    Raises:
        InvalidToken: The token is not good, belongs to no person, or is not shown by whom it is bound to.
        InvalidDpopProof: The proof of a bound token is not good.
        InsufficientScope: It lacks `openid`.
    """
    trail = caller.trail
    status = await judge(token, rt=rt, trail=trail)
    if isinstance(status, BadToken):
        record_use("userinfo", status, use, code=status.code, rt=rt)
        raise refusal_of(status)
    await require_holder(status.cnf, token, use.attempt, rt=rt, caller=caller)
    if "openid" not in status.scopes:
        trail.failed("scope", "openid", status.scopes)
        raise InsufficientScope("The access token lacks the scope openid.")
    trail.passed("scope", "openid", status.scopes)
    if (broken := await redeem(status, use, rt=rt)) is not None:
        trail.failed("limits of the token", broken.expected, broken.found)
        record_use("userinfo", status, use, code=broken.code, rt=rt)
        raise InvalidToken("The access token is not valid.", detail=broken.code)
    record_use("userinfo", status, use, rt=rt)
    user = await rt.store.read.users.get(status.grant.user_id) if status.grant.user_id else None
    if user is None or user.disabled_at is not None:
        trail.failed("person", "one that may sign in", "disabled" if user else "the token belongs to no person")
        raise InvalidToken("The access token is not valid.", detail="belongs to no person")
    return {"sub": user.id} | profile_claims(user, status.scopes)
