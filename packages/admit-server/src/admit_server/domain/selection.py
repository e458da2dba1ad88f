"""Selecting many grants or sessions at once, to end them: `client=shop and age>7d`."""

import re
from dataclasses import dataclass
from typing import Literal

from .errors import NotAllowed

Operator = Literal["=", "!=", "<", ">"]
What = Literal["grants", "sessions"]
MOST_CONDITIONS = 10
_CONDITION = re.compile(r"(?P<field>[a-z_]+)\s*(?P<operator>!=|=|<|>)\s*(?P<value>\"[^\"]*\"|[^\s\"]+)\Z")
_AND = re.compile(r"\s+and\s+(?=(?:[^\"]*\"[^\"]*\")*[^\"]*\Z)")
# The unit has to be said: whoever writes "age>7" means days, and would end what is seven seconds old.
_SPAN = re.compile(r"(?P<number>[0-9]{1,9})(?P<unit>[smhdw])\Z")
_UNIT_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}

# What may be asked of each: equality, or, for lengths of time, longer and shorter ago.
_EQUAL: dict[What, frozenset[str]] = {
    "grants": frozenset({"user", "client", "resource", "session", "role", "scope", "format", "acr"}),
    "sessions": frozenset({"user", "role", "network", "acr"}),
}
_SPANS: dict[What, frozenset[str]] = {
    "grants": frozenset({"age", "signed_in"}),
    "sessions": frozenset({"age", "signed_in"}),
}


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition. `value` is a text, or for `age` and `signed_in` seconds."""

    field: str
    operator: Operator
    value: str | int


@dataclass(frozen=True, slots=True)
class Selection:
    """What has to hold, all of it. Never empty: everything at once is another command."""

    what: What
    conditions: tuple[Condition, ...]


def parse_selection(text: str, *, what: What) -> Selection:
    """Read conditions that are joined by `and`.

    Raises:
        NotAllowed: It is empty, or a condition can't be read; the text says which, and what there is.
    """
    parts = [part.strip() for part in _AND.split(text.strip())]
    if not parts or not parts[0]:
        raise NotAllowed(f'Say which, for example "client=shop and age>7d". {_there_is(what)}')
    if len(parts) > MOST_CONDITIONS:
        raise NotAllowed(f"At most {MOST_CONDITIONS} conditions.")
    return Selection(what, tuple(_condition(part, what) for part in parts))


def _condition(text: str, what: What) -> Condition:
    match = _CONDITION.match(text)
    if match is None:
        raise NotAllowed(f"{text[:80]!r} can't be read as a condition. {_there_is(what)}")
    name, operator, value = match["field"], match["operator"], match["value"].strip('"')
    if name in _SPANS[what]:
        span = _SPAN.match(value)
        if span is None or operator not in ("<", ">"):
            raise NotAllowed(
                f"{text[:80]!r}: {name} is longer (>) or shorter (<) than a span such as 90s, 15m, 1h or 30d."
            )
        return Condition(name, operator, int(span["number"]) * _UNIT_S[span["unit"]])  # type: ignore[arg-type]
    if name not in _EQUAL[what]:
        raise NotAllowed(f"There is no {name!r} to select {what} by. {_there_is(what)}")
    if operator not in ("=", "!=") or not value:
        raise NotAllowed(f"{text[:80]!r}: {name} is equal (=) or not equal (!=) to a value.")
    return Condition(name, operator, value)  # type: ignore[arg-type]


def _there_is(what: What) -> str:
    return f"There is {', '.join(sorted(_EQUAL[what]))} (= or !=), {', '.join(sorted(_SPANS[what]))} (< or >)."
