"""Mails: their texts, and the way to a mail server."""

from typing import Any

from ..ports.mail import Mailer, NoMail


def mailer_for(*, host: str, **settings: Any) -> Mailer:
    """The mailer that the section `mail` of the settings describes; one that sends nothing where no host is set."""
    if not host:
        return NoMail()
    from .smtp import SmtpMailer  # only where mail is sent: it costs every command its import

    return SmtpMailer(host=host, **settings)
