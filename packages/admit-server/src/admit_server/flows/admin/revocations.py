"""Revocations by an administrator's hand: what is live, one handle, or everything."""

from ...domain.revocation import GREATEST_LEEWAY_S, HandleKind, Revocation, handle
from ...ports.transaction import Tx
from ..runtime import Caller, Runtime

# The longest that an access token may live (`TokenPolicy`).
LONGEST_S = 86_400
MOST = 200


async def live(*, after: int = 0, limit: int = MOST, rt: Runtime) -> list[Revocation]:
    """Revocations whose tokens could still be alive, in the order in which they were made, after a number."""
    now, found = rt.clock(), list[Revocation]()
    while len(found) < limit:
        rows = await rt.store.read.feed.since(after, limit=MOST)
        found += [row for row in rows if row.until > now]
        if len(rows) < MOST:
            break
        after = rows[-1].seq
    return found[:limit]


async def revoke(kind: HandleKind, value: str, *, rt: Runtime, caller: Caller) -> Revocation:
    """Publish that a session, grant, token or key has ended, whether or not this server knows it.

    For what the server knows there are better ways: ending a session, a grant or a token, retiring a key.
    """
    now, nonce = rt.clock(), rt.nonce()
    until = now + LONGEST_S + GREATEST_LEEWAY_S
    text = handle(kind, value)
    event = rt.event(
        "handle.revoked", text, actor=caller.actor, caller=caller, now=now, details={"kind": kind, "value": value[:100]}
    )

    async def unit(tx: Tx) -> int:
        await tx.audit.append(event)
        await tx.feed.publish(text, until=until, nonce=nonce, now=now)
        return (await tx.feed.head()).seq

    seq = await rt.store.write(unit)
    rt.on_revocation()
    return Revocation(seq=seq, nonce=nonce, handle=text, before=None, until=until)


async def revoke_everything(*, rt: Runtime, caller: Caller) -> tuple[int, int]:
    """The emergency: every session and grant ends, and every token issued until now, the caller's too. How many of each ended.

    Accounts, clients and keys stay, so everybody can sign in again.
    """
    now, nonce = rt.clock(), rt.nonce()
    event = rt.event("everything.revoked", "", actor=caller.actor, caller=caller, now=now)

    async def unit(tx: Tx) -> tuple[int, int]:
        sessions = await tx.sessions.end_all(reason="everything_revoked", now=now)
        grants = await tx.grants.end_all(reason="everything_revoked", now=now)
        await tx.known_devices.forget_all()
        await tx.audit.append(event)
        await tx.feed.publish_before(now, until=now + LONGEST_S + GREATEST_LEEWAY_S, nonce=nonce, now=now)
        return sessions, grants

    ended = await rt.store.write(unit)
    rt.on_revocation()
    return ended
