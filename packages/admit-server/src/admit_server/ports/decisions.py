"""Port of recorded decisions."""

from typing import Protocol

from ..domain.decision import Batch


class Decisions(Protocol):
    """What was decided, in batches."""

    async def add(self, batch: Batch) -> None: ...

    async def page(self, *, after: tuple[int, str], until: int, limit: int) -> list[Batch]:
        """The next batches in the order of their writing.

        Args:
            after: Time and id of the last one that was read.
            until: Only those written before that time (seconds, UTC).
            limit: So many at most.
        """
        ...

    async def oldest(self) -> int | None:
        """When the oldest batch was written; None when there is none."""
        ...

    async def forget(self, *, before: int, limit: int) -> int:
        """Delete some of the batches that were written before a time; how many."""
        ...
