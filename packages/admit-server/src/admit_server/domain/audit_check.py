"""Checking a chain: every place that is not as it was sealed, in order, and why."""

import hmac
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from .audit_chain import (
    LINK_BYTES,
    LogEntry,
    LogHead,
    Mark,
    Position,
    Segment,
    canonical,
    canonical_json,
    gap,
    mac,
    next_link,
    statement,
)

Trouble = Literal[
    "event_changed",
    "event_missing",
    "event_inserted",
    "segment_changed",
    "segment_missing",
    "end_changed",
    "cut_off",
    "checkpoint_contradicts",
    "checkpoint_invalid",
    "dropped_invalid",
    "key_unknown",
]


@dataclass(frozen=True, slots=True)
class Finding:
    """A bad place. `seq` is the event's number, or the first that may be concerned; `place` and `why` are for people."""

    trouble: Trouble
    seq: int
    place: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What checking a log found.

    Attributes:
        findings: Bad places, in order; none when all is as it was sealed.
        head: Where the log ends.
        begins_after: The number of the last event that was dropped on purpose; 0 when none was.
        events: How many events were looked at.
        segments: How many segments were looked at.
        waiting: Events that are not sealed yet: nothing is known about those.
        checkpoints: How many checkpoints were compared.
        newest_checkpoint: The last of them; what came after it may have been cut off unseen.
    """

    findings: tuple[Finding, ...]
    head: LogHead
    begins_after: int = 0
    events: int = 0
    segments: int = 0
    waiting: int = 0
    checkpoints: int = 0
    newest_checkpoint: Mark | None = None


@dataclass(slots=True)
class ChainCheck:
    """Walks a chain segment by segment.

    Args:
        installation: The nonce of the database.
        keys: The MAC keys by their names.
        position: Where the walk begins; moves with it.
        checkpoints: Marks found good by `check_marks`; each is compared when the walk passes it.
    """

    installation: str
    keys: Mapping[str, bytes]
    position: Position
    checkpoints: Sequence[Mark] = ()
    events: int = 0
    segments: int = 0
    _ahead: list[Mark] = field(init=False)

    def __post_init__(self) -> None:
        ahead = [mark for mark in self.checkpoints if mark.position.seq >= self.position.seq]
        self._ahead = sorted(ahead, key=lambda mark: mark.position.seq, reverse=True)
        if self._ahead and self._ahead[-1].position.seq == 0:
            self._ahead.pop()

    def segment(self, segment: Segment, entries: Iterable[LogEntry]) -> Iterator[Finding]:
        """Check the next segment there is, and move behind it. `entries` are its events, by number."""
        was, self.position = self.position, segment.end
        place = _span(segment)
        self.segments += 1
        yield from self._compare(was)
        if segment.number > was.segment + 1:
            yield Finding(
                "segment_missing",
                was.seq + 1,
                f"segment {was.segment + 1}"
                + (f" to {segment.number - 1}" if segment.number > was.segment + 2 else ""),
                f"deleted; {_events(was.seq + 1, segment.first - 1)} with it",
            )
        elif segment.first != was.seq + 1 or not hmac.compare_digest(segment.previous, was.link):
            yield Finding("segment_changed", segment.first, place, "it does not follow the one before it")
        if segment.last < segment.first or len(segment.links) != (segment.last - segment.first + 1) * LINK_BYTES:
            yield Finding("segment_changed", segment.first, place, "it has another number of links than of events")
            return
        yield from self._events(segment, entries)
        if segment.link_of(segment.last) != segment.link:
            yield Finding("segment_changed", segment.last, place, "its link is not that of its last event")
        yield from self._mac(segment, place)
        yield from self._compare_within(segment)

    def end(self, head: LogHead) -> Iterator[Finding]:
        """Check where the log ends."""
        at = self.position
        yield from self._compare(at)
        if head.sealed.seq > at.seq:
            why = f"deleted: the log was sealed up to event {head.sealed.seq}"
            yield Finding("segment_missing", at.seq + 1, _events(at.seq + 1, head.sealed.seq), why)
        elif head.sealed != at or head.numbered < head.sealed.seq:
            why = f"the head names event {head.sealed.seq}, the chain ends at event {at.seq}, or their links differ"
            yield Finding("end_changed", min(at.seq, head.sealed.seq) + 1, "the head of the log", why)
        for mark in reversed(self._ahead):
            why = f"cut off: a checkpoint of {moment(mark.at)} saw event {mark.position.seq}"
            yield Finding("cut_off", at.seq + 1, f"the end of the log, after event {at.seq}", why)

    def _events(self, segment: Segment, entries: Iterable[LogEntry]) -> Iterator[Finding]:
        present = {entry.seq: entry for entry in entries}
        previous = segment.previous
        for seq in range(segment.first, segment.last + 1):
            entry, noted = present.get(seq), segment.link_of(seq)
            self.events += 1
            if entry is None:
                early = next_link(previous, gap(seq)) == noted
                why = "gone before it was sealed" if early else "deleted, or no text any more"
                yield Finding("event_missing", seq, f"event {seq}", why)
            elif next_link(previous, canonical(entry)) != noted:
                yield Finding(
                    "event_changed", seq, f"event {seq} ({entry.id})", "it, or its link, is not what was sealed"
                )
            elif not _is_canonical(entry.details):
                yield Finding("event_changed", seq, f"event {seq} ({entry.id})", "Admit never wrote such details")
            previous = noted

    def _mac(self, segment: Segment, place: str) -> Iterator[Finding]:
        key = self.keys.get(segment.key_id)
        if key is None:
            why = f"sealed under key {segment.key_id!r}, which the key file does not hold"
            yield Finding("key_unknown", segment.first, place, why)
        elif not hmac.compare_digest(mac(statement(segment.document(self.installation)), key), segment.mac):
            yield Finding(
                "segment_changed", segment.first, place, "its seal does not fit: chained anew without the key"
            )

    def _compare(self, at: Position) -> Iterator[Finding]:
        while self._ahead and self._ahead[-1].position.seq <= at.seq:
            mark = self._ahead.pop()
            if mark.position.seq == at.seq and mark.position.link != at.link:
                yield _contradicts(mark)

    def _compare_within(self, segment: Segment) -> Iterator[Finding]:
        while self._ahead and self._ahead[-1].position.seq <= segment.last:
            mark = self._ahead.pop()
            if mark.position.seq < segment.first or segment.link_of(mark.position.seq) != mark.position.link:
                yield _contradicts(mark)


def beyond(edges: tuple[int | None, int | None], *, begins_after: int, head: LogHead) -> Iterator[Finding]:
    """Events outside the log: before its beginning or behind its end. `edges`: the smallest and the greatest number there is."""
    lowest, highest = edges
    if lowest is not None and lowest <= begins_after:
        yield Finding(
            "event_inserted", lowest, f"event {lowest}", f"inserted: the log begins after event {begins_after}"
        )
    if highest is not None and highest > head.numbered:
        yield Finding("event_inserted", highest, f"event {highest}", f"inserted: numbers end at {head.numbered}")


def check_marks(
    lines: Iterable[str], *, installation: str, genuine: Callable[[Mark], bool]
) -> tuple[list[Mark], list[Finding]]:
    """Read checkpoints, one a line; the good ones, and what is wrong with the others.

    Args:
        lines: As they stand in the file.
        installation: The nonce of the database that they have to be of.
        genuine: Says whether seal and signature of a mark are ours.
    """
    good: list[Mark] = []
    bad: list[Finding] = []
    for number, line in enumerate(lines, 1):
        place = f"line {number} of the checkpoints"
        try:
            mark = Mark.parse(line)
        except ValueError:
            bad.append(Finding("checkpoint_invalid", 0, place, "it is no checkpoint"))
            continue
        if not genuine(mark):
            bad.append(
                Finding("checkpoint_invalid", mark.position.seq, place, "changed: its seal or signature does not fit")
            )
        elif mark.installation != installation:
            why = f"it is of the installation {mark.installation}, the database is of {installation}"
            bad.append(Finding("checkpoint_contradicts", mark.position.seq, place, why))
        elif mark.kind == "checkpoint":
            good.append(mark)
    return good, bad


def moment(at: int) -> str:
    """A time as findings write it."""
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return f"second {at}"


def _is_canonical(details: str) -> bool:
    try:
        return canonical_json(json.loads(details)) == details
    except (ValueError, RecursionError):
        return False


def _contradicts(mark: Mark) -> Finding:
    why = f"another history: the checkpoint of {moment(mark.at)} saw another event there, or before it"
    return Finding("checkpoint_contradicts", mark.position.seq, f"event {mark.position.seq}", why)


def _span(segment: Segment) -> str:
    return f"segment {segment.number} ({_events(segment.first, segment.last)})"


def _events(first: int, last: int) -> str:
    return f"event {first}" if first >= last else f"events {first} to {last}"
