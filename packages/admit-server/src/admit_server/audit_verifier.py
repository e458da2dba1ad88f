"""Checks an exported audit log. One file, the standard library, nothing else of Admit: copy it to wherever the export is.

    python -m admit_server.audit_verifier EXPORT [--key-file KEYS] [--checkpoints FILE] [--json]
    python audit_verifier.py EXPORT ...          the same, where Admit is not installed

EXPORT is what `admit audit export` wrote (`-`: standard input). KEYS is what `admit audit key` wrote (checks seals) or
`admit audit key --public` (checks signatures; the one thing here that needs the package `cryptography`), or both in one file.
Without keys only the chain is checked: that finds accidents, and no forger who knows the format. Written after
docs/reference/audit-log.md on its own, so that a mistake in the server is not repeated here.

Exit codes: 0 all is as it was sealed, 1 it is not (the first bad place is named), 2 the question can't be answered.
"""

import argparse
import hashlib
import hmac
import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Record = dict[str, Any]

_TEXTS = ("action", "actor", "id", "network", "outcome", "target")
_MEMBERS = {
    "log": {"at", "first", "format", "installation", "previous"},
    "dropped": {"at", "installation", "key", "link", "mac", "segment", "seq", "signature"},
    "event": {*_TEXTS, "at", "details", "link", "seq"},
    "segment": {"first", "installation", "key", "last", "link", "mac", "number", "previous", "sealed_at"},
    "end": {"at", "first", "installation", "key", "last", "link", "mac", "previous", "signature"},
    "checkpoint": {"at", "installation", "key", "link", "mac", "segment", "seq", "signature"},
}
_NUMBERS = {"at", "first", "format", "last", "number", "sealed_at", "segment", "seq"}


class Bad(Exception):
    """Something is not as it was sealed. The text names the place and says why."""


class Unanswerable(Exception):
    """The files or keys are not what they should be."""


class Keys:
    """What `admit audit key` and `admit audit key --public` wrote; each part may be empty."""

    def __init__(self, text: str = "") -> None:
        self.seals: dict[str, bytes] = {}
        self.signatures: dict[str, bytes] = {}
        for line in text.splitlines():
            words = line.split("#", 1)[0].split()
            if not words:
                continue
            kinds = {"admit-audit-key-v1": self.seals, "admit-audit-public-key-v1": self.signatures}
            try:
                header, name, key = words
                kinds[header][name] = bytes.fromhex(key)
            except (ValueError, KeyError):
                raise Unanswerable("the key file is not what `admit audit key` writes") from None

    def check(self, record: Record, place: str) -> None:
        """Check seal and signature of a record, as far as there are keys for it."""
        message = canonical({name: value for name, value in record.items() if name not in ("mac", "signature")})
        name = record["key"]
        if self.seals:
            if name not in self.seals:
                raise Bad(f"{place}: sealed under key {name!r}, which the key file does not hold")
            if not hmac.compare_digest(
                hmac.digest(self.seals[name], message, "sha256").hex().encode(), record["mac"].encode()
            ):
                raise Bad(f"{place}: its seal does not fit")
        if self.signatures and "signature" in record:
            if name not in self.signatures:
                raise Bad(f"{place}: signed with key {name!r}, which the key file does not hold")
            if not _signed(self.signatures[name], record["signature"], message):
                raise Bad(f"{place}: its signature does not fit")


