"""`admit mail`: does mail leave this server?"""

import asyncio
import secrets
import time
from typing import Annotated

import typer

from ..domain.email_address import check_email
from ..mail import mailer_for
from ..ports.mail import MailNotTaken, MailRefused
from .noun import noun
from .place import Place, placed
from .refusal import Refused

app = noun("Mail.")


@app.callback()
def _group() -> None:
    """Mail."""


@app.command("test")
@placed
def send_test(
    place: Place,
    to: Annotated[str, typer.Option("--to", metavar="ADDRESS", help="Who gets it.")],
    issuer: Annotated[str | None, typer.Option("--issuer", metavar="URL", help="The server's public address.")] = None,
) -> None:
    """Send a test mail at once, past the outbox, and say what the mail server answered."""
    settings = place.settings(issuer=issuer)
    mailer = mailer_for(issuer=settings.issuer, **settings.mail.model_dump())
    mail_id, address = f"mai_{secrets.token_hex(8)}", check_email(to)
    try:
        asyncio.run(mailer.deliver(mail_id, to=address, template="test", values={}, now=int(time.time())))
    except (MailNotTaken, MailRefused) as error:
        raise Refused(f"The mail was not sent: {error}. See docs/howto/send-mail.md.") from None
    if place.as_json:
        place.show({"sent": True, "to": address, "message_id": mail_id}, "")
    place.tell(f"{settings.mail.host} took a mail to {address}.")
