"""The port of counted tokens."""

from typing import Protocol

from ..domain.counting import NewCount, UseAnswer


class Counting(Protocol):
    """One-use, N-use and idle tokens."""

    async def begin(self, count: NewCount) -> None:
        """Begin to count a token at its issue."""
        ...

    async def use(self, token_id: str, *, use_id: str | None, now: int) -> UseAnswer:
        """Count one use. Of any number of callers racing for N uses, exactly N get "counted".

        A repeat with the same `use_id` within a minute gets the first answer and is no second use.
        """
        ...

    async def left(self, token_id: str) -> tuple[int | None, int] | None:
        """Uses left (None: not limited) and the last use; for looking, never counts. None: not a counted token."""
        ...
