"""How things end. Each writes its own row and the revocation that follows from it, in the unit of work of its caller."""

from ..domain.revocation import GREATEST_LEEWAY_S, handle
from ..ports.transaction import Tx


async def end_grant(tx: Tx, grant_id: str, *, reason: str, nonce: str, now: int) -> bool:
    """End a grant, and with it the family of its refresh tokens. False when it had ended before."""
    alive_until = await tx.grants.end(grant_id, reason=reason, now=now)
    if alive_until is None:
        return False
    # No feed row where no JWT of it can be alive.
    if alive_until > now:
        await tx.feed.publish(handle("grant", grant_id), until=alive_until + GREATEST_LEEWAY_S, nonce=nonce, now=now)
    return True


async def end_session(tx: Tx, session_id: str, *, reason: str, nonce: str, now: int) -> bool:
    """End a session; every token that ends with it is refused from then on. False when it had ended before.

    Only the session's row is changed, never a set of tokens: whoever issues looks at this row.
    """
    alive_until = await tx.sessions.end(session_id, reason=reason, now=now)
    if alive_until is None:
        return False
    if alive_until > now:
        await tx.feed.publish(handle("sid", session_id), until=alive_until + GREATEST_LEEWAY_S, nonce=nonce, now=now)
    return True


async def end_everything_of_user(tx: Tx, user_id: str, *, reason: str, nonce: str, now: int) -> int:
    """End all sessions and grants of a person; written as their live ids, so nothing hangs on comparing seconds. How many ended."""
    ended = 0
    for session_id in await tx.sessions.alive_of_user(user_id, now=now):
        ended += await end_session(tx, session_id, reason=reason, nonce=nonce, now=now)
    for grant_id in await tx.grants.alive_of_user(user_id, now=now):
        ended += await end_grant(tx, grant_id, reason=reason, nonce=nonce, now=now)
    return ended
