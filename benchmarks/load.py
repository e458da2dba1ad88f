"""A closed-loop load generator: so many connections, each sends its next request when the answer to the last one is there."""

import asyncio
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

# Makes the bytes of the next request from the body of the last answer (empty at the first).
NextRequest = Callable[[bytes], bytes]
# What went well: an answer, or the way on after a form.
_GOOD = (b"HTTP/1.1 200", b"HTTP/1.1 303")


@dataclass(slots=True)
class Turn:
    """What one turn of load showed. Latencies in milliseconds."""

    requests: int = 0
    errors: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """Answers of status 200 or 303 in a second."""
        return self.requests / self.seconds if self.seconds else 0.0

    def percentile(self, share: float) -> float:
        """A latency that this share of the answers did not exceed."""
        if not self.latencies:
            return float("nan")
        return statistics.quantiles(self.latencies, n=1000, method="inclusive")[min(998, int(share * 1000) - 1)]


def post(path: str, form: str, *, authorization: str | None = None) -> bytes:
    """The bytes of a form POST."""
    auth = f"Authorization: {authorization}\r\n" if authorization else ""
    return (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\n{auth}Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(form)}\r\n\r\n{form}"
    ).encode()


def check(uri: str, *, token: str) -> bytes:
    """The bytes of a proxy's question about a request, as nginx asks it."""
    return (
        f"GET /check HTTP/1.1\r\nHost: admit\r\nAuthorization: Bearer {token}\r\nX-Original-Method: GET\r\nX-Original-Host: api.bench\r\n"
        f"X-Original-URI: {uri}\r\nX-Original-Id: {'0' * 32}\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n"
    ).encode()


async def turn(port: int, makers: list[NextRequest], *, seconds: float) -> Turn:
    """Load the server for a while with one connection for each maker."""
    result = Turn()
    began = time.perf_counter()
    ends = began + seconds
    await asyncio.gather(*(_connection(port, maker, ends, result) for maker in makers))
    result.seconds = time.perf_counter() - began
    return result


async def _connection(port: int, maker: NextRequest, ends: float, result: Turn) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = b""
    try:
        while (sent := time.perf_counter()) < ends:
            writer.write(maker(body))
            head = await reader.readuntil(b"\r\n\r\n")
            at = head.lower().find(b"content-length:")
            length = int(head[at + 15 : head.index(b"\r\n", at)]) if at >= 0 else 0
            body = await reader.readexactly(length)
            result.latencies.append((time.perf_counter() - sent) * 1000)
            if head.startswith(_GOOD):
                result.requests += 1
            else:
                result.errors += 1
    finally:
        writer.close()
