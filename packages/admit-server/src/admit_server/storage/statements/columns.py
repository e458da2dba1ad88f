"""How values stand in columns: sets as space-separated words, lists and maps as JSON text."""

import json
from collections.abc import Iterable
from typing import Any

import msgspec

_decode = msgspec.json.Decoder().decode
# Made once: `json.dumps` makes an encoder of its own at each call, which costs more than the encoding.
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


def words(values: Iterable[str]) -> str:
    """A set of words in stable order."""
    return " ".join(sorted(values))


def word_set(text: str) -> frozenset[str]:
    """The set written by `words`."""
    return frozenset(text.split())


def to_json(value: Any) -> str:
    """Compact JSON with sorted keys."""
    return _encode(value)


def from_json(text: str) -> Any:
    """The value written by `to_json`."""
    return _decode(text)
