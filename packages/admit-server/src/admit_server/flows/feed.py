"""The revocation feed: one reader of the database for all followers of this process. See docs/reference/revocation-feed.md."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from ..domain.errors import InvalidRequest
from ..domain.revocation import (
    GREATEST_LEEWAY_S,
    CaughtUp,
    FeedHead,
    FeedItem,
    Heartbeat,
    News,
    Page,
    Revocation,
    parse_position,
)
from ..ports.store import StoreUnavailable
from ..ports.transaction import Tx
from .runtime import Runtime

log = logging.getLogger("admit.feed")

HEARTBEAT_S = 5.0
_RECENT = 2048
_PAGE = 200


class InvalidPosition(InvalidRequest):
    """`after` is no position at all."""

    code = "invalid_position"


@dataclass(slots=True)
class FeedHub:
    """Reads the head of the feed again and again and wakes the followers. `poll_s` is how often, when nobody announces."""

    rt: Runtime
    poll_s: float = 0.05
    _head: FeedHead | None = None
    _as_of: int = 0
    _recent: deque[Revocation] = field(default_factory=lambda: deque(maxlen=_RECENT))
    _news: dict[int, News] = field(default_factory=dict)
    _generation: int = 0
    _beats: int = 0
    _healthy: bool = False
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _closing: bool = False
    _newest: Page | None = None
    _reading: "asyncio.Task[Page] | None" = None

    async def run(self) -> None:
        """Read until closed. A database that can't be read stops the heartbeats, and followers judge by that."""
        loop = asyncio.get_running_loop()
        next_beat = loop.time() + HEARTBEAT_S
        while not self._closing:
            moved = more = False
            try:
                moved, more = await self._look()
                self._healthy = True
            except StoreUnavailable as error:
                if self._healthy:
                    log.warning("the revocation feed can't read the database: %s", error)
                self._healthy = False
            # Also while something happens at each look: without a heartbeat nobody's knowledge stays fresh.
            due = self._healthy and not more and loop.time() >= next_beat
            if due:
                next_beat = loop.time() + HEARTBEAT_S
                self._beats += 1
            if moved or due:
                self._notify()
            if more:
                await asyncio.sleep(0)
                continue
            try:
                await asyncio.wait_for(self._wake.wait(), self.poll_s)
            except TimeoutError:
                pass
            self._wake.clear()

    def wake(self) -> None:
        """Look now: something was committed."""
        self._wake.set()

    def close(self) -> None:
        """End every stream, so that nothing waits for them."""
        self._closing = True
        self._wake.set()
        self._notify()

    async def follow(self, after: str | None) -> AsyncIterator[FeedItem]:
        """What one follower is sent, until the hub closes.

        Raises:
            StoreUnavailable: The snapshot can't be read.
        """
        generation, told = self._generation, -1
        cursor = await self._resume(after)
        if cursor is None:
            page = await self.snapshot()
            yield page
            cursor = parse_position(page.position)
        else:
            as_of = self.rt.clock()
            while rows := await self.rt.store.read.feed.since(cursor.seq, limit=_PAGE):
                yield News(rows)
                cursor = FeedHead(rows[-1].seq, rows[-1].nonce)
            yield CaughtUp(cursor.position, as_of)
        assert cursor is not None  # noqa: S101 - a page's own position can be read
        while not self._closing:
            changed = self._changed
            news = await self._after(cursor.seq)
            if generation != self._generation:
                # The database was restored: positions of before mean nothing. The follower comes back and gets a snapshot.
                return
            if news is not None:
                yield news
                cursor = FeedHead(news.revoked[-1].seq, news.revoked[-1].nonce)
            elif self._healthy and told != self._beats:
                told = self._beats
                yield Heartbeat(cursor.position, self._as_of)
            elif changed is self._changed:
                await changed.wait()

    async def page(self, after: str | None) -> Page:
        """The JSON form: what came after a position, or a snapshot.

        Raises:
            InvalidPosition: `after` is no position at all.
            StoreUnavailable: The database can't be read.
        """
        if after is None:
            return await self.snapshot()
        if parse_position(after) is None:
            raise InvalidPosition("after is not a position of this feed.")
        cursor = await self._resume(after)
        if cursor is None:
            return await self.snapshot()
        as_of = self.rt.clock()
        rows = await self.rt.store.read.feed.since(cursor.seq, limit=_PAGE)
        if len(rows) == _PAGE:
            return await self.snapshot()
        position = rows[-1].position if rows else cursor.position
        return Page(reset=False, position=position, as_of=as_of, revoked=rows)

    async def snapshot(self) -> Page:
        """Everything whose tokens could still be alive, read in one transaction.

        Read once for all who ask meanwhile, and again only when the feed or the second has moved: however many come back at one
        moment, there is one snapshot in memory.
        """
        if self._reading is None:
            self._reading = asyncio.ensure_future(self._snapshot())
            self._reading.add_done_callback(self._have_read)
        return await asyncio.shield(self._reading)

    def _have_read(self, reading: "asyncio.Task[Page]") -> None:
        self._reading = None
        if not reading.cancelled():
            reading.exception()  # seen, also when all who asked have gone

    async def _snapshot(self) -> Page:
        as_of, newest = self.rt.clock(), self._newest
        if newest is not None and newest.as_of == as_of:
            head = await self.rt.store.read.feed.head()
            if head.position == newest.position:
                return newest

        async def look(tx: Tx) -> tuple[FeedHead, list[Revocation]]:
            return await tx.feed.head(), await tx.feed.live(now=as_of)

        head, rows = await self.rt.store.view(look)
        self._newest = Page(reset=True, position=head.position, as_of=as_of, revoked=rows)
        return self._newest

    async def _look(self) -> tuple[bool, bool]:
        """Read what is new; whether something was, and whether there is more to read at once."""
        as_of = self.rt.clock()
        feed = self.rt.store.read.feed
        head = await feed.head()
        known = self._head
        if known is None or head == known:
            self._head, self._as_of = head, as_of
            return False, False
        if head.seq <= known.seq or not await self._still_there(known, blind_s=as_of - self._as_of):
            log.warning("the revocation feed began anew at %s: the database was restored", head.position)
            self._generation += 1
            self._recent.clear()
            self._news.clear()
            self._head, self._as_of = head, as_of
            return True, False
        rows = await feed.since(known.seq, limit=_PAGE)
        more = len(rows) == _PAGE
        if rows:
            self._recent.extend(rows)
            self._news.clear()
            self._head = FeedHead(rows[-1].seq, rows[-1].nonce)
        if not more:
            self._as_of = as_of  # together with the head: who has sent up to there has sent all of that time
        return bool(rows), more

    async def _still_there(self, known: FeedHead, *, blind_s: int) -> bool:
        """Whether the database still is the one in which that row was the last, `blind_s` seconds ago."""
        if known.seq == 0:
            return True
        nonce = await self._nonce_at(known.seq)
        # A missing row was swept, if we looked a moment ago: the rows of a restored database would have to be written and swept since
        # then, and every row lives at least for the leeway. Ending all streams for it would make everybody wait for a new snapshot.
        return nonce == known.nonce if nonce is not None else blind_s < GREATEST_LEEWAY_S

    async def _nonce_at(self, seq: int) -> str | None:
        row = await self.rt.store.read.feed.at(seq)
        return row.nonce if row else None

    async def _after(self, seq: int) -> News | None:
        if self._head is None or seq >= self._head.seq:
            return None
        if (known := self._news.get(seq)) is not None:
            return known
        if self._recent and self._recent[0].seq <= seq + 1:
            news = self._news[seq] = News([r for r in self._recent if r.seq > seq])
            return news
        rows = await self.rt.store.read.feed.since(seq, limit=_PAGE)
        return News(rows) if rows else None

    async def _resume(self, after: str | None) -> FeedHead | None:
        """The position to go on from, if exactly that row is still there; otherwise None: a snapshot is due."""
        wanted = parse_position(after) if after else None
        if wanted is None:
            return None
        if wanted.seq == 0:
            known = await self.rt.store.read.feed.installation_nonce()
        else:
            known = await self._nonce_at(wanted.seq) or ""
        return wanted if known == wanted.nonce else None

    def _notify(self) -> None:
        was, self._changed = self._changed, asyncio.Event()
        was.set()