def _signed(public: bytes, signature: str, message: bytes) -> bool:
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        raise Unanswerable("checking signatures needs the package `cryptography`; seals do not") from None
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def canonical(document: Record) -> bytes:
    """The one spelling of a document that links, seals and signatures cover."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def parse(line: str, place: str) -> Record:
    """A line as a record: known members, the right types, and spelled to the byte as Admit spells it."""
    try:
        record = json.loads(line)
        fits = canonical(record) == line.encode()
    except (ValueError, RecursionError):
        raise Bad(f"{place}: it is no JSON") from None
    if not isinstance(record, dict) or record.keys() - {"kind"} != _MEMBERS.get(str(record.get("kind")), ()):
        raise Bad(f"{place}: it is no record of an audit log")
    for name, value in record.items():
        wanted = int if name in _NUMBERS else dict if name == "details" else str
        if type(value) is not wanted:
            raise Bad(f"{place}: {name} has the wrong type")
    if not fits:
        raise Bad(f"{place}: it is not spelled as Admit spells it")
    return record


class Walk:
    """One walk through an export, from its first line to its last."""

    def __init__(self, opening: str, keys: Keys) -> None:
        self.head = head = parse(opening, "line 1")
        if head["kind"] != "log":
            raise Bad("line 1: it is not the beginning of an exported audit log")
        if head["format"] != 1:
            raise Unanswerable(f"this program knows format 1, the export has format {head['format']}")
        genesis = hashlib.sha256(b"admit audit log 1\n" + head["installation"].encode()).hexdigest()
        link = re.fullmatch(r"[0-9a-f]{64}", head["previous"])
        if head["first"] < 1 or not link or (head["first"] == 1 and head["previous"] != genesis):
            raise Bad("line 1: this is not how the log of an installation begins")
        self.keys, self.seq, self.link = keys, head["first"] - 1, head["previous"]
        self.begun = (head["first"], head["previous"])  # where the segment under way begins
        self.number: int | None = None
        self.segments, self.ended = 0, False

    def step(self, line: str, number: int) -> None:
        """Check one more line."""
        place = f"line {number}, after event {self.seq}"
        if self.ended:
            raise Bad(f"{place}: something follows the end of the log")
        record = parse(line, place)
        if record["kind"] != "event" and record["installation"] != self.head["installation"]:
            raise Bad(f"{place}: it is of another installation")
        if record["kind"] == "event":
            self._event(record, f"line {number}, event {record['seq']} ({record['id']})")
        elif record["kind"] == "segment":
            span = f"events {record['first']} to {record['last']}"
            self._segment(record, f"line {number}, segment {record['number']} ({span})")
        elif record["kind"] == "dropped" and number == 2 and (record["seq"], record["link"]) == (self.seq, self.link):
            self.keys.check(record, place)
            self.number = record["segment"]
        elif record["kind"] == "end":
            self._end(record, place)
        else:
            raise Bad(f"{place}: a {record['kind']} has no place here")

    def _event(self, record: Record, place: str) -> None:
        if record["seq"] != self.seq + 1:
            raise Bad(f"{place}: event {self.seq + 1} should stand here")
        event = {name: value for name, value in record.items() if name not in ("kind", "link")}
        self.seq, self.link = self.seq + 1, hashlib.sha256(bytes.fromhex(self.link) + canonical(event)).hexdigest()
        if self.link != record["link"]:
            raise Bad(f"{place}: it, or its link, is not what was sealed")

    def _segment(self, record: Record, place: str) -> None:
        if self.number is not None and record["number"] != self.number + 1:
            raise Bad(f"{place}: segment {self.number + 1} should stand here")
        found = (*self.begun, self.seq, self.link)
        if (record["first"], record["previous"], record["last"], record["link"]) != found or self.seq < self.begun[0]:
            raise Bad(f"{place}: it is not the seal of the events before it")
        self.keys.check(record, place)
        self.begun, self.number = (self.seq + 1, self.link), record["number"]
        self.segments += 1

    def _end(self, record: Record, place: str) -> None:
        if any(record[name] != self.head[name] for name in ("first", "previous", "at")):
            raise Bad(f"{place}: this is the end of another export: its beginning was cut off or changed")
        if (record["last"], record["link"]) != (self.seq, self.link) or self.begun[0] != self.seq + 1:
            raise Bad(f"{place}: the log ended at event {record['last']}")
        self.keys.check(record, place)
        self.ended = True


def verify(lines: Iterable[str], keys: Keys, checkpoints: Iterable[str] = ()) -> Record:
    """Check an export.

    Args:
        lines: Its lines, without their ends.
        keys: What to check seals and signatures with.
        checkpoints: Lines of checkpoint files.

    Returns:
        What was checked: `installation`, `first`, `last`, `segments`, `checkpoints`.

    Raises:
        Bad: The first place that is not as it was sealed.
    """
    wanted = _checkpoints(checkpoints, keys)
    numbered = enumerate(lines, 1)
    walk = Walk(next(numbered, (1, ""))[1], keys)
    first = walk.seq + 1
    links = {walk.seq: walk.link}
    for number, line in numbered:
        walk.step(line, number)
        if walk.seq in wanted:
            links[walk.seq] = walk.link
    if not walk.ended:
        raise Bad(f"the end of the file, after event {walk.seq}: cut off")
    compared = _compare(wanted, links, walk.head, walk.seq)
    ends = {"installation": walk.head["installation"], "first": first, "last": walk.seq}
    return ends | {"segments": walk.segments, "checkpoints": compared}


def _checkpoints(lines: Iterable[str], keys: Keys) -> dict[int, list[Record]]:
    wanted: dict[int, list[Record]] = {}
    for number, line in enumerate(lines, 1):
        place = f"line {number} of the checkpoints"
        record = parse(line, place)
        if record["kind"] != "checkpoint":
            raise Bad(f"{place}: it is no checkpoint")
        keys.check(record, place)
        wanted.setdefault(record["seq"], []).append(record)
    return wanted


def _compare(wanted: dict[int, list[Record]], links: dict[int, str], head: Record, last: int) -> int:
    compared = 0
    for seq, records in sorted(wanted.items()):
        for record in records:
            if record["installation"] != head["installation"]:
                raise Bad(f"a checkpoint of event {seq} is of another installation")
            if seq > last and record["at"] <= head["at"]:
                raise Bad(f"the end of the log, after event {last}: cut off, a checkpoint saw event {seq}")
            if seq in links and links[seq] != record["link"]:
                raise Bad(f"event {seq}: a checkpoint saw another event there, or before it")
            compared += seq in links
    return compared


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="audit_verifier", description="Check an exported audit log of Admit.")
    parser.add_argument("export", help="what `admit audit export` wrote; - for standard input")
    parser.add_argument("--key-file", type=Path, metavar="KEYS", help="what `admit audit key` (or --public) wrote")
    parser.add_argument("--checkpoints", type=Path, metavar="FILE", help="the checkpoints of the server")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    chosen = parser.parse_args(arguments)
    answer: Record = {"good": False}
    try:
        keys = Keys(chosen.key_file.read_text() if chosen.key_file else "")
        checkpoints = chosen.checkpoints.read_text().split("\n") if chosen.checkpoints else []
        text = sys.stdin.buffer.read() if chosen.export == "-" else Path(chosen.export).read_bytes()
        lines = text.decode(errors="surrogateescape").split("\n")
        if lines[-1]:
            raise Bad(f"line {len(lines)}: cut off in the middle")
        answer |= verify(iter(lines[:-1]), keys, [line for line in checkpoints if line])
        answer |= {"good": True, "seals": bool(keys.seals), "signatures": bool(keys.signatures)}
    except Bad as error:
        answer["why"] = str(error)
    except (Unanswerable, OSError, UnicodeDecodeError) as error:
        sys.stderr.write(f"audit_verifier: {error}\n")
        return 2
    if chosen.json:
        sys.stdout.write(json.dumps(answer) + "\n")
    elif answer["good"]:
        proof = [name for name in ("seals", "signatures") if answer[name]]
        sys.stdout.write(
            f"Good: events {answer['first']} to {answer['last']} in {answer['segments']} segments, "
            f"{answer['checkpoints']} checkpoints; checked: links{''.join(f', {name}' for name in proof)}.\n"
        )
        if not proof:
            sys.stderr.write("Without a key file this shows no accident, but a forger could have made all of it.\n")
    else:
        sys.stderr.write(f"audit_verifier: {answer['why']}\n")
    return 0 if answer["good"] else 1


if __name__ == "__main__":
    sys.exit(main())
