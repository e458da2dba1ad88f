"""The port of what happened to one person's account."""

from typing import Protocol

from ..domain.audit import AuditEvent


class Activity(Protocol):
    """Audit events that a person did, or that were done to them."""

    async def fresh(self, user_id: str, *, limit: int) -> list[AuditEvent]:
        """Those that wait for their numbers, newest first."""
        ...

    async def numbered(self, user_id: str, *, before: int, limit: int) -> list[tuple[int, AuditEvent]]:
        """Those with numbers below `before`, newest first."""
        ...
