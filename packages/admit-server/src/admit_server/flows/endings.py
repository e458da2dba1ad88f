"""How things end. Each writes its own row and the revocation that follows from it, in the unit of work of its caller."""

from dataclasses import replace

from ..domain.audit import AuditEvent
from ..domain.lease import LEASE_ENDED
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


async def end_access_token(
    tx: Tx, token_id: str, *, opaque_digest: bytes | None, expires_at: int, nonce: str, now: int
) -> bool:
    """End one access token: the opaque one in its row, the JWT (no digest) through the feed. False when the row had ended before."""
    if opaque_digest is not None:
        return await tx.access_tokens.revoke(opaque_digest, now=now)
    await tx.feed.publish(handle("jti", token_id), until=expires_at + GREATEST_LEEWAY_S, nonce=nonce, now=now)
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


async def end_lease(tx: Tx, lease_id: str, *, event: AuditEvent, if_run_out: bool, nonce: str, now: int) -> bool:
    """End a lease, and every grant that hangs on it. False when somebody else was first, or renewed it.

    Args:
        tx: The transaction.
        lease_id: Which.
        event: What is noted of it, but for the target and the details.
        if_run_out: Only when nobody renewed it in time; otherwise the app itself ends it.
        nonce: Of this unit's positions in the feed.
        now: Seconds, UTC.
    """
    return 1 == await end_leases(tx, {lease_id: event}, if_run_out=if_run_out, nonce=nonce, now=now)


async def end_leases(tx: Tx, events: dict[str, AuditEvent], *, if_run_out: bool, nonce: str, now: int) -> int:
    """As `end_lease`, for several, each with its event; how many ended."""
    ended, handles = 0, dict[str, int]()
    for lease_id, event in events.items():
        # Grants before the lease, the order in which whoever issues locks them.
        grants = await tx.grants.hold_of_lease(lease_id)
        lease = await tx.leases.end(lease_id, if_run_out=if_run_out, now=now)
        if lease is None:
            continue
        ended += 1
        why = "ran_out" if if_run_out else "ended_by_app"
        details: dict[str, str | int | bool | None] = {"because": why, "client": lease.client_id, "grants": len(grants)}
        await tx.audit.append(replace(event, target=lease_id, details=details))
        session = await tx.sessions.get(lease.session_id) if lease.session_id is not None else None
        session_over = lease.session_id is not None and (session is None or not session.is_alive(now))
        for grant_id, with_session in grants:
            alive_until = await tx.grants.end(grant_id, reason=LEASE_ENDED, now=now)
            # Followers know already of what ended with its session.
            if alive_until is not None and alive_until > now and not (with_session and session_over):
                handles[handle("grant", grant_id)] = alive_until + GREATEST_LEEWAY_S
    # Last, because from here on nobody else can publish until the commit; who holds one of these rows may want to.
    for each, until in handles.items():
        await tx.feed.publish(each, until=until, nonce=nonce, now=now)
    return ended


async def end_everything_of_user(tx: Tx, user_id: str, *, reason: str, nonce: str, now: int) -> int:
    """End all sessions and grants of a person; written as their live ids, so nothing hangs on comparing seconds. How many ended.

    What they signed in with is forgotten: whoever else had one of their browsers is a stranger with it.
    """
    await tx.known_devices.forget(user_id)
    ended = 0
    for session_id in await tx.sessions.alive_of_user(user_id, now=now):
        ended += await end_session(tx, session_id, reason=reason, nonce=nonce, now=now)
    for grant_id in await tx.grants.alive_of_user(user_id, now=now):
        ended += await end_grant(tx, grant_id, reason=reason, nonce=nonce, now=now)
    return ended
