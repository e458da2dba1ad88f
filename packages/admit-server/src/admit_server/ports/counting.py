"""The port of counted tokens."""

from typing import Protocol

from ..domain.counting import Count, NewCount, UseAnswer


class Counting(Protocol):
    """One-use, N-use and idle tokens."""

    async def begin(self, count: NewCount) -> None:
        """Begin to count a token at its issue."""
        ...

    async def use(self, token_id: str, *, use_id: str | None, now: int) -> UseAnswer:
        """Count one use. Of any number of callers racing for N uses, exactly N get "counted".

        A repeat with the same `use_id` within a minute of a counted use gets "counted" again and is no second use; later it is
        "use_id_stale". Refusals are not remembered: a spent token stays spent.
        """
        ...

    async def take(self, token_id: str, *, uses: int, now: int) -> UseAnswer:
        """Take uses of one token away, to give them to another. "counted": all of them were there, and are taken. Else none is.

        Whatever races: of N uses N are given away or used, never more.
        """
        ...

    async def look(self, token_id: str) -> Count | None:
        """Where it stands; never counts. None: not a counted token, or one that has long expired."""
        ...

    async def is_repeat(self, token_id: str, use_id: str) -> bool:
        """Whether this use id was counted already."""
        ...
