"""What people and programs see: JSON documents, aligned columns, times. Data goes to standard output, words to standard error."""

import json
import os
import sys
import time
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

import typer

from .refusal import Refused

# What a shell reports for a program that ended because nobody reads its output any more (128 + SIGPIPE).
BROKEN_PIPE = 141
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def emit(text: str) -> None:
    """Write text to standard output, all of it, now."""
    try:
        sys.stdout.write(text if not text or text.endswith("\n") else text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader (`head`, a pager) has seen enough. What is buffered would fail again when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(BROKEN_PIPE) from None
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise Refused(f"What was asked is done, but the answer can't be written: {error.strerror}.") from None


def tell(text: str) -> None:
    """Write a sentence to standard error."""
    try:
        sys.stderr.write(clean(text) + "\n")
        sys.stderr.flush()
    except OSError:
        pass  # nobody listens, and there is nowhere else to say it


def as_json(document: Any) -> str:
    """One JSON document, indented for the eye."""
    return json.dumps(document, ensure_ascii=False, indent=2)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Aligned columns under their heads; '' when there are no rows."""
    cells = [[clean(cell) for cell in row] for row in rows]
    if not cells:
        return ""
    lines = [[head.upper() for head in heads], *cells]
    widths = [max(_width(line[column]) for line in lines) for column in range(len(heads))]
    return "\n".join("  ".join(map(_pad, line, widths)).rstrip() for line in lines)


def record(pairs: Iterable[tuple[str, str]]) -> str:
    """One thing: a line for each of its values."""
    known = [(name, clean(value)) for name, value in pairs]
    width = max((_width(name) for name, _ in known), default=0)
    return "\n".join(f"{_pad(name, width)}  {value or '-'}" for name, value in known)


def when(at: int | None, *, now: float | None = None) -> str:
    """A time (seconds, UTC) as people here write it, and how far off it is: `2026-07-30 13:54 (in 5 min)`."""
    if at is None:
        return "-"
    distance = at - int(time.time() if now is None else now)
    local = time.strftime("%Y-%m-%d %H:%M", time.localtime(at))
    if abs(distance) < 1:
        return f"{local} (now)"
    return f"{local} (in {span(distance)})" if distance > 0 else f"{local} ({span(-distance)} ago)"


def span(seconds: int) -> str:
    """A length of time in its largest fitting unit, rounded down: `5 min`, `3 d`."""
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return "0 s"


def exactly(seconds: int) -> str:
    """A length of time without rounding: `15m`, `1h30m`, as it is written on the command line."""
    parts: list[str] = []
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")):
        amount, seconds = divmod(seconds, size)
        if amount:
            parts.append(f"{amount}{unit}")
    return "".join(parts) or "0s"


def clean(text: str) -> str:
    """Text that can't move the cursor or recolour the terminal: what strangers wrote (a browser's name) is shown here too."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def yes(flag: object) -> str:
    """A flag in a column."""
    return "yes" if flag else "no"


def _width(text: str) -> int:
    """Columns that a terminal needs: East Asian characters take two, combining marks none."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _pad(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
