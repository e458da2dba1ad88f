"""JSON objects from strangers: UTF-8 only, bounded nesting, no NaN, no infinities, no lone surrogates."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NoReturn

from admit.jose.errors import Malformed

MAX_DEPTH = 16


def parse_object(data: bytes, *, what: str, unique: bool) -> dict[str, Any]:
    """Parse one JSON object.

    Args:
        data: UTF-8 text.
        what: Named in the message of the error ("header", "payload").
        unique: Refuse a member that stands twice at any level. Otherwise the last one wins (RFC 7519 section 4 allows
            either; RFC 7515 section 4 allows either for headers, where an attacker gains more from a second reading).

    Raises:
        Malformed: Anything else than one well-formed object within the limits.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed(f"the {what} is not UTF-8") from None
    if _deeper_than(text, MAX_DEPTH):
        raise Malformed(f"the {what} is nested more than {MAX_DEPTH} deep")
    try:
        value = (_UNIQUE if unique else _LAST_WINS).decode(text)
    except Malformed as error:
        raise Malformed(f"the {what}: {error}") from None
    except (ValueError, RecursionError):
        raise Malformed(f"the {what} is not JSON") from None
    if not isinstance(value, dict):
        raise Malformed(f"the {what} is not a JSON object")
    if "\\u" in text:
        _refuse_lone_surrogates(value, what)
    return value


def _deeper_than(text: str, limit: int) -> bool:
    if text.count("{") + text.count("[") <= limit:
        return False
    depth = 0
    in_string = escaped = False
    for char in text:
        if in_string:
            if escaped:
                escaped = False
            elif char == "\\":
                escaped = True
            elif char == '"':
                in_string = False
        elif char == '"':
            in_string = True
        elif char in "{[":
            depth += 1
            if depth > limit:
                return True
        elif char in "}]":
            depth -= 1
    return False


def _no_constant(name: str) -> NoReturn:
    raise Malformed(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise Malformed("a number is out of range")
    return value


def flat_json(data: bytes) -> Any:
    """Parse JSON as `parse_object` does, but for the nesting, which is left to the caller; refuses some rare good texts.

    Raises:
        ValueError, RecursionError, StopIteration, Malformed: The text is none, or one of those.
    """
    text = data.decode("utf-8")
    if "\\u" in text:  # it may hold half a character
        return parse_object(data, what="payload", unique=False)
    value, end = _scanned(text, 0)
    if end != len(text):
        raise ValueError("more follows")
    return value


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Malformed("a member stands twice")
    return members


def _refuse_lone_surrogates(value: dict[str, Any], what: str) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise Malformed(f"the {what} holds half a character (a lone surrogate)") from None


# Made once: `json.loads` with hooks makes a decoder for each call.
_LAST_WINS = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite)
_UNIQUE = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite, object_pairs_hook=_unique_members)
_scanned: Callable[[str, int], tuple[Any, int]] = _LAST_WINS.scan_once  # type: ignore[attr-defined]
