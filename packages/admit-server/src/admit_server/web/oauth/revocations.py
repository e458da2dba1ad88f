"""`GET /revocations`: the feed, as Server-Sent Events or JSON. See docs/reference/revocation-feed.md."""

from collections import Counter
from collections.abc import AsyncIterator

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from ...domain.revocation import Revocation, parse_position
from ...flows.feed import CaughtUp, FeedItem, Heartbeat, InvalidPosition, Reset, Revoked
from .. import params, responses
from ..site import Site

_encode = msgspec.json.Encoder().encode
_open: Counter[str] = Counter()


async def revocations_endpoint(request: Request, site: Site) -> Response:
    """The stream for who asks for it, a page for everybody else."""
    query = params.read_query(request)
    after = request.headers.get("last-event-id") or query.get("after")
    if "text/event-stream" not in request.headers.get("accept", ""):
        page = await site.hub.page(after)
        body = {
            "reset": page.reset,
            "position": page.position,
            "as_of": page.as_of,
            "revoked": [_row(r) for r in page.revoked],
        }
        return responses.json(body, headers={"Cache-Control": "public, max-age=1"})
    if after is not None and parse_position(after) is None:
        raise InvalidPosition("after is not a position of this feed.")
    network = site.caller(request).network
    if _open[network] >= site.streams_per_network:
        return responses.problem(
            429,
            "too_many_streams",
            detail="Too many streams from this network; poll the JSON form.",
            headers={"Retry-After": "5"},
        )
    return FeedStream(site, after, network)


class FeedStream(StreamingResponse):
    """One follower. Ends when the follower goes or the hub closes."""

    def __init__(self, site: Site, after: str | None, network: str) -> None:
        super().__init__(
            _events(site, after),
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
            media_type="text/event-stream",
        )
        self._network = network

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count the stream while it is open."""
        _open[self._network] += 1
        try:
            await super().__call__(scope, receive, send)
        finally:
            _open[self._network] -= 1
            if not _open[self._network]:
                del _open[self._network]


async def _events(site: Site, after: str | None) -> AsyncIterator[bytes]:
    async for item in site.hub.follow(after):
        yield _event(item)


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
