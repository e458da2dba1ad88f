"""A person's own sessions: where they are signed in, and ending that."""

from dataclasses import dataclass, replace

from ...domain.account import require_fresh
from ...domain.errors import NotFound
from ...domain.session import Session
from ...ports.transaction import Tx
from ..devices import forget_others
from ..endings import end_session
from ..runtime import Caller, Runtime

PAGE = 10
# Of so many apps of a session the names are told.
APPS = 5
REASON = "ended_by_person"
After = tuple[int, str]


@dataclass(frozen=True, slots=True)
class OwnSession:
    """One of a person's living sessions, and the names of the apps that hold something of it. `is_idle`: see `Session.is_idle`."""

    session: Session
    apps: tuple[str, ...]
    is_this: bool
    is_idle: bool


@dataclass(frozen=True, slots=True)
class SessionPage:
    """This one first, then the others, newest first; `next_after`: where the next page begins, None at the end."""

    sessions: tuple[OwnSession, ...]
    next_after: After | None


async def newest(current: Session, *, after: After | None = None, rt: Runtime) -> SessionPage:
    """The living sessions of the one whose session this is."""
    now = rt.clock()

    async def look(tx: Tx) -> SessionPage:
        page = await tx.sessions.page(user_id=current.user_id, alive_at=now, limit=PAGE + 2, after=after)
        others = [each for each in page if each.id != current.id]
        last = others[PAGE - 1] if len(others) > PAGE else None
        shown = ([current] if after is None else []) + others[:PAGE]
        return SessionPage(
            tuple([await _own(tx, each) for each in shown]), (last.created_at, last.id) if last else None
        )

    async def _own(tx: Tx, session: Session) -> OwnSession:
        apps = await tx.connections.clients_of_session(session.id, limit=APPS, now=now)
        idle = session.is_idle(now, idle_s=rt.session_idle_s)
        return OwnSession(session, tuple(apps), session.id == current.id, idle)

    return await rt.store.view(look)


async def end_one(session_id: str, *, current: Session, rt: Runtime, caller: Caller) -> bool:
    """End one of their own sessions, and every token that ends with it. False when it had ended before.

    Raises:
        SignInTooOld: ASVS 5.0 7.5.2: sessions are ended after having authenticated again.
        NotFound: It is nobody's, or another person's.
    """
    now, nonce = rt.clock(), rt.nonce()
    require_fresh(current, rt.account, now=now)
    event = rt.event(
        "session.ended", session_id, actor=current.user_id, caller=caller, now=now, details={"reason": REASON}
    )

    async def unit(tx: Tx) -> bool:
        session = await tx.sessions.get(session_id)
        if session is None or session.user_id != current.user_id:
            raise NotFound("You have no such session; it may have ended already.")
        if not await end_session(tx, session_id, reason=REASON, nonce=nonce, now=now):
            return False
        await tx.audit.append(event)
        return True

    ended = await rt.store.write(unit)
    rt.on_revocation()
    return ended


async def end_others(current: Session, *, rt: Runtime, caller: Caller) -> int:
    """End every session of a person but this one; how many. The browsers of the others are forgotten.

    Raises:
        SignInTooOld: As `end_one`.
    """
    now, nonce = rt.clock(), rt.nonce()
    require_fresh(current, rt.account, now=now)
    event = rt.event("account.sessions_ended", current.user_id, actor=current.user_id, caller=caller, now=now)

    async def unit(tx: Tx) -> int:
        ended = await _end_others_in(tx, current, nonce=nonce, now=now)
        await forget_others(tx, current.user_id, rt=rt, caller=caller)
        if ended:
            await tx.audit.append(replace(event, details={"ended": ended}))
        return ended

    ended = await rt.store.write(unit)
    rt.on_revocation()
    return ended


async def _end_others_in(tx: Tx, current: Session, *, nonce: str, now: int) -> int:
    """End every session of a person but this one, in the unit of the caller; how many."""
    # Nobody signs in meanwhile: who does so afterwards is not meant.
    await tx.users.hold(current.user_id)
    ended = 0
    for session_id in await tx.sessions.alive_of_user(current.user_id, now=now):
        if session_id != current.id:
            ended += await end_session(tx, session_id, reason=REASON, nonce=nonce, now=now)
    return ended
