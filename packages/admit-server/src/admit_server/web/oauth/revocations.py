"""`GET /revocations`: the feed, as Server-Sent Events or JSON. See docs/reference/revocation-feed.md."""

import logging
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from weakref import WeakKeyDictionary

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from ...domain.revocation import CaughtUp, FeedItem, Heartbeat, News, Page, Revocation, parse_position
from ...flows.feed import InvalidPosition
from ...ports.store import StoreUnavailable
from .. import params, responses
from ..site import Site

_encode = msgspec.json.Encoder().encode
_open: Counter[str] = Counter()
# Revocations in one write; about 50 kB.
_PIECE = 500
_made: WeakKeyDictionary[Page | News, dict[int, bytes]] = WeakKeyDictionary()
_documents: WeakKeyDictionary[Page, bytes] = WeakKeyDictionary()
log = logging.getLogger("admit.feed")
STREAM_HEADERS = {"Cache-Control": "no-store", "Vary": "Accept", "X-Accel-Buffering": "no"}


async def revocations_endpoint(request: Request, site: Site) -> Response:
    """The stream for who asks for it, a page for everybody else."""
    query = params.read_query(request)
    if "text/event-stream" not in request.headers.get("accept", ""):
        # `after` only, never a header: a cache would give one follower's short answer to all who asked for everything.
        document = _document(await site.hub.page(query.get("after")))
        headers = {"Cache-Control": "public, max-age=1", "Vary": "Accept"}
        return Response(document, headers=headers, media_type="application/json")
    after = request.headers.get("last-event-id") or query.get("after")
    if after is not None and parse_position(after) is None:
        raise InvalidPosition("after is not a position of this feed.")
    if request.method == "HEAD":
        return Response(headers=STREAM_HEADERS, media_type="text/event-stream")
    network = site.caller(request).network
    if _open[network] >= site.streams_per_network:
        return responses.problem(
            429,
            "too_many_streams",
            detail="Too many streams from this network; poll the JSON form.",
            headers={"Retry-After": "5"},
        )
    _open[network] += 1
    items = site.hub.follow(after)
    try:
        # The first item before the first byte: a database that can't answer is refused while a status can still say so.
        first = await anext(items, None)
    except BaseException:
        _close(network)
        raise
    return FeedStream(items, first, network)


class FeedStream(StreamingResponse):
    """One follower, counted already. Ends when the follower goes, the hub closes or the database can't answer."""

    def __init__(self, items: AsyncIterator[FeedItem], first: FeedItem | None, network: str) -> None:
        super().__init__(_events(items, first), headers=STREAM_HEADERS, media_type="text/event-stream")
        self._network = network

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The stream is open until this returns."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            _close(self._network)


async def _events(items: AsyncIterator[FeedItem], first: FeedItem | None) -> AsyncIterator[bytes]:
    if first is None:
        return
    try:
        for part in _parts(first):
            yield part
        async for item in items:
            for part in _parts(item):
                yield part
    except StoreUnavailable as error:
        # The follower comes back, and is told then.
        log.warning("a stream of the revocation feed ends: %s", error)


def _close(network: str) -> None:
    _open[network] -= 1
    if not _open[network]:
        del _open[network]


def _parts(item: FeedItem) -> Iterator[bytes]:
    """An item's events, in pieces of a size that is worth a write. The pieces of what is shared are shared too."""
    match item:
        case Page():
            yield b"event: reset\ndata: {}\n\n"
            yield from _pieces(item, resumable=False)
            yield _caught_up(item.position, item.as_of)
        case News():
            yield from _pieces(item, resumable=True)
        case CaughtUp(position, as_of):
            yield _caught_up(position, as_of)
        case Heartbeat(head, as_of):
            yield f'event: heartbeat\ndata: {{"head":"{head}","as_of":{as_of}}}\n\n'.encode()


def _pieces(shared: Page | News, *, resumable: bool) -> Iterator[bytes]:
    # Each made by whoever comes to it first, so that a great snapshot does not hold up the loop.
    made = _made.setdefault(shared, {})
    for begins in range(0, len(shared.revoked), _PIECE):
        if begins not in made:
            rows = shared.revoked[begins : begins + _PIECE]
            made[begins] = b"".join([_revoked(row, resumable=resumable) for row in rows])
        yield made[begins]


def _revoked(revocation: Revocation, *, resumable: bool) -> bytes:
    mark = f"id: {revocation.position}\n".encode() if resumable else b""
    return mark + b"event: revoked\ndata: " + _encode(_row(revocation)) + b"\n\n"


def _caught_up(position: str, as_of: int) -> bytes:
    return f'id: {position}\nevent: caught-up\ndata: {{"as_of":{as_of}}}\n\n'.encode()


def _document(page: Page) -> bytes:
    document = _documents.get(page)
    if document is None:
        rows = [_row(revocation) for revocation in page.revoked]
        document = _encode({"reset": page.reset, "position": page.position, "as_of": page.as_of, "revoked": rows})
        _documents[page] = document
    return document


def _row(revocation: Revocation) -> dict[str, str | int]:
    if revocation.handle is not None:
        return {"handle": revocation.handle, "until": revocation.until}
    return {"before": revocation.before or 0, "until": revocation.until}
