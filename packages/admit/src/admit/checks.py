"""What was checked of a token or request, top to bottom, in words for the developer and the administrator."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

LONGEST = 200
_SECRET = re.compile(r"adm_[a-z]{2,3}_[0-9A-Za-z]{6,}|eyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*){0,4}")
# Parts of an address that look as if they opened something: reset links, invitations.
_OPENING = re.compile(r"(?<=/)(?=[^/]*\d)[A-Za-z0-9_.~+=-]{24,}")


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


def place(method: str | None, path: str | None) -> str:
    """Return "GET /items", with whatever could be a secret in the path left out; "" when nothing is known."""
    if path is None:
        return ""
    return shown(f"{method or ''} {_OPENING.sub('(...)', path.partition('?')[0])}".strip())


def as_text(code: str, checks: Iterable[Check]) -> str:
    """Return a refusal and its checks as lines."""
    lines = [f"refused: {code}"]
    for each in checks:
        mark = "ok    " if each.passed else "FAILED"
        lines.append(f"  {mark}  {each.name}: expected {each.expected}; found {each.found}")
    return "\n".join(lines)
