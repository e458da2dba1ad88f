"""Token revocation (RFC 7009): a client gives back what is its own."""

from dataclasses import replace

from ..ports.transaction import Tx
from ..tokens import opaque
from . import endings
from .client_auth import AuthenticatedClient
from .endings import end_grant, end_session
from .runtime import Caller, Runtime
from .token_status import GoodToken, judge


async def revoke(token: str, *, who: AuthenticatedClient, rt: Runtime, caller: Caller) -> None:
    """End a token of this client. Unknown, foreign and dead tokens are no error (RFC 7009 section 2.2).

    A refresh token ends its whole grant, access tokens included (section 2.1); an access token ends alone. An app that signed in
    without a browser ends its session with it.
    """
    if opaque.is_opaque(token, "rt"):
        owner = await rt.store.read.refresh_tokens.owner(opaque.digest(token))
        if owner is not None and owner[1] == who.client.id:
            await end_grant_of_client(owner[0], actor=who.client.id, reason="revoked_by_client", rt=rt, caller=caller)
        return
    status = await judge(token, rt=rt, trail=caller.trail)
    if isinstance(status, GoodToken) and status.grant.client_id == who.client.id:
        await end_access_token(token, status, actor=who.client.id, rt=rt, caller=caller)


async def end_grant_of_client(grant_id: str, *, actor: str, reason: str, rt: Runtime, caller: Caller) -> bool:
    """End a grant, and the session of an app without a browser that hangs on it alone."""
    now, nonce = rt.clock(), rt.nonce()
    event = rt.event("grant.ended", grant_id, actor=actor, caller=caller, now=now, details={"reason": reason})

    async def unit(tx: Tx) -> bool:
        grant = await tx.grants.get(grant_id)
        if not await end_grant(tx, grant_id, reason=reason, nonce=nonce, now=now):
            return False
        await tx.audit.append(event)
        if grant is not None and grant.session_id is not None:
            session = await tx.sessions.get(grant.session_id)
            if session is not None and not session.in_browser:
                await end_session(tx, session.id, reason="logout", nonce=nonce, now=now)
        return True

    ended = await rt.store.write(unit)
    rt.on_revocation()
    return ended


async def end_access_token(token: str, status: GoodToken, *, actor: str, rt: Runtime, caller: Caller) -> None:
    """End one access token: the opaque one in its row, the JWT through the feed."""
    now, nonce = rt.clock(), rt.nonce()
    digest = opaque.digest(token) if status.format == "opaque" else None
    event = replace(
        rt.event("token.revoked", status.id, actor=actor, caller=caller, now=now), details={"grant": status.grant.id}
    )

    async def unit(tx: Tx) -> None:
        await tx.audit.append(event)
        await endings.end_access_token(
            tx, status.id, opaque_digest=digest, expires_at=status.expires_at, nonce=nonce, now=now
        )

    await rt.store.write(unit)
    rt.on_revocation()
