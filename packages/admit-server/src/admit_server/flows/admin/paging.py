"""Lists in pages: what was found, and where the next page begins."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

# The most rows that may be read inline, on the loop's own connection.
LARGEST_PAGE = 200


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items in order. `next_after` is what to give as `after` for the next page; None when this is the last."""

    items: tuple[T, ...]
    next_after: str | None


def page_of(items: list[T], *, limit: int, last_key: str) -> Page[T]:
    """A page; a full one may be followed by another."""
    return Page(tuple(items), last_key if len(items) == limit else None)
