"""`admit audit`: what happened, chained and sealed."""

import json
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from ..domain.audit import AuditEvent
from ..domain.audit_chain import LogEntry, Mark
from ..domain.audit_check import Report, moment
from ..flows.audit import reading, retention
from ..flows.audit import verifying as checking
from ..flows.runtime import Caller, Runtime
from ..machine.checkpoint_file import FILE_NAME, CheckpointFile
from ..tokens.audit_keys import AuditKeys
from . import output
from .noun import noun
from .place import Place, placed
from .reading import seconds
from .refusal import Refused

app = noun("What happened: security-relevant events, chained and sealed.")

_COLUMNS = ("at", "action", "target", "actor", "outcome", "network", "details")


@app.command("tail")
@placed
def tail(
    place: Place,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on: each event as it is sealed.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=0, max=10_000, help="So many that are there already.")] = 20,
) -> None:
    """Show the newest events, the newest last. With --follow and --json: one document a line."""

    async def newest(rt: Runtime, caller: Caller) -> list[AuditEvent]:
        return await rt.store.read.audit.latest(limit=limit)

    async def going_on(rt: Runtime, caller: Caller) -> None:
        async for entry in reading.follow(last=limit, rt=rt):
            document = json.dumps(entry.as_document(), ensure_ascii=False)
            output.emit(document if place.as_json else output.clean("  ".join(_cells(_event(entry)))))

    if follow:
        place.run(going_on)
        return
    events = list(reversed(place.run(newest)))
    place.show([_document(event) for event in events], output.table(_COLUMNS, map(_cells, events)))


@app.command("verify")
@placed
def verify(
    place: Place,
    checkpoint: Annotated[
        Path | None,
        typer.Option("--checkpoint", metavar="FILE", help=f"Checkpoints [default: {FILE_NAME} in the data directory]."),
    ] = None,
) -> None:
    """Check every link, seal and checkpoint; ends with 1 and names the places when something was changed."""
    file = CheckpointFile(checkpoint or place.settings().data_dir / FILE_NAME)

    async def work(rt: Runtime, caller: Caller) -> Report:
        try:
            lines = await file.lines()
        except OSError as error:
            raise Refused(f"{file.path} can't be read: {error.strerror}.") from None
        if checkpoint is not None and not lines:
            raise Refused(f"There are no checkpoints in {file.path}.")
        return await checking.verify(lines, rt=rt)

    report = place.run(work)
    if place.as_json:
        place.show(_report(report), "")
    else:
        _tell(place, report)
    if report.findings:
        raise typer.Exit(1)


@app.command("export")
@placed
def export(
    place: Place,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="TIME", help="Only what was sealed since: 2026-01-31, or an age such as 30d."),
    ] = None,
) -> None:
    """Write the log as JSON Lines, with its links and seals; `python -m admit_server.audit_verifier` checks it."""
    begin = _time(since)

    async def work(rt: Runtime, caller: Caller) -> int:
        lines = 0
        async for line in reading.export(since=begin, rt=rt):
            output.emit(line)
            lines += 1
        return lines

    place.tell(f"Wrote {place.run(work)} lines.")


@app.command("drop")
@placed
def drop(
    place: Place,
    older_than: Annotated[str, typer.Option("--older-than", metavar="AGE", help="Such as 400d.")],
) -> None:
    """Drop old events for good, in whole segments, and leave a signed note of how far. Export them first."""
    age = seconds(older_than) or 0

    async def work(rt: Runtime, caller: Caller) -> tuple[int, Mark | None]:
        return await retention.drop(sealed_before=rt.clock() - age, rt=rt, caller=caller)

    gone, note = place.run(work)
    through = note.position.seq if note else 0
    if place.as_json:
        place.show({"dropped": gone, "through": through}, "")
    place.tell(f"Dropped {gone} events; the log begins with event {through + 1}." if gone else "Nothing is that old.")


@app.command("key")
@placed
def key(
    place: Place,
    public: Annotated[
        bool, typer.Option("--public", help="The key that checks signatures; no secret. Seals are not checked with it.")
    ] = False,
) -> None:
    """Print the key that checks seals, for `audit_verifier --key-file`. Whoever has it could make seals too: keep it secret."""

    async def work(rt: Runtime, caller: Caller) -> str:
        keys = AuditKeys.of(rt.vault)
        return keys.public_text() if public else keys.secret_text()

    text = place.run(work)
    documents = [dict(zip(("kind", "key_id", "key"), line.split(), strict=True)) for line in text.splitlines()]
    place.show(documents, text)
    if not public:
        place.tell("Give this only to those who may also make seals; `--public` prints a key for everybody else.")


def _event(entry: LogEntry) -> AuditEvent:
    document = entry.as_document()
    del document["seq"]
    return AuditEvent(**document)


def _document(event: AuditEvent) -> dict[str, Any]:
    return {name: getattr(event, name) for name in ("id", *_COLUMNS)}


def _cells(event: AuditEvent) -> tuple[str, ...]:
    details = " ".join(f"{name}={value}" for name, value in event.details.items())
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(event.at))
    told = (event.action, event.target, event.actor, event.outcome, event.network)
    return (when, *(text or "-" for text in told), details)


def _report(report: Report) -> dict[str, Any]:
    newest = report.newest_checkpoint
    return {
        "good": not report.findings,
        "findings": [asdict(finding) for finding in report.findings],
        "first": report.begins_after + 1,
        "last": report.head.sealed.seq,
        "events": report.events,
        "segments": report.segments,
        "waiting": report.waiting,
        "checkpoints": report.checkpoints,
        "newest_checkpoint": {"seq": newest.position.seq, "at": newest.at} if newest else None,
    }


def _tell(place: Place, report: Report) -> None:
    for finding in report.findings:
        output.tell(f"{finding.place}: {finding.why}.")
    if report.findings:
        output.tell(f"admit: The audit log is not what was sealed: {len(report.findings)} bad places, the first above.")
        return
    newest = report.newest_checkpoint
    lines = [
        ("events", f"{report.events} in {report.segments} segments, every link and seal fits"),
        ("checkpoints", f"{report.checkpoints} agree" if newest else "none"),
        ("waiting", f"{report.waiting} not sealed yet"),
    ]
    if report.begins_after:
        lines.insert(0, ("dropped", f"events up to {report.begins_after}, on purpose"))
    output.emit(output.record(lines))
    if newest is None:
        place.tell("Without a checkpoint nobody can tell whether the end of the log was cut off.")
    else:
        place.tell(f"Nothing up to event {newest.position.seq} ({moment(newest.at)}) was cut off unseen.")


def _time(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return int(time.time()) - (seconds(text) or 0)
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())
