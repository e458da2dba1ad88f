"""How many sessions a person may have: at a new sign-in the oldest ends, or the new one is refused."""

from ..domain.applied_rule import labelled
from ..domain.client import Client
from ..domain.errors import TooManySessions
from ..domain.token_policy import combine
from ..domain.user import User
from ..ports.transaction import Tx
from .effective import rules_of
from .endings import end_session
from .runtime import Caller, Refusal, Runtime

REASON = "too_many_sessions"


async def make_room(
    tx: Tx, user: User, *, client: Client | None, rt: Runtime, caller: Caller, nonce: str, now: int
) -> tuple[str, ...] | Refusal:
    """Make room for one more session, in the unit that makes it, with the person's row locked.

    The rules of the server, the person, their roles and the client that asks count, to the strictest. Those of resources do not: a
    session is not for a resource.

    Returns:
        Ids of the sessions that were ended for it; or the refusal, where the rules say that the new one is to be denied.
    """
    limits = combine(labelled(await rules_of(tx, rt, client=client, user=user)))
    if limits.max_sessions is None:
        return ()
    alive = await tx.sessions.oldest_of_user(user.id, now=now)
    beyond = len(alive) + 1 - limits.max_sessions
    if beyond <= 0:
        return ()
    if limits.deny_new_session:
        caller.trail.failed("sessions of the person", f"under {limits.max_sessions}", len(alive))
        return Refusal(TooManySessions(detail=f"{len(alive)} of {limits.max_sessions} sessions are alive"))
    ended = alive[:beyond]
    for session_id in ended:
        await end_session(tx, session_id, reason=REASON, nonce=nonce, now=now)
    return tuple(ended)
