"""`GET /revocations`: the feed, as Server-Sent Events or JSON. See docs/reference/revocation-feed.md."""

import logging
from collections import Counter
from collections.abc import AsyncIterator

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from ...domain.revocation import Revocation, parse_position
from ...flows.feed import CaughtUp, FeedItem, Heartbeat, InvalidPosition, Reset, Revoked
from ...ports.store import StoreUnavailable
from .. import params, responses
from ..site import Site

_encode = msgspec.json.Encoder().encode
_open: Counter[str] = Counter()
log = logging.getLogger("admit.feed")
STREAM_HEADERS = {"Cache-Control": "no-store", "Vary": "Accept", "X-Accel-Buffering": "no"}


async def revocations_endpoint(request: Request, site: Site) -> Response:
    """The stream for who asks for it, a page for everybody else."""
    query = params.read_query(request)
    if "text/event-stream" not in request.headers.get("accept", ""):
        # `after` only, never a header: a cache would give one follower's short answer to all who asked for everything.
        page = await site.hub.page(query.get("after"))
        body = {
            "reset": page.reset,
            "position": page.position,
            "as_of": page.as_of,
            "revoked": [_row(r) for r in page.revoked],
        }
        return responses.json(body, headers={"Cache-Control": "public, max-age=1", "Vary": "Accept"})
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
    yield _event(first)
    try:
        async for item in items:
            yield _event(item)
    except StoreUnavailable as error:
        # The follower comes back, and is told then.
        log.warning("a stream of the revocation feed ends: %s", error)


def _close(network: str) -> None:
    _open[network] -= 1
    if not _open[network]:
        del _open[network]


def _event(item: FeedItem) -> bytes:
    match item:
        case Reset():
            return b"event: reset\ndata: {}\n\n"
        case Revoked(revocation, resumable):
            mark = f"id: {revocation.position}\n".encode() if resumable else b""
            return mark + b"event: revoked\ndata: " + _encode(_row(revocation)) + b"\n\n"
        case CaughtUp(position, as_of):
            return f'id: {position}\nevent: caught-up\ndata: {{"as_of":{as_of}}}\n\n'.encode()
        case Heartbeat(head, as_of):
            return f'event: heartbeat\ndata: {{"head":"{head}","as_of":{as_of}}}\n\n'.encode()


def _row(revocation: Revocation) -> dict[str, str | int]:
    if revocation.handle is not None:
        return {"handle": revocation.handle, "until": revocation.until}
    return {"before": revocation.before or 0, "until": revocation.until}
