"""Mails that tell a person what happened to their account, to every address of theirs: whoever did it can't keep them from it."""

from typing import Literal

from ..domain.devices import device_in_words, place_in_words
from ..domain.outgoing_mail import OutgoingMail
from ..domain.times import in_words
from ..domain.user import User
from . import mailing
from .people import reach
from .runtime import Caller, Runtime

# Each has a template of that name.
Kind = Literal[
    "new_device", "method_added", "method_removed", "method_suspected", "password_changed", "account_deleted"
]


async def notices(
    user: User, kind: Kind, *, rt: Runtime, caller: Caller, now: int, method: str = ""
) -> list[OutgoingMail]:
    """The mails, ready for `mailing.add` in the unit of work that they tell about. None where this server sends no mail.

    Args:
        user: Whom it happened to.
        kind: What happened.
        rt: The runtime.
        caller: Who did it: from where, with which browser.
        now: Seconds, UTC.
        method: For a method that was added, removed or perhaps copied, what the person calls it.
    """
    if not rt.mailer.on:
        return []
    values = {
        "when": in_words(now),
        "where": place_in_words(caller.network),
        "device": device_in_words(caller.user_agent),
        "method": method,
    }
    return mailing.notices(user, await addresses_of(user, rt=rt), kind, values, rt=rt, now=now)


async def by_administration(user: User, template: str, *, rt: Runtime, now: int, **values: str) -> list[OutgoingMail]:
    """The mails about what an administrator changed: who, and from where, is no business of the person's (OWASP ASVS 5.0, 6.3.7)."""
    if not rt.mailer.on:
        return []
    facts = {"when": in_words(now), "where": "the administration"} | values
    return mailing.notices(user, await addresses_of(user, rt=rt), template, facts, rt=rt, now=now)


async def of_another_address(user: User, email: str | None, *, rt: Runtime, now: int) -> list[OutgoingMail]:
    """The mails to the addresses that somebody had before an administrator gave another main one; None: none at all."""
    if email == user.email:
        return []
    mails: list[OutgoingMail] = []
    if user.email is not None:
        mails += await by_administration(user, "address_removed", rt=rt, now=now, address=user.email)
    if email is not None:
        mails += await by_administration(user, "address_added", rt=rt, now=now, address=email)
    return mails


async def addresses_of(user: User, *, rt: Runtime) -> tuple[str, ...]:
    """Every address that is known to be the person's."""
    return (await reach(user, tx=rt.store.read)).anywhere
