"""Fitting what somebody wrote into a type, strictly: a member that is unknown or does not fit is named, and the nearest known one."""

import difflib
import re
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*?)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(.*?)`")
_PLACE = re.compile(r" - at `\$\.?(.*?)`\Z", re.DOTALL)


class DoesNotFit(ValueError):
    """The text names the member; `field` is where it stands."""

    def __init__(self, text: str, field: str) -> None:
        super().__init__(text)
        self.field = field


def fit(value: Any, kind: type[T], *, what: str, from_text: bool = False) -> T:
    """The value as that type.

    Args:
        value: As it was read.
        kind: The type.
        what: What it is, for the refusal: "body", "file".
        from_text: Numbers and flags are written as text.

    Raises:
        DoesNotFit: So it is.
    """
    try:
        return msgspec.convert(value, kind, strict=not from_text)
    except msgspec.ValidationError as error:
        raise _explained(str(error), kind, what=what) from None


def _explained(text: str, kind: type, *, what: str) -> DoesNotFit:
    place = _PLACE.search(text)
    where = place[1] if place else ""
    reason = text[: place.start()] if place else text
    if (unknown := _UNKNOWN.match(reason)) is not None:
        # It may be the name of a member of something further inside; it is not meant here.
        name = unknown[1][:60]
        known = sorted(_members(kind) - {name})
        near = difflib.get_close_matches(name, known, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else f" There are: {', '.join(known) or 'none'}."
        return DoesNotFit(f"There is no {_joined(where, name)!r} in the {what}.{hint}", _joined(where, name))
    if (missing := _MISSING.match(reason)) is not None:
        return DoesNotFit(f"{_joined(where, missing[1])!r} is missing.", _joined(where, missing[1]))
    return DoesNotFit(f"{where or 'The ' + what}: {reason[:200]}.", where)


def _joined(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _members(kind: Any) -> set[str]:
    """Members of a type and of the types inside it."""
    found: set[str] = set()
    types, seen = [msgspec.inspect.type_info(kind)], set[int]()
    while types:
        info = types.pop()
        if id(info) in seen:
            continue
        seen.add(id(info))
        if isinstance(info, msgspec.inspect.StructType):
            found |= {member.encode_name for member in info.fields}
            types += [member.type for member in info.fields]
        elif isinstance(info, msgspec.inspect.DictType):
            types.append(info.value_type)
        elif isinstance(info, msgspec.inspect.UnionType):
            types += info.types
    return found
