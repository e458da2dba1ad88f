"""What happened to one person's account."""

from ...domain.audit import AuditEvent
from ...ports.store import Statements
from .security import EVENT, event_of

# As the partial indexes of migration 0016 say it, word by word: SQLite uses one only where the query holds its very terms.
_ACTORS = "actor >= 'usr_' AND actor < 'usr`'"
_TARGETS = "target >= 'usr_' AND target < 'usr`'"


class ActivityStatements:
    """`ports.activity.Activity`."""

    def __init__(self, tx: Statements) -> None:
        self._tx = tx

    async def fresh(self, user_id: str, *, limit: int) -> list[AuditEvent]:
        # Without an index, on purpose (migration 0002): what waits is sealed each second, and little.
        rows = await self._tx.all(
            f"""SELECT {EVENT} FROM audit_event WHERE actor = :user_id OR target = :user_id
                 ORDER BY at DESC, nth DESC, id DESC LIMIT :limit""",
            user_id=user_id,
            limit=limit,
        )
        return [event_of(row) for row in rows]

    async def numbered(self, user_id: str, *, before: int, limit: int) -> list[tuple[int, AuditEvent]]:
        rows = await self._tx.all(
            f"""SELECT seq, {EVENT} FROM
                   (SELECT * FROM (SELECT seq, {EVENT} FROM audit_log
                                    WHERE actor = :user_id AND {_ACTORS} AND seq < :before
                                    ORDER BY seq DESC LIMIT :limit) AS did
                    UNION
                    SELECT * FROM (SELECT seq, {EVENT} FROM audit_log
                                    WHERE target = :user_id AND {_TARGETS} AND seq < :before
                                    ORDER BY seq DESC LIMIT :limit) AS met) AS found
                 ORDER BY seq DESC LIMIT :limit""",
            user_id=user_id,
            before=before,
            limit=limit,
        )
        return [(row[0], event_of(row[1:])) for row in rows]
