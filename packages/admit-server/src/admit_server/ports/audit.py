"""Ports of the sealed audit log: what the sealer, its checkers and its readers need. Appending is `ports.security.Audit`."""

from typing import Protocol

from ..domain.audit_chain import LogEntry, LogHead, Mark, Segment


class AuditLog(Protocol):
    """Numbered events, and the segments that seal them. New events wait outside until they get their numbers."""

    async def head(self, installation: str) -> LogHead:
        """How far events are numbered and sealed."""
        ...

    async def waiting(self, *, most: int) -> int:
        """How many events wait for their numbers; counted up to `most`."""
        ...

    async def number(self, *, after: int, limit: int) -> int | None:
        """Give the next numbers to as many waiting events, in the order in which they were written.

        Of any number of sealers that saw the same `after`, exactly one does it.

        Returns:
            The last number given, `after` when nothing waits; None when another sealer was quicker.
        """
        ...

    async def seal(self, segment: Segment) -> bool:
        """Keep a segment if the log still ends where it begins; False when another sealer was quicker."""
        ...

    async def entries(self, *, first: int, last: int, limit: int) -> list[LogEntry]:
        """Numbered events of a range that are there, in order."""
        ...

    async def newest(self, *, limit: int) -> list[LogEntry]:
        """The newest numbered events, in order."""
        ...

    async def segments(self, *, after: int, limit: int) -> list[Segment]:
        """Segments after a number, in order."""
        ...

    async def segment_before(self, at: int) -> int:
        """The number of the last segment before the first that was sealed at that time or later."""
        ...

    async def edges(self) -> tuple[int | None, int | None]:
        """The smallest and the greatest number of an event that is there."""
        ...

    async def dropped(self, installation: str) -> Mark | None:
        """Up to where the log was dropped on purpose."""
        ...

    async def drop(self, mark: Mark, *, was: int) -> bool:
        """Delete everything up to a mark, and keep the mark; False when `was` is not the last number dropped any more."""
        ...


class Witness(Protocol):
    """Where checkpoints are kept: outside the database."""

    async def add(self, line: str) -> None:
        """Keep a line, durably.

        Raises:
            OSError: It can't be written.
        """
        ...

    async def lines(self) -> list[str]:
        """Every line; none where nothing was ever kept.

        Raises:
            OSError: They can't be read.
        """
        ...
