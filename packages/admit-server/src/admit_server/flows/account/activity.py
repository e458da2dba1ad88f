"""Recent activity of one account, from the audit log, in words."""

from dataclasses import dataclass

from ...domain.activity import Happening, happening
from ...domain.audit import AuditEvent
from ...ports.transaction import Tx
from ..runtime import Runtime

PAGE = 20
# So many of those that wait for their numbers are shown before the first page; it's about a second's worth.
WAITING = 20
_END = 2**62


@dataclass(frozen=True, slots=True)
class ActivityPage:
    """Newest first; `next_before`: where the next page begins, None at the end."""

    happenings: tuple[Happening, ...]
    next_before: int | None


async def recent(person: str, *, before: int | None = None, limit: int | None = None, rt: Runtime) -> ActivityPage:
    """What a person did, and what was done to their account.

    Args:
        person: The id of the user.
        before: Only what stands in the log before that number; None: from the newest on.
        limit: So many of the log at most; None: `PAGE`.
        rt: The runtime.
    """
    most = limit or PAGE

    async def look(tx: Tx) -> ActivityPage:
        # The sealer moves events from the one table to the other, so those that wait are read first, and may be seen twice.
        fresh = await tx.activity.fresh(person, limit=WAITING) if before is None else []
        numbered = await tx.activity.numbered(person, before=before or _END, limit=most + 1)
        seen = {event.id for event in fresh}
        events = fresh + [event for _, event in numbered[:most] if event.id not in seen]
        names = await _names(tx, events)
        return ActivityPage(
            tuple(happening(event, person=person, names=names) for event in events),
            numbered[most - 1][0] if len(numbered) > most else None,
        )

    return await rt.store.view(look)


async def _names(tx: Tx, events: list[AuditEvent]) -> dict[str, str]:
    names: dict[str, str] = {}
    for client_id in {str(event.details["client"]) for event in events if event.details.get("client")}:
        client = await tx.clients.get(client_id)
        names[client_id] = client.name if client else "an app that is gone"
    return names
