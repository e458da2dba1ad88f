"""The audit log at the API."""

from typing import Any

import msgspec

from ...domain.audit_chain import LogEntry
from ...flows.audit import reading, verifying
from ...ports.store import StoreUnavailable
from . import pages
from .operations import Call, Nothing, Operation, Paged, Wire


class LogEventOut(Wire):
    """An event of the audit log."""

    seq: int
    id: str
    at: int
    actor: str
    action: str
    target: str
    outcome: str
    network: str
    details: Any


class LogPage(Wire):
    """Sealed events, newest first."""

    items: list[LogEventOut]
    next: str | None


class FindingOut(Wire):
    """A place that is not as it was sealed."""

    trouble: str
    seq: int
    place: str
    why: str


class VerifiedOut(Wire):
    """What checking the log found."""

    genuine: bool
    findings: list[FindingOut]
    events: int
    segments: int
    waiting: int
    checkpoints: int
    begins_after: int
    ends_with: int


def _event(entry: LogEntry) -> LogEventOut:
    try:
        details = msgspec.json.decode(entry.details)
    except msgspec.DecodeError:
        details = entry.details  # not as Admit wrote it; checking the log says so
    return LogEventOut(**(entry._asdict() | {"details": details}))


async def _log(call: Call[None, Paged]) -> LogPage:
    text = pages.after(call.query)
    before = pages.numbers(f"{text} ", count=2)[0] if text else None
    found = await reading.newest(before=before, limit=call.query.limit, rt=call.rt)
    last = str(found[-1].seq) if len(found) == call.query.limit else None
    return LogPage(items=[_event(entry) for entry in found], next=pages.cursor(last))


async def _verify(call: Call[None, Nothing]) -> VerifiedOut:
    try:
        lines = await call.site.witness.lines() if call.site.witness is not None else []
    except OSError as error:
        raise StoreUnavailable(f"the checkpoints can't be read: {error.strerror}") from None
    report = await verifying.verify(lines, rt=call.rt)
    return VerifiedOut(
        genuine=not report.findings,
        findings=[FindingOut(trouble=f.trouble, seq=f.seq, place=f.place, why=f.why) for f in report.findings],
        events=report.events,
        segments=report.segments,
        waiting=report.waiting,
        checkpoints=report.checkpoints,
        begins_after=report.begins_after,
        ends_with=report.head.sealed.seq,
    )


OPERATIONS = (
    Operation(
        id="audit_list",
        method="GET",
        path="/audit",
        scope="audit:read",
        summary="Read the audit log, newest first. Events appear here once they are sealed, within a second or two.",
        query=Paged,
        does=_log,
        answer=LogPage,
    ),
    Operation(
        id="audit_verify",
        method="POST",
        path="/audit/verify",
        scope="audit:read",
        summary="Check the whole audit log against its seals and checkpoints.",
        does=_verify,
        answer=VerifiedOut,
    ),
)
