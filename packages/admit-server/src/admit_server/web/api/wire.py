"""Reading and writing JSON, strictly: each member once, no member unknown, and a refusal names the one that is wrong."""

import base64
import hashlib
import json
from typing import Any, TypeVar
from urllib.parse import unquote

import msgspec

from ...flows.admin.fitting import DoesNotFit, fit
from .operations import Wire
from .problems import BadInput

T = TypeVar("T")
_DEEPEST = 16
_encoder = msgspec.json.Encoder(order="sorted")


def encode(answer: Wire) -> bytes:
    """The JSON text, members in the order of their names, so that the same thing is always the same text."""
    return _encoder.encode(answer)


def etag(body: bytes) -> str:
    """A strong validator of a representation (RFC 9110 section 8.8.3)."""
    return f'"{base64.urlsafe_b64encode(hashlib.sha256(body).digest()[:15]).decode()}"'


def parse(body: bytes) -> Any:
    """A JSON text.

    Raises:
        BadInput: Not JSON (RFC 8259), a member twice, nested too deep, NUL, or text that is none.
    """
    try:
        value = json.loads(body.decode(), object_pairs_hook=_once, parse_constant=_no_constant)
        _check_text(value, depth=0)
    except _Refused as refused:
        raise BadInput(400, str(refused)) from None
    except (ValueError, RecursionError):
        raise BadInput(400, "The body is not JSON.") from None
    return value


def convert(value: Any, kind: type[T], *, what: str, from_text: bool = False) -> T:
    """The value as that type.

    Args:
        value: As parsed.
        kind: The type.
        what: "body" or "query", for the refusal.
        from_text: Numbers and flags are written as text.

    Raises:
        BadInput: It does not fit; names the member.
    """
    try:
        return fit(value, kind, what=what, from_text=from_text)
    except DoesNotFit as error:
        raise BadInput(422, str(error), field=error.field) from None


def path_parts(raw: bytes) -> list[str]:
    """The decoded parts of an address as it was sent: a `%2F` inside a part stays in it.

    Raises:
        BadInput: Not UTF-8 behind the percent signs, or NUL.
    """
    try:
        parts = [unquote(part, errors="strict") for part in raw.decode("ascii").split("/")]
    except UnicodeDecodeError:
        raise BadInput(400, "The address is not URL-encoded UTF-8.") from None
    if any("\x00" in part for part in parts):
        raise BadInput(400, "The address contains a NUL character.")
    return parts


class _Refused(ValueError):
    pass


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _Refused(f"The member {name[:40]!r} is there twice.")
        found[name] = value
    return found


def _no_constant(name: str) -> Any:
    raise _Refused(f"{name} is no JSON.")


def _check_text(value: Any, *, depth: int) -> None:
    if depth > _DEEPEST:
        raise _Refused(f"The body is nested deeper than {_DEEPEST} levels.")
    if isinstance(value, str):
        if "\x00" in value:
            raise _Refused("A text contains a NUL character.")
        try:
            value.encode()
        except UnicodeEncodeError:
            raise _Refused("A text contains half of a surrogate pair.") from None
    elif isinstance(value, dict):
        for name, inner in value.items():
            _check_text(name, depth=depth)
            _check_text(inner, depth=depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _check_text(inner, depth=depth + 1)
