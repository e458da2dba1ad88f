"""A real mail server (aiosmtpd) in a thread of its own, that keeps what it takes: for tests, and for trying mail out.

python tools/post_office.py 2525     # prints every mail
"""

import asyncio
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult


@dataclass
class PostOffice:
    """What tests look at and turn. `answers` are given to the next mails instead of taking them."""

    host: str = "127.0.0.1"
    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    envelopes: list[Any] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    refused_recipients: dict[str, str] = field(default_factory=dict)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        """Take an address, or give the answer that a test wants."""
        if address in self.refused_recipients:
            return self.refused_recipients[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Take a mail, or give the answer that a test wants."""
        if self.answers:
            return self.answers.pop(0)
        self.envelopes.append(envelope)
        mail = message_from_bytes(envelope.content, policy=default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 taken"

    def to(self, address: str) -> list[EmailMessage]:
        """The mails to an address, the oldest first."""
        return [mail for mail in self.mails if str(mail["To"]) == address]

    def wait_for(self, address: str, *, number: int = 1, seconds: float = 15) -> EmailMessage:
        """The mail of that number to an address, as soon as it is there."""
        ends = time.monotonic() + seconds
        while len(self.to(address)) < number:
            if time.monotonic() > ends:
                raise AssertionError(
                    f"no mail number {number} to {address}; there are {[str(m['To']) for m in self.mails]}"
                )
            time.sleep(0.02)
        return self.to(address)[number - 1]


def text_of(mail: EmailMessage) -> str:
    """The plain text of a mail."""
    part = mail.get_body(("plain",))
    assert part is not None
    text: str = part.get_content()
    return text.replace("\r\n", "\n")


def html_of(mail: EmailMessage) -> str:
    """The HTML of a mail."""
    part = mail.get_body(("html",))
    assert part is not None
    text: str = part.get_content()
    return text


def link_in(mail: EmailMessage) -> str:
    """The address on a line of its own."""
    return next(line for line in text_of(mail).splitlines() if line.startswith("http"))


@contextmanager
def open_office(
    *, port: int = 0, tls: ssl.SSLContext | None = None, starttls: ssl.SSLContext | None = None, password: str = "",
    hello: Callable[[PostOffice], None] | None = None, utf8: bool = True,
) -> Iterator[PostOffice]:  # fmt: skip
    """Serve on loopback until left.

    Args:
        port: Where; 0 for any free one.
        tls: TLS from the first byte on.
        starttls: TLS by STARTTLS, which the server insists on.
        password: Only who knows it may send.
        hello: Told once the server is up.
        utf8: Whether it knows SMTPUTF8.
    """
    office = PostOffice()

    def authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        good = bool(getattr(data, "password", b"") == password.encode())
        return AuthResult(success=good, handled=False)

    def session() -> SMTP:
        return SMTP(
            office,
            hostname="post.office",
            tls_context=starttls,
            require_starttls=starttls is not None,
            authenticator=authenticate if password else None,
            auth_required=bool(password),
            auth_require_tls=starttls is not None,
            enable_SMTPUTF8=utf8,
            loop=loop,
        )

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(_listen(loop, session, office.host, port, tls), loop).result()
    office.port = server.sockets[0].getsockname()[1]
    try:
        if hello is not None:
            hello(office)
        yield office
    finally:
        asyncio.run_coroutine_threadsafe(_close(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _listen(
    loop: asyncio.AbstractEventLoop, session: Callable[[], SMTP], host: str, port: int, tls: ssl.SSLContext | None
) -> asyncio.Server:
    return await loop.create_server(session, host, port, ssl=tls)


async def _close(server: asyncio.Server) -> None:
    server.close()
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def main() -> None:
    """Serve, and print what is taken."""
    seen = 0
    with open_office(port=int(sys.argv[1]) if len(sys.argv) > 1 else 2525) as office:
        print(f"taking mail on {office.host}:{office.port}", flush=True)
        while True:
            time.sleep(0.2)
            for mail in office.mails[seen:]:
                print(f"--- to {mail['To']}: {mail['Subject']}\n{text_of(mail)}", flush=True)
            seen = len(office.mails)


if __name__ == "__main__":
    main()
