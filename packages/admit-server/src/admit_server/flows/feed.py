"""The revocation feed: one reader of the database for all followers of this process. See docs/reference/revocation-feed.md."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from ..domain.errors import InvalidRequest
from ..domain.revocation import GREATEST_LEEWAY_S, FeedHead, Revocation, parse_position
from ..ports.store import StoreUnavailable
from ..ports.transaction import Tx
from .runtime import Runtime

log = logging.getLogger("admit.feed")

HEARTBEAT_S = 5.0
_RECENT = 2048
_PAGE = 200


@dataclass(frozen=True, slots=True)
class Reset:
    """Forget everything: a whole snapshot follows."""


@dataclass(frozen=True, slots=True)
class Revoked:
    """One revocation. `resumable`: its position may be resumed from (not inside a snapshot)."""

    revocation: Revocation
    resumable: bool


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """All committed at `as_of` (seconds, UTC) has been sent."""

    position: str
    as_of: int


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The position of the last revocation, and when the database was last read."""

    head: str
    as_of: int


FeedItem = Reset | Revoked | CaughtUp | Heartbeat


@dataclass(frozen=True, slots=True)
class Page:
    """The answer of the JSON form."""

    reset: bool
    position: str
    as_of: int
    revoked: list[Revocation]


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
    _generation: int = 0
    _healthy: bool = False
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _closing: bool = False

    async def run(self) -> None:
        """Read until closed. A database that can't be read stops the heartbeats, and followers judge by that."""
        loop = asyncio.get_running_loop()
        next_beat = loop.time() + HEARTBEAT_S
        while not self._closing:
            try:
                moved = await self._look()
                self._healthy = True
            except StoreUnavailable as error:
                if self._healthy:
                    log.warning("the revocation feed can't read the database: %s", error)
                self._healthy, moved = False, False
            if moved or (self._healthy and loop.time() >= next_beat):
                next_beat = loop.time() + HEARTBEAT_S if not moved else next_beat
                self._notify()
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
        cursor, generation = await self._resume(after)
        if cursor is None:
            page = await self.snapshot()
            generation = self._generation
            yield Reset()
            for revocation in page.revoked:
                yield Revoked(revocation, resumable=False)
            yield CaughtUp(page.position, page.as_of)
            cursor = parse_position(page.position)
        else:
            as_of = self.rt.clock()
            while rows := await self.rt.store.read.feed.since(cursor.seq, limit=_PAGE):
                for revocation in rows:
                    yield Revoked(revocation, resumable=True)
                cursor = FeedHead(rows[-1].seq, rows[-1].nonce)
            yield CaughtUp(cursor.position, as_of)
        assert cursor is not None  # noqa: S101 - a page's own position can be read
        while not self._closing:
            changed = self._changed
            if generation != self._generation:
                # The database was restored: positions of before mean nothing. The follower comes back and gets a snapshot.
                return
            sent = False
            for revocation in await self._after(cursor.seq):
                yield Revoked(revocation, resumable=True)
                cursor, sent = FeedHead(revocation.seq, revocation.nonce), True
            if self._healthy and not sent:
                yield Heartbeat(cursor.position, self._as_of)
            if changed is self._changed:
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
        cursor, _ = await self._resume(after)
        if cursor is None:
            return await self.snapshot()
        as_of = self.rt.clock()
        rows = await self.rt.store.read.feed.since(cursor.seq, limit=_PAGE)
        if len(rows) == _PAGE:
            return await self.snapshot()
        position = rows[-1].position if rows else cursor.position
        return Page(reset=False, position=position, as_of=as_of, revoked=rows)

    async def snapshot(self) -> Page:
        """Everything whose tokens could still be alive, read in one transaction."""
        as_of = self.rt.clock()

        async def look(tx: Tx) -> tuple[FeedHead, list[Revocation]]:
            return await tx.feed.head(), await tx.feed.live(now=as_of)

        head, rows = await self.rt.store.view(look)
        return Page(reset=True, position=head.position, as_of=as_of, revoked=rows)

    async def _look(self) -> bool:
        """Read the head; whether something is new."""
        as_of = self.rt.clock()
        feed = self.rt.store.read.feed
        head = await feed.head()
        blind_s, known, self._as_of = as_of - self._as_of, self._head, as_of
        if known is None:
            self._head = head
            return False
        if head == known:
            return False
        if head.seq <= known.seq or not await self._still_there(known, blind_s=blind_s):
            log.warning("the revocation feed began anew at %s: the database was restored", head.position)
            self._generation += 1
            self._recent.clear()
            self._head = head
            return True
        rows = await feed.since(known.seq, limit=_PAGE)
        self._recent.extend(rows)
        if rows:
            self._head = FeedHead(rows[-1].seq, rows[-1].nonce)
        return bool(rows)

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

    async def _after(self, seq: int) -> list[Revocation]:
        if self._head is None or seq >= self._head.seq:
            return []
        if self._recent and self._recent[0].seq <= seq + 1:
            return [r for r in self._recent if r.seq > seq]
        return await self.rt.store.read.feed.since(seq, limit=_PAGE)

    async def _resume(self, after: str | None) -> tuple[FeedHead | None, int]:
        """The position to go on from, if exactly that row is still there; otherwise None: a snapshot is due."""
        generation = self._generation
        wanted = parse_position(after) if after else None
        if wanted is None:
            return None, generation
        if wanted.seq == 0:
            known = await self.rt.store.read.feed.installation_nonce()
        else:
            known = await self._nonce_at(wanted.seq) or ""
        return (wanted if known == wanted.nonce else None), generation

    def _notify(self) -> None:
        was, self._changed = self._changed, asyncio.Event()
        was.set()
