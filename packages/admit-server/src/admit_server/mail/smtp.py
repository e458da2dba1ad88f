"""Handing mails to a mail server (RFC 5321)."""

import logging
import re
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import aiosmtplib

from ..ports.mail import MailNotTaken, MailRefused
from .composing import CannotBeWritten, compose

# A matter of the settings, not of this mail: it can be mended while the mail waits.
_OUR_SETTINGS = (
    aiosmtplib.SMTPAuthenticationError,
    aiosmtplib.SMTPSenderRefused,
    aiosmtplib.SMTPHeloError,
    aiosmtplib.SMTPConnectResponseError,
)
Security = Literal["starttls", "tls", "insecure_plain"]
log = logging.getLogger("admit.mail")

# RFC 3463 section 2, at the front of the text as RFC 2034 section 4 puts it there.
_ENHANCED = re.compile(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}(?![^\s])")


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpMailer:
    """`ports.mail.Mailer` by SMTP: one connection a mail.

    Attributes:
        security: `starttls` never sends anything when the server does not offer TLS (RFC 3207 section 6).
        ca_file: Certificates to trust beside the system's; '' for none.
    """

    host: str
    port: int
    security: Security
    sender: str
    issuer: str
    username: str = ""
    password: str = field(default="", repr=False)
    ca_file: str = ""
    timeout_s: int = 20

    @property
    def on(self) -> bool:
        """Always."""
        return True

    async def deliver(self, mail_id: str, *, to: str, template: str, values: Mapping[str, str], now: int) -> None:
        """As `ports.mail.Mailer.deliver`."""
        try:
            mail = compose(
                mail_id, to=to, template=template, values=values, sender=self.sender, issuer=self.issuer, now=now
            )
        except CannotBeWritten as error:
            raise MailRefused(str(error)) from None
        try:
            async with self._connection() as smtp:
                await smtp.send_message(mail)
        except aiosmtplib.SMTPRecipientsRefused as refused:
            raise _failure(max(refused.recipients, key=lambda each: each.code)) from None
        except aiosmtplib.SMTPNotSupported as error:
            raise MailRefused(f"the mail server does not know letters of this address: {error}") from None
        except _OUR_SETTINGS as error:
            raise MailNotTaken(f"{self.host}:{self.port} refuses us: {_said(error)}") from None
        except aiosmtplib.SMTPResponseException as error:
            raise _failure(error) from None
        except (aiosmtplib.SMTPException, OSError, ssl.SSLError) as error:
            raise MailNotTaken(f"{self.host}:{self.port}: {self._in_words(error)}") from None

    async def greet(self) -> None:
        """Connect, sign in and leave, for whoever wants to know whether that works.

        Raises:
            MailNotTaken: It does not; the message says why.
        """
        try:
            async with self._connection() as smtp:
                await smtp.noop()
        except (aiosmtplib.SMTPException, OSError, ssl.SSLError) as error:
            raise MailNotTaken(f"{self.host}:{self.port}: {self._in_words(error)}") from None

    def _in_words(self, error: BaseException) -> str:
        """What went wrong on the way there, and which setting to look at."""
        cause = error.__cause__ if isinstance(error, aiosmtplib.SMTPConnectError) and error.__cause__ else error
        match cause:
            case socket.gaierror():
                return "no machine of this name is known; is mail.host right?"
            case ConnectionRefusedError():
                return "nothing listens there; is mail.port right, and does the mail server run?"
            case TimeoutError():
                return (
                    f"no answer within {self.timeout_s} seconds; is mail.port right, and does a firewall stand between?"
                )
            case ssl.SSLCertVerificationError():
                return f"its certificate is not good: {cause.verify_message}; one of your own authority goes into mail.ca_file"
            case ssl.SSLError() if self.security == "tls":
                return (
                    "it speaks no TLS from the first byte on; mail.security = starttls fits port 587, tls fits port 465"
                )
        text = str(cause).rstrip(".") or type(cause).__name__
        if "STARTTLS" in text:
            return "it offers no STARTTLS; mail.security = starttls fits port 587, tls fits port 465"
        if "AUTH" in text:
            return "it takes no user name and password on this way; look at mail.security, mail.port and mail.username"
        return text

    def _connection(self) -> aiosmtplib.SMTP:
        context = None
        if self.security != "insecure_plain":
            context = ssl.create_default_context()
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            if self.ca_file:
                context.load_verify_locations(self.ca_file)
        return aiosmtplib.SMTP(
            hostname=self.host,
            port=self.port,
            username=self.username or None,
            password=self.password or None,
            use_tls=self.security == "tls",
            start_tls=self.security == "starttls",
            tls_context=context,
            timeout=self.timeout_s,
        )


def _failure(error: aiosmtplib.SMTPResponseException) -> MailNotTaken | MailRefused:
    # RFC 5321 section 4.2.1: 4yz asks to come again, 5yz does not.
    return MailRefused(_said(error)) if error.code >= 500 else MailNotTaken(_said(error))


def _said(error: aiosmtplib.SMTPResponseException) -> str:
    """The codes alone: the words of an answer often name the recipient, and what is said here goes into the audit log."""
    log.debug("the mail server answered: %s %s", error.code, _without_addresses(error))
    if error.code < 0:
        return "an answer that is none of SMTP"
    enhanced = _ENHANCED.match(error.message.strip())
    return f"{error.code} {enhanced[0]}" if enhanced else str(error.code)


def _without_addresses(error: aiosmtplib.SMTPResponseException) -> str:
    words = " ".join(error.message.split())
    if isinstance(error, aiosmtplib.SMTPRecipientRefused):
        # Some servers name the mailbox without its host.
        for part in (error.recipient, error.recipient.rpartition("@")[0]):
            words = re.sub(re.escape(part), "...", words, flags=re.IGNORECASE) if part else words
    return re.sub(r"\S*@\S*", "...", words)[:500]
