"""Mails: queued in the unit of work that they tell about, and sent from the outbox afterwards."""

import asyncio
import json
import logging
from collections.abc import Iterable

from ..authenticators.api import Message
from ..domain.outgoing_mail import OutgoingMail, delay_s
from ..domain.user import User
from ..ports.mail import MailNotTaken, MailRefused
from ..ports.transaction import Tx
from ..tokens.envelope import NotSealedHere
from .runtime import Caller, Runtime

log = logging.getLogger("admit.mail")
LIVES_S = 86_400
_AT_ONCE = 20
# Sealed texts are as long as a multiple of this, so that a row's size does not tell whether it is for somebody.
_BLOCK = 1024


def prepared(message: Message, *, user_id: str, lives_s: int = LIVES_S, rt: Runtime, now: int) -> OutgoingMail:
    """A mail ready to be put into the outbox by a unit of work.

    Args:
        message: What to send. Without an address it is for nobody: the same row, dropped unsent.
        user_id: Whom it is about, '' for nobody.
        lives_s: It is worth nothing after so many seconds, and no longer sent.
        rt: The runtime.
        now: Seconds, UTC.
    """
    mail_id = rt.new_id("mai")
    text = json.dumps({"to": message.to, "values": dict(message.values)}).encode()
    sealed = rt.vault.seal(
        text.ljust(-(-len(text) // _BLOCK) * _BLOCK), place=f"mail_outbox/{mail_id}/sealed", nonce=rt.entropy(12)
    )
    return OutgoingMail(
        id=mail_id,
        template=message.template,
        user_id=user_id,
        sealed=sealed,
        created_at=now,
        due_at=now,
        expires_at=now + lives_s,
    )


async def add(tx: Tx, mails: Iterable[OutgoingMail], *, rt: Runtime) -> None:
    """Put mails into the outbox; nothing where this server sends none."""
    for mail in mails if rt.mailer.on else ():
        await tx.outbox.add(mail)


async def queue(message: Message, *, user_id: str, lives_s: int = LIVES_S, rt: Runtime) -> None:
    """Queue a mail by itself, in a unit of work of its own."""
    mail = prepared(message, user_id=user_id, lives_s=lives_s, rt=rt, now=rt.clock())
    await rt.store.write(lambda tx: add(tx, [mail], rt=rt))


def notices(
    user: User, addresses: Iterable[str], template: str, values: dict[str, str], *, rt: Runtime, now: int
) -> list[OutgoingMail]:
    """The same mail to every address of a person, ready for `add`."""
    named = {"username": user.username} | values
    return [
        prepared(Message(to=address, template=template, values=named), user_id=user.id, rt=rt, now=now)
        for address in addresses
    ]


async def send_due(*, rt: Runtime) -> int:
    """Try the mails whose time has come; how many were tried. Of several servers one takes each."""
    now = rt.clock()
    due = await rt.store.read.outbox.due(now=now, limit=_AT_ONCE)
    if not due:
        return 0

    async def claim(tx: Tx) -> list[OutgoingMail]:
        return [mail for mail in due if await tx.outbox.claim(mail, again_at=now + delay_s(mail.attempts + 1))]

    claimed = await rt.store.write(claim)
    outcomes = await asyncio.gather(*(_try(mail, rt=rt, now=now) for mail in claimed))
    finished = [(mail, outcome) for mail, outcome in zip(claimed, outcomes, strict=True) if outcome is not None]
    events = {
        mail.id: rt.event(
            "mail.dropped",
            mail.user_id,
            actor="server",
            caller=Caller(),
            now=now,
            details={"template": mail.template, "reason": reason[:200], "tries": mail.attempts + 1},
        )
        for mail, reason in finished
        if reason
    }

    async def finish(tx: Tx) -> None:
        for mail, _ in finished:
            if await tx.outbox.remove(mail.id) and mail.id in events:
                await tx.audit.append(events[mail.id])

    if finished:
        await rt.store.write(finish)
    return len(claimed)


async def _try(mail: OutgoingMail, *, rt: Runtime, now: int) -> str | None:
    """One try: '' once nothing more is to be done, None to try again later, else why the mail is dropped."""
    try:
        opened = json.loads(rt.vault.open(mail.sealed, place=f"mail_outbox/{mail.id}/sealed"))
    except NotSealedHere as error:
        return str(error)
    if not opened["to"]:
        return ""
    if now >= mail.expires_at:
        return "it expired unsent"
    try:
        await rt.mailer.deliver(mail.id, to=opened["to"], template=mail.template, values=opened["values"], now=now)
    except MailNotTaken as error:
        log.warning("the mail %s (%s) was not taken: %s", mail.id, mail.template, error)
        return None if now + delay_s(mail.attempts + 1) < mail.expires_at else f"not taken in time: {error}"
    except MailRefused as error:
        log.warning("the mail %s (%s) was refused: %s", mail.id, mail.template, error)
        return f"refused: {error}"
    log.info("sent the mail %s (%s)", mail.id, mail.template)
    return ""
