"""Found tokens: whoever finds one in the open hands it in, and it ends. Having it is all the proof that is needed."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from ..domain.audit import AuditEvent
from ..domain.errors import InvalidRequest
from ..ports.transaction import Tx
from ..tokens import opaque
from .endings import end_access_token, end_grant, end_session
from .runtime import Caller, Runtime
from .token_status import GoodToken, judge

MOST = 100
LONGEST_TOKEN, LONGEST_WHERE = 16_384, 500
REASON = "leaked"


@dataclass(frozen=True, slots=True)
class Found:
    """A text that looks like a token of ours, and where it was found (an address, as the finder says)."""

    token: str = field(repr=False)
    where: str = ""

    def __post_init__(self) -> None:
        if len(self.token) > LONGEST_TOKEN or len(self.where) > LONGEST_WHERE or not self.where.isprintable():
            raise InvalidRequest(
                f"A token has at most {LONGEST_TOKEN} characters, and where it was found {LONGEST_WHERE}."
            )


async def take(found: list[Found], *, rt: Runtime, caller: Caller) -> int:
    """End what was found; how many were alive. The finder is told nothing of it.

    A personal token and a refresh token end with everything of their grant, an access token alone, a session's secret with the session. A
    client's secret is only written down: ending it would stop an application, and that is for the administrator to decide.
    """
    return sum([await _end(each, rt=rt, caller=caller) for each in found])


async def _end(found: Found, *, rt: Runtime, caller: Caller) -> bool:
    token, now = found.token, rt.clock()
    event = replace(rt.event("token.leaked", "", actor="", caller=caller, now=now), details={"where": found.where})
    digest = opaque.digest(token)
    if opaque.is_opaque(token, "rt"):
        owner = await rt.store.read.refresh_tokens.owner(digest)
        return owner is not None and await _grant(owner[0], "refresh_token", event, rt=rt)
    if opaque.is_opaque(token, "ss"):
        session = await rt.store.read.sessions.by_digest(digest)
        return session is not None and await _session(session.id, event, rt=rt)
    if opaque.is_opaque(token, "cs"):
        return await _secret(digest, event, rt=rt)
    status = await judge(token, rt=rt, trail=caller.trail)
    if not isinstance(status, GoodToken):
        return False
    if opaque.is_opaque(token, "pat"):
        return await _grant(status.grant.id, "personal_token", event, rt=rt)
    return await _access_token(status, digest, event, rt=rt)


async def _grant(grant_id: str, kind: str, event: AuditEvent, *, rt: Runtime) -> bool:
    now, nonce = rt.clock(), rt.nonce()

    async def unit(tx: Tx) -> bool:
        ended = await end_grant(tx, grant_id, reason=REASON, nonce=nonce, now=now)
        if ended:
            await tx.audit.append(replace(event, target=grant_id, details={**event.details, "kind": kind}))
        return ended

    return await _written(unit, rt=rt)


async def _session(session_id: str, event: AuditEvent, *, rt: Runtime) -> bool:
    now, nonce = rt.clock(), rt.nonce()

    async def unit(tx: Tx) -> bool:
        ended = await end_session(tx, session_id, reason=REASON, nonce=nonce, now=now)
        if ended:
            await tx.audit.append(replace(event, target=session_id, details={**event.details, "kind": "session"}))
        return ended

    return await _written(unit, rt=rt)


async def _access_token(status: GoodToken, digest: bytes, event: AuditEvent, *, rt: Runtime) -> bool:
    now, nonce = rt.clock(), rt.nonce()
    own = digest if status.format == "opaque" else None

    async def unit(tx: Tx) -> bool:
        ended = await end_access_token(
            tx, status.id, opaque_digest=own, expires_at=status.expires_at, nonce=nonce, now=now
        )
        if ended:
            await tx.audit.append(replace(event, target=status.id, details={**event.details, "kind": "access_token"}))
        return ended

    return await _written(unit, rt=rt)


async def _secret(digest: bytes, event: AuditEvent, *, rt: Runtime) -> bool:
    client_id = await rt.store.read.clients.by_secret(digest)
    if client_id is None:
        return False

    async def unit(tx: Tx) -> bool:
        await tx.audit.append(replace(event, target=client_id, details={**event.details, "kind": "client_secret"}))
        return True

    return await rt.store.write(unit)


async def _written(unit: Callable[[Tx], Awaitable[bool]], *, rt: Runtime) -> bool:
    ended = await rt.store.write(unit)
    rt.on_revocation()
    return ended
