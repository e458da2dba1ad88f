"""Somebody forgot their password: the same answer and the same work, whether there is such a person or not."""

from ..authenticators.api import Message
from ..domain.errors import InvalidRequest
from ..domain.user import User
from ..ports.transaction import Tx
from . import mailing, throttling
from .links import new_link
from .people import find_for_sign_in, reach
from .runtime import Caller, Runtime

LONGEST_NAME = 254
_CHANNEL = "forgot"


async def ask(name: str, *, rt: Runtime, caller: Caller) -> None:
    """Mail a link to set a new password to whoever is meant.

    It replaces a password and nothing else: further steps are asked for as before (OWASP ASVS 5.0, 6.4.3), and who has no password is
    told by mail that there is none to replace.

    Args:
        name: A user name or a verified address, as typed.
        rt: The runtime.
        caller: Who asks.

    Raises:
        InvalidRequest: Nothing was typed, or more than any name has.
        TooManyTries: Too many have asked for this name, or from this network.
    """
    if not name or len(name) > LONGEST_NAME:
        text = "Type your user name or your e-mail address."
        raise InvalidRequest(text, detail="no name, or one longer than any", advice=text)
    now, trail = rt.clock(), caller.trail
    trail.quiet = True
    user = await find_for_sign_in(name, tx=rt.store.read)
    if user is not None:
        trail.user_id = user.id
    await throttling.charge_sending(user, name, method="password", channel=_CHANNEL, rt=rt, caller=caller)
    await _mail_link(user, rt=rt, caller=caller, now=now)


async def _mail_link(user: User | None, *, rt: Runtime, caller: Caller, now: int) -> None:
    """The same rows for everybody: those for nobody are dropped unsent."""
    tx = rt.store.read
    there = await reach(user, tx=tx)
    stored = await tx.credentials.of_user(user.id if user else "", "password")
    found = user if user is not None and user.disabled_at is None and there.anywhere else None
    user_id, to = (found.id, there.anywhere[0]) if found else ("", "")
    made = new_link("reset", user_id=user_id if stored else "", data=to, lives_s=rt.lives.reset_s, rt=rt, now=now)
    values = {
        "username": found.username if found else "",
        "link": made.url,
        "minutes": str(rt.lives.reset_s // 60),
    }
    template = "reset" if stored or not found else "no_password"
    mail = mailing.prepared(
        Message(to=to, template=template, values=values), user_id=user_id, lives_s=rt.lives.reset_s, rt=rt, now=now
    )
    event = rt.event("password.reset_asked", user_id, actor="", caller=caller, now=now)

    async def unit(tx: Tx) -> None:
        await tx.links.add(made.link)
        await mailing.add(tx, [mail], rt=rt)
        if found is not None:
            await tx.audit.append(event)

    await rt.store.write(unit)
