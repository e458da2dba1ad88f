"""What lies between two programs: a connection that passes, swallows everything without a word, or is cut; and a balancer."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from typing import Any

from tests.whole.programs import HOST

_CHUNK = 65_536
_HEAD = 16_384


class Cable:
    """Passes TCP connections on to one of its targets, until told otherwise. Runs on a thread of its own.

    Args:
        port: Where it listens.
        targets: Ports. With several, each stream of the feed goes to the one that has the fewest of them; everything else goes
            to the first, as behind a balancer that counts connections.
    """

    def __init__(self, port: int, *targets: int) -> None:
        self.port, self.targets = port, targets
        self.streams = dict.fromkeys(targets, 0)
        """Streams of the feed that are open, by target."""
        self._silent = self._cut = False
        self._loop = asyncio.new_event_loop()
        self._open: set[asyncio.Task[Any]] = set()
        self._forgotten: set[asyncio.Task[Any]] = set()
        self._held: list[asyncio.StreamWriter] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()
        self._thread.start()
        assert self._ready.wait(10)

    def silence(self) -> None:
        """Swallow everything: no byte arrives any more, and nobody is told. New connections are taken and hear nothing."""
        self._silent = True

    def cut(self) -> None:
        """End every connection, and refuse new ones at once."""
        self._cut = True
        self._tell(self._drop)

    def mend(self) -> None:
        """Let new connections pass again. Those of before stay as dead as they were."""
        self._tell(self._forget)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def _tell(self, what: Any) -> None:
        done = threading.Event()

        def do() -> None:
            what()
            done.set()

        self._loop.call_soon_threadsafe(do)
        assert done.wait(10)

    def _drop(self) -> None:
        for task in self._open:
            task.cancel()

    def _forget(self) -> None:
        # A connection that fell into the silence is known to nobody on the way any more.
        if self._silent:
            self._forgotten |= self._open
            self._drop()
        self._silent = self._cut = False

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._accept, HOST, self.port)
        self._ready.set()
        await self._stop.wait()
        server.close()
        self._drop()
        await asyncio.gather(*self._open, return_exceptions=True)
        for writer in self._held:
            writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            if not self._cut:
                await self._pass_on(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._open.discard(task)
            self._leave(writer)

    def _leave(self, writer: asyncio.StreamWriter) -> None:
        if self._silent or asyncio.current_task() in self._forgotten:
            self._held.append(writer)  # open for ever, and dead
        else:
            writer.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first, target, counted = b"", self.targets[0], False
        if len(self.targets) > 1:
            first = await reader.read(_HEAD)
            if counted := b"text/event-stream" in first:
                target = min(self.targets, key=lambda each: self.streams[each])
        with self._counted(target, counted):
            onward, back = await asyncio.open_connection(HOST, target)
            try:
                if first and not self._silent:
                    back.write(first)
                ways = [asyncio.create_task(self._copy(*way)) for way in ((reader, back), (onward, writer))]
                try:
                    await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                    if self._silent:
                        await asyncio.Event().wait()  # one side has gone; the other must not hear of it
                finally:
                    for way in ways:
                        way.cancel()
                    await asyncio.gather(*ways, return_exceptions=True)
            finally:
                self._leave(back)

    async def _copy(self, source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        while data := await source.read(_CHUNK):
            if not self._silent:
                to.write(data)
                await to.drain()

    @contextlib.contextmanager
    def _counted(self, target: int, counted: bool) -> Iterator[None]:
        self.streams[target] += counted
        try:
            yield
        finally:
            self.streams[target] -= counted
