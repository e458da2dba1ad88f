"""Counters of failures, audit, and the sweeping of what matters no more."""

import itertools
from collections.abc import Sequence

from ...domain.audit import AuditEvent
from ...domain.throttle import Counter
from ...ports.store import Row, Statements
from .columns import from_json, to_json
from .denials import DenialStatements


class ThrottleStatements:
    """`ports.security.Throttles`."""

    def __init__(self, tx: Statements) -> None:
        self._tx = tx

    async def get(self, counter: bytes) -> Counter | None:
        row = await self._tx.one(
            "SELECT failures, window_started_at, blocked_until FROM throttle WHERE counter = :counter", counter=counter
        )
        return Counter(*row) if row else None

    async def of(self, counters: Sequence[bytes]) -> dict[bytes, Counter]:
        names = {f"counter_{n}": counter for n, counter in enumerate(counters)}
        rows = await self._tx.all(
            f"""SELECT counter, failures, window_started_at, blocked_until FROM throttle
                WHERE counter IN ({", ".join(f":{name}" for name in names)})""",
            **names,
        )
        return {bytes(row[0]): Counter(*row[1:]) for row in rows}

    async def compare_and_set(self, counter: bytes, *, was: Counter | None, becomes: Counter, expires_at: int) -> bool:
        if was is None:
            return (
                await self._tx.run(
                    """INSERT INTO throttle (counter, failures, window_started_at, blocked_until, expires_at)
                   VALUES (:counter, :failures, :started, :blocked, :expires_at) ON CONFLICT (counter) DO NOTHING""",
                    counter=counter,
                    failures=becomes.failures,
                    started=becomes.window_started_at,
                    blocked=becomes.blocked_until,
                    expires_at=expires_at,
                )
                == 1
            )
        return (
            await self._tx.run(
                """UPDATE throttle SET failures = :failures, window_started_at = :started, blocked_until = :blocked,
                                   expires_at = :expires_at
                WHERE counter = :counter AND failures = :was_failures AND window_started_at = :was_started""",
                failures=becomes.failures,
                started=becomes.window_started_at,
                blocked=becomes.blocked_until,
                expires_at=expires_at,
                counter=counter,
                was_failures=was.failures,
                was_started=was.window_started_at,
            )
            == 1
        )

    async def clear(self, counter: bytes) -> bool:
        return await self._tx.run("DELETE FROM throttle WHERE counter = :counter", counter=counter) == 1


EVENT = "id, at, actor, action, target, outcome, network, details"
# Events of one second are put in the order in which this process wrote them.
_written = itertools.count()


def event_of(row: Row) -> AuditEvent:
    """The event of a row that was read as `EVENT`."""
    return AuditEvent(
        id=row[0],
        at=row[1],
        actor=row[2],
        action=row[3],
        target=row[4],
        outcome=row[5],
        network=row[6],
        details=from_json(row[7]),
    )


class AuditStatements:
    """`ports.security.Audit`."""

    def __init__(self, tx: Statements) -> None:
        self._tx = tx

    async def append(self, event: AuditEvent) -> None:
        await self._tx.run(
            """INSERT INTO audit_event (id, at, actor, action, target, outcome, network, details, nth)
               VALUES (:id, :at, :actor, :action, :target, :outcome, :network, :details, :nth)""",
            id=event.id,
            at=event.at,
            actor=event.actor,
            action=event.action,
            target=event.target,
            outcome=event.outcome,
            network=event.network,
            details=to_json(event.details) if event.details else "{}",
            nth=next(_written),
        )

    async def latest(self, *, limit: int) -> list[AuditEvent]:
        # The sealer moves events from the one table to the other, so those that wait are read first, and may be seen twice.
        fresh = await self._tx.all(
            f"SELECT {EVENT} FROM audit_event ORDER BY at DESC, nth DESC, id DESC LIMIT :limit", limit=limit
        )
        known = {row[0] for row in fresh}
        older = await self._tx.all(f"SELECT {EVENT} FROM audit_log ORDER BY seq DESC LIMIT :limit", limit=limit)
        return [event_of(row) for row in (*fresh, *(row for row in older if row[0] not in known))][:limit]


# What may go, and when: the table, its key, and the condition. A refresh token or code stays as long as a second use of it must be
# recognised; a revocation as long as a token that it names could be accepted. Sessions and grants outlive what hangs on them.
_KEEP_ENDED_S = 30 * 86_400
_SWEPT = (
    ("authorization_code", "digest", "keep_until <= :now"),
    ("refresh_token", "digest", "keep_until <= :now"),
    ("access_token", "digest", "expires_at <= :past"),
    # The newest one stays: followers stand on it, and without it they would have to be sent away before the next one.
    ("revocation", "seq", "until_at <= :now AND seq < (SELECT h.seq FROM feed_head h WHERE h.id = 1)"),
    ("dpop_proof", "digest", "keep_until <= :now"),
    ("throttle", "counter", "expires_at <= :now"),
    ("act_answer", "holder, key_digest", "expires_at <= :now"),
    ("counted_token", "token_id", "expires_at <= :now"),
    # Far longer than a repeat of the same use is answered.
    ("token_use", "token_id, use_id", "at <= :hour_ago"),
    ("denial", "id", "at <= :past"),
    ("personal_token", "id", "expires_at <= :past"),
    # Later than the cookie that tells the browser (`web.security.DEVICE_COOKIE_S`).
    ("known_device", "user_id, digest", "last_seen_at <= :year_ago"),
    ("one_use_link", "digest", "expires_at <= :now"),
    # One for each exchange, so there may be many.
    ("access_grant", "id", "descent IS NOT NULL AND expires_at <= :day_ago"),
    ("lease", "id", "ended_at <= :past"),
    ("access_grant", "id", "expires_at <= :past AND jwt_alive_until <= :past"),
    (
        "session",
        "id",
        "expires_at <= :past AND jwt_alive_until <= :past AND NOT EXISTS (SELECT 1 FROM access_grant g WHERE g.session_id = session.id)",
    ),
)


class SweepStatements:
    """`ports.security.Sweeping`."""

    def __init__(self, tx: Statements) -> None:
        self._tx = tx

    async def sweep(self, *, now: int, limit: int) -> int:
        gone = 0
        ages = {"past": _KEEP_ENDED_S, "hour_ago": 3600, "day_ago": 86_400, "year_ago": 400 * 86_400, "now": 0}
        for table, key, condition in _SWEPT:
            params: dict[str, str | int | bytes | None] = {"limit": limit}
            params |= {name: now - age for name, age in ages.items() if f":{name}" in condition}
            gone += await self._tx.run(
                f"DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE {condition} LIMIT :limit)",
                **params,
            )
        # A reuse window is at most 300 s (`TokenPolicy`); after it nobody may open the successor any more.
        await self._tx.run(
            "UPDATE refresh_token SET sealed_successor = NULL WHERE sealed_successor IS NOT NULL AND consumed_at <= :ended",
            ended=now - 300,
        )
        gone += await DenialStatements(self._tx).sweep(now=now, limit=limit)
        gone += await self._tx.run("DELETE FROM denial_count WHERE minute <= :old", old=(now - _KEEP_ENDED_S) // 60)
        return gone
