"""Reading the audit log: following it, and exporting it for others to check."""

import asyncio
from collections.abc import AsyncIterator

from ...domain.audit_chain import LogEntry, Position, Segment, canonical_json, genesis
from ...domain.errors import NotAllowed
from ...ports.transaction import Tx
from ..runtime import Runtime
from .sealing import Sealer

FORMAT = 1
_SEGMENTS = 20
_PAGE = 200


async def follow(*, last: int, rt: Runtime, every_s: float = 0.5) -> AsyncIterator[LogEntry]:
    """The newest events, then each further one when it is sealed, for ever.

    Seals too, so that it works where no server runs.

    Args:
        last: So many that are there already.
        rt: What flows use.
        every_s: How often to look, in seconds.
    """
    sealer = Sealer.of(rt)
    await sealer.seal()
    log = rt.store.read.audit_log
    seen = (await log.head(await sealer.installation())).sealed.seq
    for entry in await log.entries(first=max(1, seen - last + 1), last=seen, limit=last) if last else ():
        yield entry
    while True:
        await sealer.seal()
        head = await log.head(await sealer.installation())
        while seen < head.sealed.seq:
            to = min(head.sealed.seq, seen + _PAGE)
            for entry in await log.entries(first=seen + 1, last=to, limit=_PAGE):
                yield entry
            seen = to
        await asyncio.sleep(every_s)


async def newest(*, before: int | None, limit: int, rt: Runtime) -> list[LogEntry]:
    """Numbered events, the newest first, that stand before a number; None: before the end."""
    log = rt.store.read.audit_log
    if before is None:
        return [*reversed(await log.newest(limit=limit))]
    first = max(1, before - limit)
    return [*reversed(await log.entries(first=first, last=before - 1, limit=limit))]


async def export(*, since: int | None, rt: Runtime) -> AsyncIterator[str]:
    """The log as lines of JSON, sealed and signed, as docs/reference/audit-log.md describes them. Seals first what waits.

    Args:
        since: Begin with the segments that were sealed at that time (seconds, UTC) or later; None: everything.
        rt: What flows use.

    Raises:
        NotAllowed: Events were dropped meanwhile, or one can't be written as JSON.
    """
    sealer = Sealer.of(rt)
    while await sealer.seal():
        pass
    installation, now = await sealer.installation(), rt.clock()
    log = rt.store.read.audit_log
    dropped = await log.dropped(installation)
    start = dropped.position if dropped else genesis(installation)
    before = await log.segment_before(since) if since is not None else 0
    if before > start.segment:
        found = await log.segments(after=before - 1, limit=1)
        start, dropped = (found[0].end if found else start), None
    opening = {"first": start.seq + 1, "previous": start.link.hex(), "installation": installation}
    yield canonical_json({"kind": "log", "format": FORMAT, "at": now, **opening})
    if dropped is not None:
        yield dropped.line()
    at = start
    while page := await _page(at, rt=rt):
        for segment, entries in page:
            if segment.number != at.segment + 1:
                raise NotAllowed(f"Segment {at.segment + 1} is not there: run `admit audit verify`, then export again.")
            for entry in entries:
                yield _event_line(entry, segment)
            yield canonical_json(segment.document(installation) | {"mac": segment.mac.hex()})
            at = segment.end
    closing = {"kind": "end", "at": now, "last": at.seq, "link": at.link.hex(), "key": sealer.keys.key_id, **opening}
    seal, signature = sealer.keys.sign(closing)
    yield canonical_json(closing | {"mac": seal.hex(), "signature": signature.hex()})


def _event_line(entry: LogEntry, segment: Segment) -> str:
    try:
        document = entry.as_document()
    except (ValueError, RecursionError):
        raise NotAllowed(f"The details of event {entry.seq} are no JSON: run `admit audit verify`.") from None
    return canonical_json({"kind": "event", "link": segment.link_of(entry.seq).hex(), **document})


async def _page(after: Position, *, rt: Runtime) -> list[tuple[Segment, list[LogEntry]]]:
    async def look(tx: Tx) -> list[tuple[Segment, list[LogEntry]]]:
        segments = await tx.audit_log.segments(after=after.segment, limit=_SEGMENTS)
        return [
            (segment, await tx.audit_log.entries(first=segment.first, last=segment.last, limit=len(segment.links)))
            for segment in segments
        ]

    return await rt.store.view(look)
