"""What the demo API does with every request before and after anything else: a body limit and security headers."""

from __future__ import annotations

from typing import Final

from fastapi import HTTPException
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES: Final = 16_384


class Edge:
    """Refuse bodies over 16 KiB with 413, and send the headers that keep foreign code off the page.

    Args:
        app: The application behind it.
        connect_to: Origin of the sign-in server, the only other place that the page may talk to.
    """

    def __init__(self, app: ASGIApp, *, connect_to: str) -> None:
        self._app = app
        policy = (
            f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' {connect_to}; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
        )
        self._headers = {
            "Content-Security-Policy": policy,
            "Cross-Origin-Opener-Policy": "same-origin",
            "Referrer-Policy": "no-referrer",  # the address holds the code for a moment
            "X-Content-Type-Options": "nosniff",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self._headers)
                # People's notes stay out of every cache; the page's files are asked for again and answered with 304.
                headers.setdefault("Cache-Control", "no-store" if scope["path"].startswith("/notes") else "no-cache")
            await send(message)

        await self._app(scope, _limited(receive), send_with_headers)


def _limited(receive: Receive) -> Receive:
    read = 0

    async def limited() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > MAX_BODY_BYTES:
            raise HTTPException(413, f"At most {MAX_BODY_BYTES} bytes.")
        return message

    return limited
