"""A person sets a new password."""

from dataclasses import dataclass, replace

from ...domain.errors import NotAllowed
from ...domain.session import Session
from ...domain.user import User
from ...ports.transaction import Tx
from .. import links, mailing, notices
from ..devices import forget_others
from ..endings import end_grant, end_session
from ..journeys.full import hold_session, require_full_sign_in
from ..new_password import password_credential
from ..runtime import Caller, Runtime

PASSWORD = "password"
REASON = "password_changed"


@dataclass(frozen=True, slots=True)
class Changed:
    """How many sessions and grants ended with the old password."""

    ended: int


async def change(new: str, *, user: User, current: Session, keep: bool, rt: Runtime, caller: Caller) -> Changed:
    """Set a new password, or the first one. Everything that the old one opened ends, personal tokens too.

    The full sign-in stands for the old password: it is proved, and its failures are counted, in one place only. With less, whoever found
    out the password alone could throw its owner out, and whoever reads the mailbox could add a password where there was none.

    Args:
        new: The new password.
        user: Whose.
        current: The session that asks.
        keep: Whether this session, with what it gave to apps, goes on.
        rt: The runtime.
        caller: Who asks.

    Raises:
        SignInTooOld: See `require_full_sign_in`; or the session has ended meanwhile.
        NotAllowed: A rule forbids the password, or it was changed at the same moment elsewhere.
        Busy: The hashing queue is full.
    """
    now, nonce = rt.clock(), rt.nonce()
    await require_full_sign_in(current, rt=rt)
    text = rt.password_rules.check(new, username=user.username, email=user.email)
    was = await rt.store.read.credentials.of_user(user.id, PASSWORD)
    if was and await rt.hasher.verify(was[0].data, text):
        raise NotAllowed("This is the password that you have already. Take another one.")
    fresh = await password_credential(user, text, rt=rt, now=now)
    event = rt.event("account.password_changed", user.id, actor=user.id, caller=caller, now=now)
    mails = await notices.notices(user, "password_changed", rt=rt, caller=caller, now=now)

    async def unit(tx: Tx) -> int:
        # Locks the row, so that this and a sign-in, or an administrator's change, come one after the other.
        await hold_session(tx, current, now=now)
        stored = await tx.credentials.of_user(user.id, PASSWORD)
        if [(each.id, each.version) for each in stored] != [(each.id, each.version) for each in was]:
            raise NotAllowed("Your password was changed somewhere else at the same moment.")
        if not stored:
            await tx.credentials.put(fresh)
        elif not await tx.credentials.replace(stored[0].id, data=fresh.data, version=stored[0].version, now=now):
            raise NotAllowed("Your password was changed somewhere else at the same moment.")
        await links.forget_ways_in(tx, user.id)
        ended = await _end_rest(tx, current, keep=keep, nonce=nonce, now=now)
        await forget_others(tx, user.id, rt=rt, caller=caller)
        await mailing.add(tx, mails, rt=rt)
        await tx.audit.append(replace(event, details={"ended": ended, "kept": keep}))
        return ended

    ended = await rt.store.write(unit)
    rt.on_revocation()
    return Changed(ended)


async def _end_rest(tx: Tx, current: Session, *, keep: bool, nonce: str, now: int) -> int:
    """End what the old password opened; how many sessions and grants."""
    ended = 0
    for session_id in await tx.sessions.alive_of_user(current.user_id, now=now):
        if not (keep and session_id == current.id):
            ended += await end_session(tx, session_id, reason=REASON, nonce=nonce, now=now)
    for grant_id in await tx.grants.alive_of_user(current.user_id, now=now):
        grant = await tx.grants.get(grant_id)
        if not (keep and grant is not None and grant.session_id == current.id):
            ended += await end_grant(tx, grant_id, reason=REASON, nonce=nonce, now=now)
    return ended
