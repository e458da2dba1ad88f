"""A person's e-mail addresses: added, verified by a link, made the main one, removed. Every other address is told."""

from dataclasses import replace

from ..authenticators.api import Message
from ..domain.devices import place_in_words
from ..domain.email_address import EmailAddress, address_key, check_email
from ..domain.errors import LinkEnded, NotAllowed, NotFound
from ..domain.one_use_link import OneUseLink
from ..domain.session import Session
from ..domain.times import in_words
from ..domain.user import User
from ..ports.transaction import Tx
from . import links, mailing, throttling
from .journeys.full import hold_session
from .people import addresses_of, reach
from .runtime import Caller, Refusal, Runtime, or_raise

MOST = 10


async def add(user: User, address: str, *, current: Session | None = None, rt: Runtime, caller: Caller) -> None:
    """Note an address, and mail it a link that verifies it; once more where it was noted before.

    The answer is the same for an address that somebody else has verified: only its owner learns of the mail.

    Args:
        user: Whose.
        address: As typed.
        current: The session that asks, where one does: it has to be alive still.
        rt: The runtime.
        caller: Who asks.

    Raises:
        SignInTooOld: The session has ended meanwhile.
        NotAllowed: No address, too many of them, one that is verified already, or this server sends no mail.
        TooManyTries: Too many mails were asked for.
    """
    if not rt.mailer.on:
        raise NotAllowed("This server sends no mail, so it can't verify an address.")
    address, now = check_email(address), rt.clock()
    key = address_key(address)
    # Whoever it is: nobody has us write to strangers as often as they like.
    await throttling.charge_sending(
        user, user.username, method="address", channel="account", to_others=True, rt=rt, caller=caller
    )
    made = links.new_link("address", user_id=user.id, data=address, lives_s=rt.lives.address_s, rt=rt, now=now)
    values = {"link": made.url, "until": in_words(made.link.expires_at)}
    message = Message(to=address, template="verify_address", values=values)
    mail = mailing.prepared(message, user_id=user.id, lives_s=rt.lives.address_s, rt=rt, now=now)
    event = rt.event("address.added", user.id, actor=user.id, caller=caller, now=now)

    async def unit(tx: Tx) -> None:
        if current is not None:
            await hold_session(tx, current, now=now)
        if await tx.users.hold(user.id) is None:
            raise NotFound("The account is disabled.")
        known = {address_key(each.address): each for each in await addresses_of(user, tx=tx)}
        if key in known and known[key].verified_at is not None:
            raise NotAllowed("This address is verified already.")
        if key not in known and len(known) >= MOST:
            raise NotAllowed(f"An account has at most {MOST} addresses; remove one first.")
        await tx.addresses.add(user.id, address=address, address_key=key, now=now)
        # One link at a time, so that nobody floods a mailbox with links that all work.
        await tx.links.forget(user.id, purpose="address")
        await tx.links.add(made.link)
        await mailing.add(tx, [mail], rt=rt)
        await tx.audit.append(event)

    await rt.store.write(unit)


async def whose(secret: str, *, rt: Runtime, caller: Caller) -> tuple[OneUseLink, User]:
    """Whose address a link verifies, without spending it.

    Raises:
        LinkEnded: The link is not good, or the account is gone.
    """
    link = await links.look(secret, "address", rt=rt, caller=caller)
    user = await rt.store.read.users.get(link.user_id)
    if user is None:
        caller.trail.failed("user", "one that is there", "gone")
        raise LinkEnded(detail="the user is gone")
    return link, user


