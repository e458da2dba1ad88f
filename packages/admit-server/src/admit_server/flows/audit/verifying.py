"""Checking the audit log in the database, page by page, against its seals and the checkpoints outside."""

from dataclasses import dataclass

from ...domain.audit_chain import LINK_BYTES, LogEntry, LogHead, Mark, Position, Segment, genesis
from ...domain.audit_check import ChainCheck, Finding, Report, beyond, check_marks
from ...ports.transaction import Tx
from ...tokens.audit_keys import AuditKeys
from ..runtime import Runtime
from .sealing import legible

# One read transaction holds so many segments at most, and no further one once it holds so many events.
_SEGMENTS, _EVENTS = 50, 5_000
_MOST_WAITING = 1_000_000


@dataclass(frozen=True, slots=True)
class _Page:
    """One snapshot of the log: what follows a position, and the ends."""

    dropped: Mark | None
    head: LogHead
    edges: tuple[int | None, int | None]
    waiting: int
    segments: list[tuple[Segment, list[LogEntry]]]


async def verify(checkpoints: list[str], *, rt: Runtime, most: int = 100) -> Report:
    """Check the whole log: every link, every seal, every checkpoint.

    Works while servers append, seal and drop.

    Args:
        checkpoints: Lines as `Checkpoints.write` keeps them.
        rt: What flows use.
        most: Stop after so many bad places.

    Raises:
        StoreUnavailable: The database can't be read.
    """
    keys = AuditKeys.of(rt.vault)
    installation = await rt.store.read.feed.installation_nonce()
    marks, findings = check_marks(checkpoints, installation=installation, genuine=keys.genuine)
    page = await _page(installation, None, rt=rt)
    start = page.dropped.position if page.dropped else genesis(installation)
    if page.dropped is not None and not keys.genuine(page.dropped):
        place = f"the log's beginning, before event {start.seq + 1}"
        findings.append(
            Finding("dropped_invalid", start.seq, place, "events are gone, and the note of it is not genuine")
        )
    check = ChainCheck(installation, keys.seals, start, marks)
    while page.segments and len(findings) < most:
        for segment, entries in page.segments:
            findings += check.segment(segment, entries)
        page = await _page(installation, check.position, rt=rt)
        if page.dropped is not None and page.dropped.position.segment > check.position.segment:
            # Retention overtook us: what it dropped meanwhile is gone on purpose.
            check.position = page.dropped.position
            page = await _page(installation, check.position, rt=rt)
    if len(findings) < most:
        findings += check.end(page.head)
        begins_after = page.dropped.position.seq if page.dropped else 0
        findings += beyond(page.edges, begins_after=begins_after, head=page.head)
    return Report(
        findings=tuple(sorted(findings, key=_place)[:most]),
        head=page.head,
        begins_after=start.seq,
        events=check.events,
        segments=check.segments,
        waiting=page.waiting + max(0, page.head.numbered - page.head.sealed.seq),
        checkpoints=sum(mark.position.seq >= start.seq for mark in marks),
        newest_checkpoint=max(marks, key=_seq, default=None),
    )


async def _page(installation: str, after: Position | None, *, rt: Runtime) -> _Page:
    async def look(tx: Tx) -> _Page:
        log = tx.audit_log
        dropped = await log.dropped(installation)
        position = after or (dropped.position if dropped else genesis(installation))
        segments: list[tuple[Segment, list[LogEntry]]] = []
        events = 0
        for segment in await log.segments(after=position.segment, limit=_SEGMENTS):
            # As many as have links: what the row says of its ends may be a lie.
            count = len(segment.links) // LINK_BYTES
            entries = await legible(log, first=segment.first, last=segment.last, limit=count)
            segments.append((segment, entries))
            events += len(entries)
            if events >= _EVENTS:
                break
        head = await log.head(installation)
        waiting = await log.waiting(most=_MOST_WAITING) if not segments else 0
        return _Page(dropped, head, await log.edges(), waiting, segments)

    return await rt.store.view(look)


def _place(finding: Finding) -> int:
    return finding.seq


def _seq(mark: Mark) -> int:
    return mark.position.seq
