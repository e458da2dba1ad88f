"""Calls to outside processes that settings name: bounded, and never to a place inside that was not meant.

Whoever can choose an address that the server calls, or what a name resolves to, could otherwise have it talk to what only the server
reaches (server-side request forgery, OWASP ASVS 5.0, 1.3.6). So the name is resolved once, the addresses are judged, and the
connection goes to the very address that was judged; the certificate is still that of the name.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

import h11

from ..authenticators.api import HttpAnswer, NotReached

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052 section 2.1
_PORTS = {"https": 443, "http": 80}
_CHUNK = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """For one call: all of it together in seconds, the body of the answer in bytes; and how many calls run at once."""

    timeout_s: float = 5.0
    body_bytes: int = 65_536
    at_once: int = 64


class GuardedHttp:
    """Posts to https addresses on the public net, and to the networks that the settings allow.

    Args:
        allow_networks: Private networks that may be called too. Plain http is for loopback only, also there.
        development: The server itself is on plain http at loopback: then everything on loopback may be called.
        tls: Whose certificates are believed; those of the system.
        resolve: The addresses of a name, for tests of names that change.
        limits: See `Limits`.

    No redirect is followed, no proxy of the environment is used, no cookie is kept, no connection is used twice.
    """

    def __init__(
        self,
        *,
        allow_networks: Sequence[Network] = (),
        development: bool = False,
        tls: ssl.SSLContext | None = None,
        resolve: Resolve | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._allowed = tuple(allow_networks)
        self._development = development
        self._tls = tls
        self._limits = limits or Limits()
        self._resolve = resolve or self._by_the_system
        self._places = asyncio.Semaphore(self._limits.at_once)
        # Threads of its own: a resolver that hangs holds up nothing but calls.
        self._resolvers = ThreadPoolExecutor(4, thread_name_prefix="admit-resolve")

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> HttpAnswer:
        """Post a body.

        Args:
            url: https, or http to loopback.
            body: Sent as it is.
            headers: Sent beside those of the connection.

        Raises:
            NotReached: No whole answer in time, a redirect, or an address that may not be called from here.
        """
        parts = _parsed(url)
        try:
            async with asyncio.timeout(self._limits.timeout_s):
                async with self._places:
                    address = await self._judged_address(parts)
                    return await self._exchange(parts, address, body, headers)
        except TimeoutError:
            raise NotReached(f"{parts.hostname} gave no whole answer within {self._limits.timeout_s:g} s") from None
        except ssl.SSLError as error:
            raise NotReached(f"{parts.hostname} has no certificate that is believed: {error.reason or error}") from None
        except OSError as error:
            raise NotReached(f"{parts.hostname} can't be reached: {error.strerror or error}") from None
        except h11.RemoteProtocolError as error:
            raise NotReached(f"{parts.hostname} gave no good answer: {error}") from None

    def close(self) -> None:
        """Give the threads back, without waiting for a name."""
        self._resolvers.shutdown(wait=False, cancel_futures=True)

    async def _judged_address(self, parts: SplitResult) -> str:
        host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        found = [ipaddress.ip_address(each) for each in await self._resolve(host, port)]
        permitted = [address for address in found if self._permitted(_meant(address))]
        for address in permitted:
            if parts.scheme == "https" or _meant(address).is_loopback:
                return str(address)
        if permitted:
            raise NotReached(f"{host} is not on loopback, so only https will do")
        raise NotReached(
            f"{host} has no address that may be called from here; outgoing.allow_networks allows private networks"
        )

    def _permitted(self, address: Address) -> bool:
        if any(address in network for network in self._allowed):
            return True
        if address.is_loopback:
            return self._development
        return address.is_global and not address.is_multicast

    async def _by_the_system(self, host: str, port: int) -> Sequence[str]:
        def look_up() -> list[str]:
            try:
                found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            except UnicodeError as error:  # a label that no name can have
                raise OSError(str(error)) from None
            return [str(each[4][0]).partition("%")[0] for each in found]

        return await asyncio.get_running_loop().run_in_executor(self._resolvers, look_up)

    async def _exchange(self, parts: SplitResult, address: str, body: bytes, headers: Mapping[str, str]) -> HttpAnswer:
        secure = parts.scheme == "https"
        if secure and self._tls is None:
            self._tls = ssl.create_default_context()
        reader, writer = await asyncio.open_connection(
            address,
            parts.port or _PORTS[parts.scheme],
            ssl=self._tls if secure else None,
            server_hostname=parts.hostname if secure else None,
        )
        try:
            talk = h11.Connection(h11.CLIENT)
            # Everything goes out before anything is read; the peer may answer early and close.
            writer.write(_request(talk, parts, body, headers))
            await writer.drain()
            return await self._read(talk, reader, str(parts.hostname))
        finally:
            writer.transport.abort()

    async def _read(self, talk: h11.Connection, reader: asyncio.StreamReader, host: str) -> HttpAnswer:
        answer: h11.Response | None = None
        body = bytearray()
        while True:
            match talk.next_event():
                case h11.NEED_DATA:
                    talk.receive_data(await reader.read(_CHUNK))
                case h11.Response() as answer:
                    if 300 <= answer.status_code < 400:
                        raise NotReached(f"{host} answered with a redirect ({answer.status_code}); none is followed")
                case h11.Data(data=data):
                    body += data
                    if len(body) > self._limits.body_bytes:
                        raise NotReached(f"{host} answered with more than {self._limits.body_bytes} bytes")
                case h11.EndOfMessage() if answer is not None:
                    return HttpAnswer(
                        status=answer.status_code,
                        headers={name.decode("latin-1"): value.decode("latin-1") for name, value in answer.headers},
                        body=bytes(body),
                    )


def _parsed(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in _PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not url.isascii() or not url.isprintable() or " " in url or "@" in parts.netloc:
        raise NotReached("that is no https address without a user name in it")
    return parts


def _meant(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, where it does: no way of writing leads past the judgement."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if address.sixtofour is not None:
            return address.sixtofour
    return address


def _request(talk: h11.Connection, parts: SplitResult, body: bytes, headers: Mapping[str, str]) -> bytes:
    own = {
        "Host": parts.netloc,
        "Content-Length": str(len(body)),
        "Accept-Encoding": "identity",
        "Connection": "close",
        "User-Agent": "Admit",
    }
    try:
        request = h11.Request(
            method="POST",
            target=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
            headers=list((own | dict(headers)).items()),
        )
    except h11.LocalProtocolError as error:
        raise ValueError(f"these headers can't be sent: {error}") from None
    sent = talk.send(request) or b""
    return sent + (talk.send(h11.Data(data=body)) or b"") + (talk.send(h11.EndOfMessage()) or b"")
