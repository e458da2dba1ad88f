"""The port of ending many at once: what a selection selects."""

from typing import Protocol

from ..domain.selection import Selection


class Selecting(Protocol):
    """Living grants or sessions that existed at a time."""

    async def count(self, selection: Selection, *, as_of: int, now: int) -> int:
        """How many there are; `as_of`: made at or before."""
        ...

    async def some(self, selection: Selection, *, as_of: int, limit: int, now: int) -> list[str]:
        """The ids of some of them."""
        ...