async def verify(secret: str, *, rt: Runtime, caller: Caller) -> tuple[User, str]:
    """Spend a link: the address is this person's from now on; the first one becomes the main one.

    Raises:
        LinkEnded: The link is not good, or another person has verified this address, or it was removed since.
    """
    link, user = await whose(secret, rt=rt, caller=caller)
    now, address, key = rt.clock(), link.data, address_key(link.data)
    there = await reach(user, tx=rt.store.read)
    facts = {"address": address, "when": in_words(now), "where": place_in_words(caller.network)}
    others = [each for each in there.anywhere if address_key(each) != key]
    mails = mailing.notices(user, others, "address_added", facts, rt=rt, now=now)
    event = rt.event("address.verified", user.id, actor=user.id, caller=caller, now=now)

    async def unit(tx: Tx) -> Refusal | None:
        held = await tx.users.hold(user.id)
        if (refused := await links.spend(tx, link, caller=caller, now=now)) is not None:
            return refused
        mine = {address_key(each.address) for each in await addresses_of(held, tx=tx)}
        if held is None or key not in mine:
            caller.trail.failed("address", "one of this account", "removed meanwhile")
            return Refusal(LinkEnded(detail="the address was removed meanwhile"))
        if not await tx.addresses.verify(user.id, address=address, address_key=key, now=now):
            caller.trail.failed("address", "nobody else's", "another person has verified it")
            return Refusal(LinkEnded(detail="another person has verified this address"))
        if held.email is None:
            await tx.users.update(replace(held, email=address, updated_at=now))
        await mailing.add(tx, mails, rt=rt)
        await tx.audit.append(event)
        return None

    outcome = await rt.store.write(unit)
    if outcome is not None:
        or_raise(outcome)
    return user, address


async def make_main(user: User, address: str, *, current: Session | None = None, rt: Runtime, caller: Caller) -> None:
    """Let mail go to this address first. `current`: as for `add`.

    Raises:
        SignInTooOld: As `add`.
        NotFound: It is not one of this person's.
        NotAllowed: It is not verified.
    """
    now = rt.clock()
    event = rt.event("address.made_main", user.id, actor=user.id, caller=caller, now=now)

    async def unit(tx: Tx) -> None:
        if current is not None:
            await hold_session(tx, current, now=now)
        held = await tx.users.hold(user.id)
        found = await _one(held, address, tx=tx)
        if found.verified_at is None:
            raise NotAllowed("Verify the address first: open the link in the mail that came to it.")
        if held is not None and not found.is_main:
            if held.email is not None:  # it stays one of theirs, verified or not
                await tx.addresses.add(user.id, address=held.email, address_key=address_key(held.email), now=now)
            await tx.users.update(replace(held, email=found.address, updated_at=now))
            await links.forget_mailed_ways_in(tx, user.id)
            await tx.audit.append(event)

    await rt.store.write(unit)


async def remove(user: User, address: str, *, current: Session | None = None, rt: Runtime, caller: Caller) -> None:
    """Remove an address; it is told of that, and so are all others. `current`: as for `add`.

    Raises:
        SignInTooOld: As `add`.
        NotFound: It is not one of this person's.
        NotAllowed: It is the main one.
    """
    now = rt.clock()
    there = await reach(user, tx=rt.store.read)
    facts = {"address": address, "when": in_words(now), "where": place_in_words(caller.network)}
    mails = mailing.notices(user, there.anywhere, "address_removed", facts, rt=rt, now=now)
    event = rt.event("address.removed", user.id, actor=user.id, caller=caller, now=now)

    async def unit(tx: Tx) -> None:
        if current is not None:
            await hold_session(tx, current, now=now)
        found = await _one(await tx.users.hold(user.id), address, tx=tx)
        if found.is_main:
            raise NotAllowed("This is the main address. Make another one the main address first.")
        await tx.addresses.remove(user.id, address_key=address_key(address))
        await links.forget_mailed_ways_in(tx, user.id)
        if found.verified_at is not None:
            await mailing.add(tx, mails, rt=rt)
        await tx.audit.append(event)

    await rt.store.write(unit)


async def _one(user: User | None, address: str, *, tx: Tx) -> EmailAddress:
    for each in await addresses_of(user, tx=tx):
        if address_key(each.address) == address_key(address):
            return each
    raise NotFound("This is not one of your addresses.")
