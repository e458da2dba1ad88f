"""HTTP for the little that a verifier fetches: bounded in size and in time, and loyal to one host."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast
from urllib.parse import SplitResult, urljoin

from admit.background import elapsed
from admit.connecting import Due, Line, PunctualSocket, connect, encrypt, tls_context
from admit.urls import origin, server_url

MAX_BYTES = 512 * 1024
TIMEOUT_S = 5.0
_MAX_REDIRECTS = 3
_CHUNK = 65_536


class Unreachable(Exception):
    """No usable answer: the network failed, took too long, sent too much, or pointed somewhere else."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def media_type(self) -> str:
        """The content type without parameters, in lower case."""
        return _media_type(self.headers)


class Stream:
    """An answer that goes on. Every read must bring something before the deadline."""

    status: int
    headers: dict[str, str]
    media_type: str

    def __init__(self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse, due: Due) -> None:
        self._connection = connection
        self._response = response
        self._due = due
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.media_type = _media_type(self.headers)

    def allow(self, seconds: float, *, idle: Callable[[], None] | None = None) -> None:
        """Move the deadline to `seconds` from now.

        Args:
            seconds: From now.
            idle: Called from a read whenever everything that came has been read, and then a few times a second while nothing comes.
        """
        self._due.at = elapsed() + seconds
        self._due.idle = idle

    def read(self) -> bytes:
        """Return what has arrived, or b"" at the end.

        Raises:
            Unreachable: Nothing arrived before the deadline, or the connection broke.
        """
        try:
            return self._response.read1(_CHUNK)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Unreachable(_why(error)) from None

    def close(self) -> None:
        """Close the connection."""
        self._response.close()
        self._connection.close()


def fetch(
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    timeout_s: float = TIMEOUT_S,
    max_bytes: int = MAX_BYTES,
    line: Line | None = None,
) -> Answer:
    """Get `url`, or post `body` to it.

    Redirects are followed for GET, at most three, and only within the same scheme, host and port. By `line` another thread may
    end it.

    Raises:
        Unreachable: See there. A status is not judged.
        ValueError: The address is neither https nor on loopback.
    """
    due = Due(timeout_s)
    place = server_url(url)
    for _ in range(_MAX_REDIRECTS + 1):
        connection, response = _send(place, headers or {}, body, due, line or Line())
        try:
            content = _read_all(response, max_bytes)
            answer = Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, content)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Unreachable(f"{place.geturl()}: {_why(error)}") from None
        finally:
            response.close()
            connection.close()
        if body is not None or answer.status not in (301, 302, 303, 307, 308):
            return answer
        place = _redirected(place, answer.headers.get("location", ""))
    raise Unreachable(f"{url}: more than {_MAX_REDIRECTS} redirects")


def stream(url: str, *, headers: Mapping[str, str], timeout_s: float, line: Line | None = None) -> Stream:
    """Open `url` and leave the body to be read. Redirects are not followed. By `line` another thread may end it.

    Raises:
        Unreachable: No answer within `timeout_s`.
    """
    due = Due(timeout_s)
    connection, response = _send(server_url(url), headers, None, due, line or Line())
    return Stream(connection, response, due)


def _send(
    place: SplitResult, headers: Mapping[str, str], body: bytes | None, due: Due, line: Line
) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
    scheme, host, port = origin(place)
    target = (place.path or "/") + (f"?{place.query}" if place.query else "")
    connection: http.client.HTTPConnection
    if scheme == "https":
        connection = http.client.HTTPSConnection(host, port, context=tls_context())
    else:
        connection = http.client.HTTPConnection(host, port)
    try:
        connection.sock = connect(host, port, due, line)
        if scheme == "https":
            connection.sock = encrypt(connection.sock, host, due, line)
        sent = {"User-Agent": "admit", "Accept-Encoding": "identity"} | dict(headers)
        connection.request("GET" if body is None else "POST", target, body=body, headers=sent)
        method = "GET" if body is None else "POST"
        response = http.client.HTTPResponse(cast("socket.socket", PunctualSocket(connection.sock, due)), method=method)
        response.begin()
    except (OSError, http.client.HTTPException, ValueError) as error:
        connection.close()
        raise Unreachable(f"{place.geturl()}: {_why(error)}") from None
    return connection, response


def _read_all(response: http.client.HTTPResponse, max_bytes: int) -> bytes:
    content = response.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise ValueError(f"more than {max_bytes} bytes")
    if response.length not in (0, None):
        raise ValueError("the answer breaks off")
    return content


def _redirected(place: SplitResult, location: str) -> SplitResult:
    try:
        target = server_url(urljoin(place.geturl(), location))
    except ValueError as error:
        raise Unreachable(f"{place.geturl()} redirects to no usable address: {error}") from None
    if origin(target) != origin(place):
        raise Unreachable(f"{place.geturl()} redirects to another host, {target.hostname}; that is never followed")
    return target


def _media_type(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _why(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "took too long"
    return str(error) or type(error).__name__
