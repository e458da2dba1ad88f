"""Connections that keep a deadline as a whole and can be ended from another thread at any point."""

from __future__ import annotations

import io
import socket
import ssl
import threading
from collections.abc import Callable
from typing import Any

from admit.background import elapsed, start_thread

_LOOK_S = 0.4
_tls: ssl.SSLContext | None = None


class Line:
    """What another thread may do to a fetch or a stream that is under way."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._cut = False

    @property
    def ended(self) -> bool:
        """Whether the line has been cut."""
        return self._cut

    def hold(self, sock: socket.socket) -> None:
        """Take the socket in use from now on.

        Raises:
            OSError: The line has been cut.
        """
        self._socket = sock
        self.check()

    def check(self) -> None:
        """Raise OSError when the line has been cut."""
        if self._cut:
            raise ConnectionAbortedError("stopped")

    def cut(self) -> None:
        """End whatever is being sent or read, and what would come next. Safe at any time."""
        self._cut = True
        if (sock := self._socket) is not None:
            try:
                # Past the override of TLS sockets, which would take the decryption away under the reading thread.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
            except OSError:
                pass

    def abandon(self) -> None:
        """Close this process's copy of a connection that the parent goes on using: no word on the wire."""
        if (sock := self._socket) is not None:
            try:
                # detach() first: closing a TLS socket object properly would say goodbye in the parent's name.
                socket.close(sock.detach())
            except OSError:
                pass


class Due:
    """A deadline that reads look at each time."""

    at: float

    def __init__(self, seconds: float) -> None:
        self.at = elapsed() + seconds
        self.idle: Callable[[], None] | None = None

    def left(self) -> float:
        """Return the seconds that are left; raise TimeoutError at the end."""
        left = self.at - elapsed()
        if left <= 0:
            raise TimeoutError("took too long")
        return left


class _Punctual(io.RawIOBase):
    """Reads from a socket, each time with what is left of the deadline: a drip of bytes does not buy more time."""

    def __init__(self, sock: socket.socket, due: Due) -> None:
        self._socket = sock
        self._due = due

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        while (idle := self._due.idle) is not None:
            left_s = self._due.left()
            try:
                self._socket.settimeout(0)
                return self._socket.recv_into(buffer)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                idle()
            try:
                self._socket.settimeout(min(left_s, _LOOK_S))
                return self._socket.recv_into(buffer)
            except TimeoutError:
                pass
        self._socket.settimeout(self._due.left())
        return self._socket.recv_into(buffer)


class PunctualSocket:
    """What `http.client` needs of a socket in order to read a response."""

    def __init__(self, sock: socket.socket, due: Due) -> None:
        self._socket = sock
        self._due = due

    def makefile(self, mode: str) -> io.BufferedReader:
        """Return what the response is read from."""
        return io.BufferedReader(_Punctual(self._socket, self._due))


def connect(host: str, port: int, due: Due, line: Line) -> socket.socket:
    """Return a socket that is connected, by whichever address of the host answers.

    Raises:
        OSError: None does before the deadline, or the line has been cut.
    """
    failure = OSError("the name has no address")
    found = _addresses(host, port, due, line)
    for number, (family, kind, protocol, _, address) in enumerate(found):
        sock = socket.socket(family, kind, protocol)
        try:
            line.hold(sock)
            # An address that never answers leaves time for the next one.
            sock.settimeout(due.left() / (len(found) - number))
            sock.connect(address)
            sock.settimeout(due.left())
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock
        except OSError as error:
            sock.close()
            failure = error
    raise failure


def _addresses(host: str, port: int, due: Due, line: Line) -> list[Any]:
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        pass
    # The system's resolver knows no deadline: with its name servers away it takes half a minute. So it is asked on a thread.
    found: list[Any] = []
    done = threading.Event()

    def resolve() -> None:
        try:
            found.extend(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            found.append(error)
        finally:
            done.set()

    start_thread(resolve, name="admit-resolver")
    while not done.wait(min(due.left(), _LOOK_S)):
        line.check()
    if isinstance(found[0], Exception):
        raise found[0]
    return found


def encrypt(sock: socket.socket, host: str, due: Due, line: Line) -> ssl.SSLSocket:
    """Return the socket with TLS on it, the certificate checked against the host's name.

    Raises:
        OSError: That failed, or took until the deadline.
    """
    encrypted = tls_context().wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False)
    try:
        line.hold(encrypted)
        encrypted.settimeout(due.left())
        encrypted.do_handshake()
    except BaseException:
        encrypted.close()
        raise
    return encrypted


def tls_context() -> ssl.SSLContext:
    """Return the context of all connections, made when the first one needs it."""
    global _tls
    if _tls is None:
        _tls = ssl.create_default_context()
    return _tls
