"""Many followers in one process, without a library: each is a connection and a buffer.

Also used by benchmarks/feed.py.
"""

import asyncio
import re
import time
from urllib.parse import urlsplit

ASKS = b"GET /revocations HTTP/1.0\r\nHost: %b\r\nAccept: text/event-stream\r\n%b\r\n"
_ID = re.compile(rb"^id: (\S+)$", re.MULTILINE)


class Follower:
    """One stream of the feed. Knows how much of each kind of event it heard, and when the last of them came."""

    def __init__(self) -> None:
        self.status = 0
        self.heard = {b"reset": 0, b"revoked": 0, b"caught-up": 0, b"heartbeat": 0}
        self.last_at: dict[bytes, float] = {}
        self.position = b""
        self.received = 0
        self.ended = False
        self._rest = b""
        self._writer: asyncio.StreamWriter | None = None
        self._task: asyncio.Task[None] | None = None

    async def open(self, server: str, *, after: bytes = b"") -> None:
        """Connect, and read on in the background once the status is there."""
        place = urlsplit(server)
        reader, self._writer = await asyncio.open_connection(place.hostname, place.port)
        resume = b"Last-Event-ID: %b\r\n" % after if after else b""
        self._writer.write(ASKS % (place.netloc.encode(), resume))
        self.status = int((await reader.readline()).split()[1])
        while (await reader.readline()).strip():
            pass
        self._task = asyncio.create_task(self._read(reader))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while data := await reader.read(262_144):
            self._take(data)
        self.ended = True

    def _take(self, data: bytes) -> None:
        now = time.monotonic()
        self.received += len(data)
        whole, found, self._rest = (self._rest + data).rpartition(b"\n\n")
        if not found:
            return
        whole = b"\n" + whole
        for kind in self.heard:
            if times := whole.count(b"\nevent: " + kind):
                self.heard[kind] += times
                self.last_at[kind] = now
        if ids := _ID.findall(whole):
            self.position = ids[-1]

    def close(self) -> None:
        if self._writer is not None:
            self._writer.transport.abort()
        if self._task is not None:
            self._task.cancel()


class Crowd:
    """So many followers of one server."""

    def __init__(self, server: str, count: int) -> None:
        self.server = server
        self.followers = [Follower() for _ in range(count)]

    async def come(self, *, after: bytes = b"", at_once: int = 100) -> float:
        """Connect, so many at a time, until each has caught up; the seconds it took."""
        began, places = time.monotonic(), asyncio.Semaphore(at_once)

        async def one(follower: Follower) -> None:
            async with places:
                await follower.open(self.server, after=after)

        await asyncio.gather(*(one(follower) for follower in self.followers))
        await self.heard(b"caught-up", 1)
        return time.monotonic() - began

    async def heard(self, kind: bytes, times: int, *, within_s: float = 60) -> list[float]:
        """When each of them heard the last of so many events of a kind (`time.monotonic`)."""
        async with asyncio.timeout(within_s):
            while not all(follower.heard[kind] >= times for follower in self.followers):
                await asyncio.sleep(0.005)
        return [follower.last_at[kind] for follower in self.followers]

    def go(self) -> None:
        for follower in self.followers:
            follower.close()


def memory_kib(pid: int) -> int:
    """What a process has in memory (RSS)."""
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1])  # type: ignore[index]


def processor_s(pid: int) -> float:
    """The processor's time that a process has used, over all threads."""
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100
