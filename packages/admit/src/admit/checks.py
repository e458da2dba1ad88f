"""What was checked of a token or request, top to bottom, in words for the developer and the administrator."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

LONGEST = 200
_SECRET = re.compile(r"adm_[a-z]{2,3}_[0-9A-Za-z]{6,}|eyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*){0,4}")
# Parts of an address that look as if they opened something: reset links, invitations.
_OPENING = re.compile(r"(?<=/)(?=[^/]*\d)[A-Za-z0-9_.~+=-]{24,}")

# What a check found that has nothing of its own to show.
_AS_EXPECTED = frozenset({"that", "so", "good", ""})


@dataclass(frozen=True, slots=True)
class Check:
    """One check. `expected` and `found` are short, printable, and never hold a token."""

    name: str
    expected: str
    found: str
    passed: bool


def check(name: str, expected: object, found: object, *, passed: bool) -> Check:
    """Return a check with its values written out."""
    return Check(name, shown(expected), shown(found), passed)


def shown(value: object) -> str:
    """Return a value as people read it: printable, at most 200 characters, without anything that opens a door."""
    if value is None:
        return "nothing"
    text = " ".join(sorted(map(str, value))) if isinstance(value, list | tuple | set | frozenset) else str(value)
    text = _SECRET.sub("(a token)", text[: 4 * LONGEST])
    if not text.isprintable():
        text = "".join(char if char.isprintable() else "?" for char in text)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def moment(value: object) -> str | None:
    """Return a time in seconds since 1970 as people read it, in UTC; None for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    from datetime import UTC, datetime

    try:
        return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return f"{value}"


def place(method: str | None, path: str | None) -> str:
    """Return "GET /items", with whatever could be a secret in the path left out; "" when nothing is known."""
    if path is None:
        return ""
    return shown(f"{method or ''} {_OPENING.sub('(...)', path.partition('?')[0])}".strip())


def as_text(code: str, message: str, checks: Iterable[Check]) -> str:
    """Return a refusal and its checks as lines. What was passed needs fewer words."""
    lines = [f"refused: {code}: {shown(message)}"]
    for each in checks:
        if each.passed:
            lines.append(f"  ok      {each.name}: {each.expected if each.found in _AS_EXPECTED else each.found}")
        else:
            lines.append(f"  FAILED  {each.name}: expected {each.expected}; found {each.found}")
    return "\n".join(lines)
