"""Writing a mail from its template: text and HTML, with headers that nothing from outside can add to."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, TemplateError, select_autoescape

from ..domain.email_address import check_email
from ..domain.errors import NotAllowed

PRODUCT = "Admit"


class CannotBeWritten(ValueError):
    """There is no such mail, a value of it is missing, or the address can't stand in a header."""


def compose(
    mail_id: str, *, to: str, template: str, values: Mapping[str, str], sender: str, issuer: str, now: int
) -> EmailMessage:
    """Write a mail.

    Args:
        mail_id: Becomes the Message-ID.
        to: One address.
        template: The name of a pair of templates; the first line of the text is the subject.
        values: What they fill in.
        sender: The address in `From`.
        issuer: The server's public address, which the mail names.
        now: Seconds, UTC.

    Raises:
        CannotBeWritten: See there.
    """
    try:
        given = {"product": PRODUCT, "issuer": issuer, **values}
        text = _templates().get_template(f"{template}.txt").render(given)
        html = _templates().get_template(f"{template}.html").render(given)
    except TemplateError as error:
        raise CannotBeWritten(f"the template {template}: {type(error).__name__} {error}") from None
    subject, _, body = text.partition("\n")
    try:
        recipient, origin = address_of(to), address_of(sender)
        # RFC 6531: letters beyond ASCII before the @ need a mail server that knows them.
        mail = EmailMessage(SMTP if recipient.username.isascii() else SMTPUTF8)
        mail["From"] = Address(PRODUCT, origin.username, origin.domain)
        mail["To"] = recipient
        mail["Subject"] = " ".join(subject.split())
        mail["Date"] = format_datetime(datetime.fromtimestamp(now, UTC))
        mail["Message-ID"] = f"<{mail_id}@{origin.domain}>"
        # RFC 3834 section 5: so that no vacation notice answers.
        mail["Auto-Submitted"] = "auto-generated"
    except (NotAllowed, ValueError, IndexError, MessageError) as error:
        raise CannotBeWritten(f"a header can't be written: {error}") from None
    mail.set_content(body.strip() + "\n")
    mail.add_alternative(html, subtype="html")
    return mail


def address_of(text: str) -> Address:
    """An address as headers write it, its host name in ASCII (RFC 5890).

    Raises:
        NotAllowed: It can't stand in a header.
    """
    local, _, host = check_email(text).rpartition("@")
    return Address(username=local, domain=host.encode("idna").decode())


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("admit_server.mail", "templates"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
    )
