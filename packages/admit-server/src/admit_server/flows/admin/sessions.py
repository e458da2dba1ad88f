"""Sessions: who is signed in where, and ending it."""

from dataclasses import dataclass, replace

from ...domain.errors import NotFound
from ...domain.lease import Lease
from ...domain.session import Session
from ...domain.user import User
from ...ports.transaction import Tx
from ..endings import end_session
from ..logout import end_session_now
from ..runtime import Caller, Runtime
from . import users

REASON = "ended_by_administrator"
MOST_LISTED = 1000


@dataclass(frozen=True, slots=True)
class ListedSession:
    """A session and whose it is."""

    session: Session
    username: str


async def newest(
    *,
    user: str | None = None,
    with_ended: bool = False,
    limit: int = 200,
    after: tuple[int, str] | None = None,
    rt: Runtime,
) -> list[ListedSession]:
    """Sessions, newest first: of one person (id or name) or of all, only the living unless asked otherwise.

    `after`: begin after that time and id.

    Raises:
        NotFound: No such user.
    """
    owner = await users.find(user, rt=rt) if user is not None else None
    alive_at = None if with_ended else rt.clock()
    most = max(1, min(limit, MOST_LISTED))

    async def look(tx: Tx) -> list[ListedSession]:
        names: dict[str, str] = {owner.id: owner.username} if owner else {}
        listed: list[ListedSession] = []
        for session in await tx.sessions.page(
            user_id=owner.id if owner else None, alive_at=alive_at, limit=most, after=after
        ):
            if session.user_id not in names:
                found = await tx.users.get(session.user_id)
                names[session.user_id] = found.username if found else session.user_id
            listed.append(ListedSession(session, names[session.user_id]))
        return listed

    return await rt.store.view(look)


@dataclass(frozen=True, slots=True)
class ShownSession:
    """A session, whose it is, and the leases of its apps with each client's name."""

    listed: ListedSession
    leases: list[tuple[Lease, str]]


async def find(session_id: str, *, rt: Runtime) -> ShownSession:
    """One session, alive or ended.

    Raises:
        NotFound: No such session.
    """
    read = rt.store.read
    session = await read.sessions.get(session_id)
    if session is None:
        raise _unknown(session_id)
    user = await read.users.get(session.user_id)
    leases: list[tuple[Lease, str]] = []
    for lease in await read.leases.of_session(session_id):
        if lease.is_alive(rt.clock()):
            client = await read.clients.get(lease.client_id)
            leases.append((lease, client.name if client else lease.client_id))
    return ShownSession(ListedSession(session, user.username if user else session.user_id), leases)


async def end_one(session_id: str, *, rt: Runtime, caller: Caller) -> bool:
    """End a session and every token that ends with it. False when it had ended before.

    Raises:
        NotFound: No such session.
    """
    session = await rt.store.read.sessions.get(session_id)
    if session is None:
        raise _unknown(session_id)
    now = rt.clock()
    if not session.is_alive(now):
        return False
    # Under the name of the person too, who reads of it among what happened to their account.
    details: dict[str, str | int | bool | None] = {"ended": 1, "session": session_id}
    told = rt.event("user.sessions_ended", session.user_id, actor=caller.actor, caller=caller, now=now, details=details)
    return await end_session_now(session_id, reason=REASON, actor=caller.actor, told=told, rt=rt, caller=caller)


async def end_all_of_user(name_or_id: str, *, rt: Runtime, caller: Caller) -> tuple[User, int]:
    """End every session of a person, in one unit, and forget their browsers; whose, and how many.

    Raises:
        NotFound: No such user.
    """
    user, now, nonce = await users.find(name_or_id, rt=rt), rt.clock(), rt.nonce()
    event = rt.event("user.sessions_ended", user.id, actor=caller.actor, caller=caller, now=now)

    async def unit(tx: Tx) -> int:
        # Nobody signs in meanwhile: who does so afterwards is not meant.
        await tx.users.hold(user.id)
        await tx.known_devices.forget(user.id)
        ended = 0
        for session_id in await tx.sessions.alive_of_user(user.id, now=now):
            ended += await end_session(tx, session_id, reason=REASON, nonce=nonce, now=now)
        if ended:
            await tx.audit.append(replace(event, details={"ended": ended}))
        return ended

    ended = await rt.store.write(unit)
    rt.on_revocation()
    return user, ended


def _unknown(session_id: str) -> NotFound:
    return NotFound(f"There is no session {session_id!r}; `admit session list` shows those that are alive.")
