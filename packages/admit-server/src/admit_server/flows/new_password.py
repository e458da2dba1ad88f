"""Setting a password by a link: a forgotten one, the first one of somebody invited, or a new beginning after everything was lost."""

from typing import Literal

from ..domain.audit import AuditEvent
from ..domain.devices import place_in_words
from ..domain.email_address import address_key
from ..domain.errors import LinkEnded
from ..domain.one_use_link import OneUseLink
from ..domain.times import in_words
from ..domain.user import User
from ..ports.transaction import Tx
from ..ports.users import Credential
from . import links, mailing
from .endings import end_everything_of_user
from .people import reach
from .runtime import Caller, Refusal, Runtime, or_raise

PASSWORD = "password"
Way = Literal["reset", "invitation", "recovery"]


async def whose(secret: str, way: Way, *, rt: Runtime, caller: Caller) -> tuple[OneUseLink, User]:
    """Whose password a link sets, without spending it.

    Raises:
        LinkEnded: The link is not good, the account is gone or disabled, or it is none that the link is for.
    """
    link = await links.look(secret, way, rt=rt, caller=caller)
    user = await rt.store.read.users.get(link.user_id)
    if user is None or user.disabled_at is not None:
        caller.trail.failed("user", "one that is there and enabled", "gone or disabled")
        raise LinkEnded(detail="the user is gone or disabled")
    if (refused := await _not_for(way, user, tx=rt.store.read, caller=caller)) is not None:
        or_raise(refused)
    return link, user


async def set_by_link(secret: str, password: str, way: Way, *, rt: Runtime, caller: Caller) -> User:
    """Spend a link and set the password. Every session and grant ends, and every address of the account is told.

    The address that the link was mailed to is verified by that. Nobody is signed in: whoever has the link goes on to sign in, with all
    steps that are asked for.

    Raises:
        LinkEnded: The link is not good, was used meanwhile, or the account is none that it is for.
        NotAllowed: A password that the rules forbid; the link stays good.
        Busy: The hashing queue is full.
    """
    link, user = await whose(secret, way, rt=rt, caller=caller)
    now, nonce = rt.clock(), rt.nonce()
    fresh = await password_credential(user, password, rt=rt, now=now)
    there = await reach(user, tx=rt.store.read)
    facts = {"when": in_words(now), "where": place_in_words(caller.network)}
    event = _event(way, user, rt=rt, caller=caller, now=now)
    told = "recovered" if way == "recovery" else "password_changed"
    mails = mailing.notices(user, there.anywhere, told, facts, rt=rt, now=now) if way != "invitation" else []

    async def unit(tx: Tx) -> User | Refusal:
        held = await tx.users.hold(user.id)
        if held is None:
            caller.trail.failed("user is enabled", True, "disabled meanwhile")
            return Refusal(LinkEnded(detail="the user was disabled meanwhile"))
        if (refused := await _not_for(way, held, tx=tx, caller=caller)) is not None:
            return refused
        if (refused := await links.spend(tx, link, caller=caller, now=now)) is not None:
            return refused
        if way == "recovery":
            for kept in await tx.credentials.all_of_user(user.id):
                await tx.credentials.remove_one(user.id, kept.id)
        stored = await tx.credentials.of_user(user.id, PASSWORD)
        if not stored:
            await tx.credentials.put(fresh)
        else:
            await tx.credentials.replace(stored[0].id, data=fresh.data, version=stored[0].version, now=now)
        await links.forget_ways_in(tx, user.id)
        if link.data:
            await tx.addresses.verify(user.id, address=link.data, address_key=address_key(link.data), now=now)
        await end_everything_of_user(tx, user.id, reason="password_changed", nonce=nonce, now=now)
        await mailing.add(tx, mails, rt=rt)
        await tx.audit.append(event)
        return held

    outcome = or_raise(await rt.store.write(unit))
    rt.on_revocation()
    return outcome


async def _not_for(way: Way, user: User, *, tx: Tx, caller: Caller) -> Refusal | None:
    """An invitation gives the first way to sign in, and a reset replaces a password; neither does anything else."""
    if way == "invitation" and await tx.credentials.all_of_user(user.id):
        caller.trail.failed("ways to sign in", "none yet", "there are some by now")
        return Refusal(LinkEnded(detail="the person can sign in by now"))
    if way == "reset" and not await tx.credentials.of_user(user.id, PASSWORD):
        caller.trail.failed("password", "one to replace", "there is none any more")
        return Refusal(LinkEnded(detail="there is no password any more"))
    return None


def _event(way: Way, user: User, *, rt: Runtime, caller: Caller, now: int) -> AuditEvent:
    match way:
        case "reset":
            return rt.event("password.reset", user.id, actor=user.id, caller=caller, now=now)
        case "invitation":
            return rt.event("user.joined", user.id, actor=user.id, caller=caller, now=now)
        case "recovery":
            return rt.event("user.recovered", user.id, actor=user.id, caller=caller, now=now)


async def password_credential(user: User, password: str, *, rt: Runtime, now: int) -> Credential:
    """A password as it is stored.

    Raises:
        NotAllowed: A password that the rules forbid.
        Busy: The hashing queue is full.
    """
    text = rt.password_rules.check(password, username=user.username, email=user.email)
    return Credential(
        id=rt.new_id("crd"),
        user_id=user.id,
        authenticator=PASSWORD,
        data=await rt.hasher.hash(text),
        version=1,
        created_at=now,
        updated_at=now,
    )
