"""Ports of mail: the outbox, and whoever hands mails to a mail server."""

from collections.abc import Mapping
from typing import Protocol

from ..domain.outgoing_mail import OutgoingMail


class MailNotTaken(Exception):
    """The mail server could not be reached, or asks to come again later; the message says why."""


class MailRefused(Exception):
    """The mail server will not take this mail, whenever it is tried; the message says why."""


class Mailer(Protocol):
    """Writes and delivers mails."""

    @property
    def on(self) -> bool:
        """Whether this server sends mail at all."""
        ...

    async def deliver(self, mail_id: str, *, to: str, template: str, values: Mapping[str, str], now: int) -> None:
        """Write a mail from its template and hand it to the mail server.

        Raises:
            MailNotTaken: Try again later.
            MailRefused: Never try again.
        """
        ...


class NoMail:
    """The mailer of a server that sends none."""

    on = False

    async def deliver(self, mail_id: str, *, to: str, template: str, values: Mapping[str, str], now: int) -> None:
        """Never."""
        raise MailNotTaken("this server sends no mail: mail.host is not set")


class Outbox(Protocol):
    """Mails that wait."""

    async def add(self, mail: OutgoingMail) -> None: ...

    async def due(self, *, now: int, limit: int) -> list[OutgoingMail]:
        """Those whose time has come, the longest waiting first."""
        ...

    async def claim(self, mail: OutgoingMail, *, again_at: int) -> bool:
        """Take a mail for one try; False when somebody else was first. It is due again then, unless it is removed before."""
        ...

    async def remove(self, mail_id: str) -> bool: ...

    async def count(self) -> int:
        """How many wait."""
        ...
