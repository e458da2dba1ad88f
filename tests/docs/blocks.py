"""Fenced blocks of a document, each with the note that says how it is tested."""

import re
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^(?P<indent> *)(?P<ticks>```+)(?P<language>\w*)\s*$")
_NOTE = re.compile(r"^ *<!-- test: (?P<kind>[a-z]+)(?: (?P<detail>.*?))? *-->$")

KINDS = {
    "run": "a shell runs it, in the document's own folder",
    "background": "a shell runs it until the document ends; the detail is the address that has to answer first",
    "output": "what the block before it printed, line by line; … stands for anything",
    "python": "Python runs it",
    "file": "written to the file that the detail names",
    "settings": "the server reads it as admit.toml",
    "demo": "`make run`: its script is started with the ports of the test",
    "make": "the target is in the Makefile; what it makes is looked at",
    "sql": "run as its administrator on a PostgreSQL that the test made",
    "parts": "run by the test that the detail names",
    "shown": "no command: the detail says what it shows",
}
CODE = frozenset({"sh", "bash", "shell", "console", "python", "py"})


class BadBlock(ValueError):
    """A block that nothing would test; the message names document and line."""


@dataclass(frozen=True)
class Block:
    """One fenced block. `line` is that of its fence."""

    document: str
    line: int
    language: str
    kind: str
    detail: str
    text: str

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"


def blocks_of(document: str, text: str) -> list[Block]:
    """Every block of a document.

    Raises:
        BadBlock: A block has no note, an unknown one, or is code that would not be run.
    """
    found: list[Block] = []
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        fence = _FENCE.match(lines[number])
        if fence is None:
            number += 1
            continue
        begins = number
        indent = len(fence["indent"])
        number += 1
        body: list[str] = []
        while number < len(lines) and lines[number].strip() != fence["ticks"]:
            body.append(lines[number][indent:])
            number += 1
        number += 1
        note = _NOTE.match(lines[begins - 1]) if begins else None
        found.append(_block(document, begins + 1, fence["language"], note, "\n".join(body) + "\n"))
    return found


def _block(document: str, line: int, language: str, note: re.Match[str] | None, text: str) -> Block:
    where = f"{document}:{line}"
    if note is None:
        raise BadBlock(f"{where}: the block has no <!-- test: ... --> above it, so nothing would test it")
    kind, detail = note["kind"], note["detail"] or ""
    if kind not in KINDS:
        raise BadBlock(f"{where}: there is no way {kind!r} to test a block; known are {', '.join(KINDS)}")
    if kind == "shown" and (language in CODE or not detail):
        raise BadBlock(f"{where}: only what is no command may be shown untested, and the note says what it is")
    if kind in ("file", "background", "parts") and not detail:
        raise BadBlock(f"{where}: {kind} needs to know more: {KINDS[kind]}")
    return Block(document, line, language, kind, detail, text)


def exists(test: str, root: Path) -> bool:
    """Whether `path::test_name` names a test."""
    path, _, name = test.partition("::")
    return (root / path).is_file() and f"def {name}(" in (root / path).read_text(encoding="utf-8")
