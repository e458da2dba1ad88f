"""HTTP as a script speaks it, without the comforts that would hide what a server does."""

import contextlib
import http.client
import json
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

_IDLE_S = 2


@dataclass(frozen=True)
class Answer:
    """What an HTTP request came back with. Header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes
    cookies: tuple[str, ...] = ()

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def location(self) -> dict[str, str]:
        """The parameters of the address that it redirects to."""
        return {name: values[0] for name, values in parse_qs(urlsplit(self.headers["location"]).query).items()}


class Http:
    """One kept connection. Quick enough to poll with, and it never retries: a lost answer is the test's business.

    One that was idle is not used again: servers close them after five seconds, maybe in the very moment of the next request.
    """

    def __init__(self, base: str, *, timeout_s: float = 20) -> None:
        self.base = base
        self._connection = http.client.HTTPConnection(urlsplit(base).netloc, timeout=timeout_s)
        self._used_at = time.monotonic()

    def get(self, path: str, **headers: str) -> Answer:
        return self._ask("GET", path, None, headers)

    def post(self, path: str, form: dict[str, str], **headers: str) -> Answer:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._ask("POST", path, urlencode(form).encode(), kind | headers)

    def close(self) -> None:
        self._connection.close()

    def _ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        if time.monotonic() - self._used_at > _IDLE_S:
            self._connection.close()
        try:
            self._connection.request(method, path, body, {n.replace("_", "-"): v for n, v in headers.items()})
            response = self._connection.getresponse()
            content = response.read()
        except BaseException:
            self._connection.close()
            raise
        finally:
            self._used_at = time.monotonic()
        named = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, named, content, tuple(response.headers.get_all("Set-Cookie") or ()))

    def __enter__(self) -> "Http":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def at_once(base: str, path: str, form: dict[str, str], *, callers: int) -> list[Answer]:
    """The same form, posted by so many callers: all have connected before the first sends, all have sent before one reads."""
    with posted_at_once(base, path, [form] * callers) as connections:
        return [read(connection) for connection in connections]


@contextlib.contextmanager
def posted_at_once(base: str, path: str, forms: list[dict[str, str]]) -> Iterator[list[socket.socket]]:
    """As many callers as forms, all connected before the first sends; their connections, to `read` from or to forget."""
    place = urlsplit(base)
    head = f"POST {path} HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    bodies = [urlencode(form).encode() for form in forms]
    with contextlib.ExitStack() as held:
        assert place.hostname is not None
        assert place.port is not None
        connections = [
            held.enter_context(socket.create_connection((place.hostname, place.port), timeout=60)) for _ in forms
        ]
        for connection, body in zip(connections, bodies, strict=True):
            connection.sendall(head.encode() + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body)
        yield connections


def read(connection: socket.socket) -> Answer:
    """The one answer of a connection."""
    response = http.client.HTTPResponse(connection, method="POST")
    try:
        response.begin()
        content = response.read()
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, content)
    finally:
        response.close()
