"""People make accounts for themselves, where the settings allow it. The account begins once the address was proven.

What somebody sends costs the same and is answered the same, whether the address has an account or not: its owner gets a mail either
way, and nobody else learns which. Whether a user name is taken is told only to who proved an address, and who proved it chooses the
password: with one that was typed before, a stranger could have the owner of an address open an account that the stranger gets into.
"""

import json
from dataclasses import dataclass

from ..authenticators.api import Message
from ..domain import ids
from ..domain.email_address import address_key, check_email
from ..domain.errors import AlreadyExists, LinkEnded, NotAllowed, NotFound
from ..domain.one_use_link import OneUseLink
from ..domain.times import in_words
from ..domain.user import User, check_username, username_key
from ..ports.store import UniqueViolation
from ..ports.transaction import Tx
from ..tokens.envelope import NotSealedHere
from . import links, mailing, throttling
from .new_password import password_credential
from .runtime import Caller, Refusal, Runtime, or_raise

_CHANNEL = "sign-up"
_PLACE = "one_use_link/sign_up/data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants to sign up with."""

    username: str
    email: str


def require_open(rt: Runtime) -> None:
    """Raises:
    NotFound: Nobody can make an account here.
    """
    if not (rt.registration_open and rt.mailer.on):
        raise NotFound("Nobody can make an account here by themselves. Ask the administrator for an invitation.")


async def ask(wish: Wish, *, rt: Runtime, caller: Caller) -> None:
    """Mail a link that makes the account, or tell the owner of the address that there is one already.

    Raises:
        NotFound: Registration is off.
        NotAllowed: A name or address that the rules forbid.
        TooManyTries: Too many have asked for this address, or from this network.
    """
    require_open(rt)
    now, username, email = rt.clock(), check_own_username(wish.username), check_email(wish.email)
    name = address_key(email)
    await throttling.charge_sending(None, name, method="address", channel=_CHANNEL, rt=rt, caller=caller)
    owner = await rt.store.read.addresses.owner(address_key(email))
    text = json.dumps({"username": username, "email": email})
    sealed = rt.vault.seal(text.encode(), place=_PLACE, nonce=rt.entropy(12)).hex()
    made = links.new_link("sign_up", user_id="", data=sealed, lives_s=rt.lives.sign_up_s, rt=rt, now=now)
    if owner is None:
        # The name stays out of the mail: strangers would choose what we write to other strangers.
        values = {"link": made.url, "until": in_words(made.link.expires_at)}
        message = Message(to=email, template="sign_up", values=values)
    else:
        message = Message(to=email, template="already_registered", values={"username": owner.username})
    user_id = owner.id if owner else ""
    mail = mailing.prepared(message, user_id=user_id, lives_s=rt.lives.sign_up_s, rt=rt, now=now)

    async def unit(tx: Tx) -> None:
        # For an address that has an account nobody ever gets to know the link: the same rows.
        await tx.links.add(made.link)
        await mailing.add(tx, [mail], rt=rt)

    await rt.store.write(unit)


async def wished(secret: str, *, rt: Runtime, caller: Caller) -> tuple[OneUseLink, str, str]:
    """The link, the wished name and the address, without spending anything.

    Raises:
        NotFound: Registration is off.
        LinkEnded: The link is not good.
    """
    require_open(rt)
    link = await links.look(secret, "sign_up", rt=rt, caller=caller)
    values = _opened(link, rt=rt)
    return link, values["username"], values["email"]


async def make(secret: str, username: str, password: str, *, rt: Runtime, caller: Caller) -> User:
    """Spend a link and make the account, its address verified.

    Args:
        secret: Of the link.
        username: The wished name, or another one where that was taken.
        password: Chosen by who opened the link.
        rt: The runtime.
        caller: Who asks.

    Raises:
        NotFound: Registration is off.
        LinkEnded: The link is not good, or somebody made an account with this address meanwhile.
        NotAllowed: A name or password that the rules forbid; the link stays good.
        AlreadyExists: The name is taken; the link stays good.
        Busy: The hashing queue is full.
    """
    link, _, email = await wished(secret, rt=rt, caller=caller)
    now, name = rt.clock(), check_own_username(username)
    user = User(id=rt.new_id("usr"), username=name, email=email, roles=(), created_at=now, updated_at=now)
    if await rt.store.read.users.by_username_key(username_key(name)) is not None:
        raise _taken(name)  # before the slow hash; the unit's own look decides a race
    credential = await password_credential(user, password, rt=rt, now=now)
    event = rt.event("user.signed_up", user.id, actor=user.id, caller=caller, now=now, details={"username": name})

    async def unit(tx: Tx) -> Refusal | None:
        if await tx.users.by_username_key(username_key(name)) is not None:
            raise _taken(name)
        if (refused := await links.spend(tx, link, caller=caller, now=now)) is not None:
            return refused
        if await tx.addresses.owner(address_key(email)) is not None:
            caller.trail.failed("address", "nobody's", "somebody has verified it meanwhile")
            return Refusal(LinkEnded(detail="somebody has verified this address meanwhile"))
        await tx.users.add(user, username_key=username_key(name))
        await tx.credentials.put(credential)
        if not await tx.addresses.verify(user.id, address=email, address_key=address_key(email), now=now):
            raise LinkEnded(detail="somebody has verified this address at the same moment")
        await tx.audit.append(event)
        return None

    try:
        outcome = await rt.store.write(unit)
    except UniqueViolation:
        raise _taken(name) from None
    if outcome is not None:
        or_raise(outcome)
    return user


def check_own_username(username: str) -> str:
    """A name that somebody may take for themselves: none that could be read as somebody's address or id.

    Raises:
        NotAllowed: Neither, or no user name at all.
    """
    name = check_username(username)
    if "@" in name or ids.looks_like("usr", name):
        raise NotAllowed("A user name has no @ and is no id. You can sign in with your address as well.")
    return name


def _opened(link: OneUseLink, *, rt: Runtime) -> dict[str, str]:
    try:
        values: dict[str, str] = json.loads(rt.vault.open(bytes.fromhex(link.data), place=_PLACE))
    except (ValueError, NotSealedHere):
        raise LinkEnded(detail="sealed under another key") from None
    return values


def _taken(name: str) -> AlreadyExists:
    return AlreadyExists(f"The user name {name!r} is taken. Choose another one.")
