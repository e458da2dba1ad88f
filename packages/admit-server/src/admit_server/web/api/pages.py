"""Lists in pages: the cursor says after what the next page begins, so what is added or removed meanwhile moves nothing."""

import base64
import binascii
from typing import Any

from .operations import Paged
from .problems import BadInput


def after(query: Paged) -> str:
    """What the page before ended with; '' for the first page.

    Raises:
        BadInput: The cursor is none of ours.
    """
    if query.cursor is None:
        return ""
    try:
        text = base64.b64decode(query.cursor + "=" * (-len(query.cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError, ValueError):
        raise _bad() from None
    if not text or "\x00" in text or cursor(text) != query.cursor:
        raise _bad()
    return text


def cursor(key: str | None) -> str | None:
    """The cursor of a page that ends with that key; None: it is the last page."""
    return None if key is None else base64.urlsafe_b64encode(key.encode()).rstrip(b"=").decode()


def numbers(text: str, *, count: int) -> list[Any]:
    """The parts of a key that has several: all but the last are numbers.

    Raises:
        BadInput: It has not.
    """
    parts = text.split(" ", count - 1)
    if len(parts) != count or not all(p.isascii() and p.isdigit() and len(p) <= 18 for p in parts[:-1]):
        raise _bad()
    return [*map(int, parts[:-1]), parts[-1]]


def time_and_id(query: Paged) -> tuple[int, str] | None:
    """Time and id of what the page before ended with, of lists that are newest first; None for the first page.

    Raises:
        BadInput: The cursor is none of ours.
    """
    text = after(query)
    if not text:
        return None
    at, name = numbers(text, count=2)
    return at, name


def _bad() -> BadInput:
    return BadInput(422, "The cursor is not one of this list.", field="cursor")
