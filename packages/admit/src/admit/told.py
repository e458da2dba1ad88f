"""What a source of keys or revocations tells of itself, if it does; whoever writes one needs to know nothing of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def told(source: object, name: str, *, beside: str) -> Callable[..., Any] | None:
    """Return the method `name` of a source; None where it has none, or one that it inherits while `beside` is its own.

    Who writes a class that refuses more, and leaves the rest to ours, means that to count for every token.
    """
    for members in (getattr(source, "__dict__", {}), *map(vars, type(source).__mro__)):
        if name in members:
            found: Callable[..., Any] = getattr(source, name)
            return found
        if beside in members:
            return None
    return None


def never() -> None:
    """Of sources that don't tell: everything is looked up each time."""


def always() -> int:
    """Of no revocations: nothing ever comes."""
    return 0
