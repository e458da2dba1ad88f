"""The audit's chain: each event's link follows from the one before, and segments of the chain are sealed under a key.

The formats are those of docs/reference/audit-log.md, so that others can check a log without this program.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from json.encoder import encode_basestring as _quoted
from typing import Any, Literal, NamedTuple

LINK_BYTES = 32
# Larger ones would be dropped, and told apart when they were changed, in coarser steps.
MOST_IN_SEGMENT = 1000

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


class LogEntry(NamedTuple):
    """A numbered event. `details` is its JSON text as stored; `at` is seconds, UTC."""

    seq: int
    id: str
    at: int
    actor: str
    action: str
    target: str
    outcome: str
    network: str
    details: str

    def as_document(self) -> dict[str, Any]:
        """Its JSON.

        Raises:
            ValueError: The stored details are no JSON; Admit never wrote them.
        """
        return {**self._asdict(), "details": json.loads(self.details)}


class Position(NamedTuple):
    """How far a chain reaches: the number of its last segment, of its last event, and that event's link."""

    segment: int
    seq: int
    link: bytes


@dataclass(frozen=True, slots=True)
class LogHead:
    """The end of the log: up to where events are sealed, and up to where they have their numbers."""

    sealed: Position
    numbered: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Events sealed together.

    Attributes:
        number: Of the segment; they count from 1, without gaps.
        first: The number of its first event.
        last: The number of its last event.
        previous: The link before its first event.
        link: The link of its last event.
        links: The link of each event, one after the other; they name the place when something was changed.
        sealed_at: Seconds, UTC.
        key_id: Names the key of the key file.
        mac: HMAC-SHA-256 of `statement`.
    """

    number: int
    first: int
    last: int
    previous: bytes
    link: bytes
    links: bytes
    sealed_at: int
    key_id: str
    mac: bytes = b""

    @property
    def end(self) -> Position:
        """How far the chain reaches with it."""
        return Position(self.number, self.last, self.link)

    def link_of(self, seq: int) -> bytes:
        """The noted link of one of its events."""
        return self.links[(seq - self.first) * LINK_BYTES : (seq - self.first + 1) * LINK_BYTES]

    def document(self, installation: str) -> dict[str, Any]:
        """What is sealed."""
        return {
            "kind": "segment",
            "installation": installation,
            "number": self.number,
            "first": self.first,
            "last": self.last,
            "previous": self.previous.hex(),
            "link": self.link.hex(),
            "sealed_at": self.sealed_at,
            "key": self.key_id,
        }

    def sealed(self, installation: str, key: bytes) -> "Segment":
        """The segment with its MAC under this key."""
        return replace(self, mac=mac(statement(self.document(installation)), key))


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A signed statement about the chain, kept where the chain itself can't be used to contradict it.

    `checkpoint`: at this time the log reached to this position. `dropped`: everything up to it was dropped on purpose.
    """

    kind: Literal["checkpoint", "dropped"]
    installation: str
    position: Position
    at: int
    key_id: str
    mac: bytes = b""
    signature: bytes = b""

    def document(self) -> dict[str, Any]:
        """What is signed."""
        return {
            "kind": self.kind,
            "installation": self.installation,
            "segment": self.position.segment,
            "seq": self.position.seq,
            "link": self.position.link.hex(),
            "at": self.at,
            "key": self.key_id,
        }

    def line(self) -> str:
        """The whole of it as a line of JSON, without the line's end."""
        return canonical_json(self.document() | {"mac": self.mac.hex(), "signature": self.signature.hex()})

    @classmethod
    def parse(cls, line: str) -> "Mark":
        """Read a line written by `line`.

        Raises:
            ValueError: It is not such a line, to the byte.
        """
        read = json.loads(line)
        try:
            if any(type(read[name]) is not int for name in ("segment", "seq", "at")):
                raise TypeError("a number is none")
            mark = cls(
                kind=read["kind"],
                installation=read["installation"],
                position=Position(read["segment"], read["seq"], bytes.fromhex(read["link"])),
                at=read["at"],
                key_id=read["key"],
                mac=bytes.fromhex(read["mac"]),
                signature=bytes.fromhex(read["signature"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a mark: {error}") from None
        if mark.line() != line or mark.kind not in ("checkpoint", "dropped"):
            raise ValueError("not a mark as Admit writes them")
        return mark


def canonical_json(document: Mapping[str, Any]) -> str:
    """The one spelling of a document: RFC 8785 for what stands in ours (texts, whole numbers, flags, ASCII names)."""
    return _encode(document)


def statement(document: Mapping[str, Any]) -> bytes:
    """The bytes of a document that are sealed or signed."""
    return canonical_json(document).encode()


def canonical(entry: LogEntry) -> bytes:
    """The bytes of an event that its link covers: its canonical JSON, number included."""
    # Written out, since the sealer does this for every event of a busy server; a test holds it to `canonical_json`.
    _, id_, at, actor, action, target, outcome, network, details = entry
    return (
        f'{{"action":{_quoted(action)},"actor":{_quoted(actor)},"at":{at},"details":{details},"id":{_quoted(id_)},'
        f'"network":{_quoted(network)},"outcome":{_quoted(outcome)},"seq":{entry.seq},"target":{_quoted(target)}}}'
    ).encode()


def gap(seq: int) -> bytes:
    """The bytes that stand for an event which had its number and was gone before it was sealed."""
    return statement({"missing": True, "seq": seq})


def genesis(installation: str) -> Position:
    """The beginning of every chain of this installation."""
    return Position(0, 0, hashlib.sha256(b"admit audit log 1\n" + installation.encode()).digest())


def next_link(previous: bytes, event: bytes) -> bytes:
    """The link of an event, from the link before it and its bytes."""
    return hashlib.sha256(previous + event).digest()


def mac(message: bytes, key: bytes) -> bytes:
    """The seal on a statement."""
    return hmac.digest(key, message, "sha256")


def segment_of(entries: Iterable[LogEntry], *, after: Position, last: int, sealed_at: int, key_id: str) -> Segment:
    """Chain the events that follow a position, up to the number `last`; not sealed yet.

    An event that is not among them is chained as a gap: the sealer goes on, and checking names the place for ever.
    """
    present = {entry.seq: entry for entry in entries}
    link, links = after.link, bytearray()
    for seq in range(after.seq + 1, last + 1):
        entry = present.get(seq)
        link = next_link(link, gap(seq) if entry is None else canonical(entry))
        links += link
    return Segment(
        number=after.segment + 1,
        first=after.seq + 1,
        last=last,
        previous=after.link,
        link=link,
        links=bytes(links),
        sealed_at=sealed_at,
        key_id=key_id,
    )
