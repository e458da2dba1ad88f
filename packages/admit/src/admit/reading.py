"""Claims read in one go into attributes: faster than a dictionary whose values have to be looked at one by one.

Only with `admit[fast]`. An issuer's tokens nearly always make the same claims; a reader for these is made from the good tokens
that came, and it refuses whatever is not exactly so. Who is refused by it is read the other way, which decides.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from admit.jose.accelerators import NEEDED, JsonDecode, Member, json_reader
from admit.jose.claims import LAST_SECOND, TEXTS, TIMES

_MOST_CLAIMS = 64
_MOST_READERS = 16
# Judged each time they are shown, or of a form of their own.
_NOT_PLAIN = frozenset({"limits", "cnf", "parents"})
_SECONDS = range(LAST_SECOND + 1)
# What `quick` and `Principal` ask of every token, whether it is there or not. A token without iat was issued before everything.
_ASKED = {
    "iss": "",
    "sub": "",
    "aud": "",
    "sid": None,
    "grant": None,
    "jti": None,
    "scope": None,
    "exp": 0,
    "nbf": 0,
    "iat": 0,
    "auth_time": 0,
}
_KINDS: dict[str, Any] = {
    **dict.fromkeys(TEXTS, str),
    **dict.fromkeys(TIMES, _SECONDS),
    "aud": str | list[str],
    "amr": list[str],
}
_SCALAR = str | int | float | bool | None


class Reader:
    """Reads the claims that tokens with one header made so far.

    Attributes:
        read: JSON -> an object with the registered claims as attributes. It raises a ValueError or RecursionError for claims of
            other names or types, and for missing ones. None where there is no such reader, or the last token did not fit it.
        nested: Some claim may be a list or an object, whose depth is not bounded by its type.
    """

    __slots__ = ("_kinds", "_made", "_reader", "_required", "nested", "read")
    nested: bool
    read: JsonDecode | None

    def __init__(self, required: Collection[str]) -> None:
        self._required, self._made = required, 0
        self._kinds: dict[str, Any] = {name: _KINDS[name] for name in _ASKED}
        self._reader: JsonDecode | None = None
        self.read, self.nested = None, False

    def learn(self, said: Mapping[str, Any]) -> None:
        """Be ready for more tokens like one that was good."""
        if not _NOT_PLAIN.isdisjoint(said):
            return
        # In the order in which they came: so they are found fastest.
        known = self._kinds
        kinds = {name: Any if known.get(name) is Any else _kind(name, value) for name, value in said.items()}
        kinds |= {name: kind for name, kind in known.items() if name not in kinds}
        if self._reader is None or kinds != self._kinds:
            if self._made >= _MOST_READERS or len(kinds) > _MOST_CLAIMS:
                return
            self._kinds, self._made = kinds, self._made + 1
            try:
                self._reader = json_reader(self._members())
            except ValueError:  # of a name that JSON writes with an escape
                self._made = _MOST_READERS
            # Before `read`, and never taken back: whoever reads in between looks once too often.
            self.nested = Any in kinds.values()
        self.read = self._reader

    def _members(self) -> Iterator[Member]:
        for number, (name, kind) in enumerate(self._kinds.items()):
            attribute = name if name in _ASKED else f"own{number}"
            yield attribute, name, kind, NEEDED if name in self._required else _ASKED.get(name)


def _kind(name: str, value: object) -> Any:
    return _KINDS.get(name) or (Any if isinstance(value, list | dict) else _SCALAR)
