"""Letting people in who have nothing to sign in with: invitations, and the way back for those who lost everything."""

from dataclasses import dataclass, field

from ...authenticators.api import Message
from ...domain.errors import NotAllowed
from ...domain.times import in_words
from ...domain.user import User
from ...ports.transaction import Tx
from .. import mailing
from ..links import NewLink, new_link
from ..people import reach
from ..runtime import Caller, Runtime
from . import powers
from .users import find


@dataclass(frozen=True, slots=True)
class Invited:
    """The link that was made: whoever has it sets the account's password. `mailed_to`: '' where it was not mailed."""

    user: User
    url: str = field(repr=False)
    starts_at: int
    expires_at: int
    mailed_to: str = ""


async def invite(name_or_id: str, *, rt: Runtime, caller: Caller) -> Invited:
    """Make a link by which somebody sets their first password, and mail it where the account has an address.

    An older invitation ends.

    Raises:
        NotFound: No such user.
        NotAllowed: They can sign in already, or are disabled.
        ExceedsPowers: Somebody who may more than the caller.
    """
    user, now = await find(name_or_id, rt=rt), rt.clock()
    there = await reach(user, tx=rt.store.read)
    to = there.anywhere[0] if there.anywhere and rt.mailer.on else ""
    made = new_link("invitation", user_id=user.id, data=to, lives_s=rt.lives.invitation_s, rt=rt, now=now)
    event = rt.event("user.invited", user.id, actor=caller.actor, caller=caller, now=now, details={"mailed": bool(to)})
    values = {"username": user.username, "link": made.url, "until": in_words(made.link.expires_at)}
    message = Message(to=to, template="invitation", values=values)
    mail = mailing.prepared(message, user_id=user.id, lives_s=rt.lives.invitation_s, rt=rt, now=now)

    async def unit(tx: Tx) -> Invited:
        await powers.over_user(tx, user, caller=caller)
        _refuse_disabled(await tx.users.hold(user.id), user)
        if await tx.credentials.all_of_user(user.id):
            raise NotAllowed(
                f"The user {user.username!r} can sign in already; `admit user recover {user.username}` lets somebody back in "
                "who lost everything."
            )
        await tx.links.forget(user.id, purpose="invitation")
        await tx.links.add(made.link)
        if to:
            await mailing.add(tx, [mail], rt=rt)
        await tx.audit.append(event)
        return _invited(user, made, to)

    return await rt.store.write(unit)


async def recover(name_or_id: str, *, by_mail: bool, rt: Runtime, caller: Caller) -> Invited:
    """Make a link by which somebody who lost everything begins anew. It works after the waiting time, and every address is told.

    An older one ends.

    Args:
        name_or_id: Who.
        by_mail: Mail the link to their main address as well. Not to be done where the mailbox may be somebody else's by now.
        rt: The runtime.
        caller: Who asks.

    Raises:
        NotFound: No such user.
        NotAllowed: They are disabled, or there is no address to mail to.
        ExceedsPowers: Somebody who may more than the caller.
    """
    user, now, lives = await find(name_or_id, rt=rt), rt.clock(), rt.lives
    there = await reach(user, tx=rt.store.read)
    if by_mail and not (there.anywhere and rt.mailer.on):
        raise NotAllowed(
            "There is no address to mail the link to, or this server sends no mail; hand it over yourself."
        )
    to = there.anywhere[0] if by_mail else ""
    made = new_link(
        "recovery", user_id=user.id, data=to, lives_s=lives.recovery_s, starts_after_s=lives.recovery_wait_s, rt=rt, now=now
    )  # fmt: skip
    since, until = in_words(made.link.starts_at), in_words(made.link.expires_at)
    event = rt.event(
        "recovery.begun", user.id, actor=caller.actor, caller=caller, now=now,
        details={"starts_at": made.link.starts_at, "mailed": by_mail},
    )  # fmt: skip
    mails = mailing.notices(user, there.anywhere, "recovery_begun", {"since": since}, rt=rt, now=now)
    if by_mail:
        values = {"username": user.username, "link": made.url, "since": since, "until": until}
        message = Message(to=to, template="recovery", values=values)
        lives_s = made.link.expires_at - now
        mails.append(mailing.prepared(message, user_id=user.id, lives_s=lives_s, rt=rt, now=now))

    async def unit(tx: Tx) -> Invited:
        await powers.over_user(tx, user, caller=caller)
        _refuse_disabled(await tx.users.hold(user.id), user)
        await tx.links.forget(user.id, purpose="recovery")
        await tx.links.add(made.link)
        await mailing.add(tx, mails, rt=rt)
        await tx.audit.append(event)
        return _invited(user, made, to)

    return await rt.store.write(unit)


async def stop_recovery(name_or_id: str, *, rt: Runtime, caller: Caller) -> tuple[User, bool]:
    """Take the way back away again; whether there was one.

    Raises:
        NotFound: No such user.
        ExceedsPowers: Somebody who may more than the caller.
    """
    user, now = await find(name_or_id, rt=rt), rt.clock()
    event = rt.event("recovery.stopped", user.id, actor=caller.actor, caller=caller, now=now)

    async def unit(tx: Tx) -> bool:
        await powers.over_user(tx, user, caller=caller)
        stopped = await tx.links.forget(user.id, purpose="recovery")
        if stopped:
            await tx.audit.append(event)
        return bool(stopped)

    return user, await rt.store.write(unit)


def _refuse_disabled(held: User | None, user: User) -> None:
    if held is None:
        raise NotAllowed(f"The user {user.username!r} is disabled; `admit user enable {user.username}` comes first.")


def _invited(user: User, made: NewLink, to: str) -> Invited:
    return Invited(user, made.url, made.link.starts_at, made.link.expires_at, to)
