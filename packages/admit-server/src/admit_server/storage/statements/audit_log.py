"""The sealed audit log."""

from ...domain.audit_chain import LogEntry, LogHead, Mark, Position, Segment, genesis
from ...ports.store import Row, Statements
from .security import EVENT

_SEGMENT = "number, first_seq, last_seq, previous, link, links, sealed_at, key_id, mac"


def _segment(row: Row) -> Segment:
    return Segment(
        number=row[0],
        first=row[1],
        last=row[2],
        previous=row[3],
        link=row[4],
        links=row[5],
        sealed_at=row[6],
        key_id=row[7],
        mac=row[8],
    )


class AuditLogStatements:
    """`ports.audit.AuditLog`."""

    def __init__(self, tx: Statements) -> None:
        self._tx = tx

    async def head(self, installation: str) -> LogHead:
        row = await self._tx.one("SELECT segment, sealed, link, numbered FROM audit_head WHERE id = 1")
        if row is None:  # somebody deleted it: nothing is known to be sealed
            return LogHead(genesis(installation), 0)
        link = genesis(installation).link if row[2] is None else row[2]
        return LogHead(Position(row[0], row[1], link), row[3])

    async def waiting(self, *, most: int) -> int:
        row = await self._tx.one("SELECT count(*) FROM (SELECT id FROM audit_event LIMIT :most) AS fresh", most=most)
        return row[0] if row else 0

    async def number(self, *, after: int, limit: int) -> int | None:
        # Locks the head's row until the commit: whoever else saw `after` waits here, then changes no row.
        if (
            await self._tx.run(
                "UPDATE audit_head SET numbered = numbered WHERE id = 1 AND numbered = :after", after=after
            )
            != 1
        ):
            return None
        moved = await self._tx.run(
            f"""INSERT INTO audit_log (seq, {EVENT})
                SELECT CAST(:after AS BIGINT) + row_number() OVER (ORDER BY at, nth, id), {EVENT}
                  FROM (SELECT nth, {EVENT} FROM audit_event ORDER BY at, nth, id LIMIT :limit) AS fresh""",
            after=after,
            limit=limit,
        )
        if moved:
            # By what was moved, not by what is there now: meanwhile more may have been committed.
            await self._tx.run(
                "DELETE FROM audit_event WHERE id IN (SELECT id FROM audit_log WHERE seq > :after)", after=after
            )
            await self._tx.run("UPDATE audit_head SET numbered = :last WHERE id = 1", last=after + moved)
        return after + moved

    async def seal(self, segment: Segment) -> bool:
        moved = await self._tx.run(
            "UPDATE audit_head SET sealed = :last, segment = :number, link = :link WHERE id = 1 AND sealed = :before",
            last=segment.last,
            number=segment.number,
            link=segment.link,
            before=segment.first - 1,
        )
        if moved != 1:
            return False
        await self._tx.run(
            f"""INSERT INTO audit_segment ({_SEGMENT})
                VALUES (:number, :first, :last, :previous, :link, :links, :sealed_at, :key_id, :mac)""",
            number=segment.number,
            first=segment.first,
            last=segment.last,
            previous=segment.previous,
            link=segment.link,
            links=segment.links,
            sealed_at=segment.sealed_at,
            key_id=segment.key_id,
            mac=segment.mac,
        )
        return True

    async def entries(self, *, first: int, last: int, limit: int) -> list[LogEntry]:
        rows = await self._tx.all(
            f"""SELECT seq, {EVENT} FROM audit_log WHERE seq >= :first AND seq <= :last
                 ORDER BY seq LIMIT :limit""",
            first=first,
            last=last,
            limit=limit,
        )
        return [LogEntry(*row) for row in rows]

    async def newest(self, *, limit: int) -> list[LogEntry]:
        rows = await self._tx.all(f"SELECT seq, {EVENT} FROM audit_log ORDER BY seq DESC LIMIT :limit", limit=limit)
        return [LogEntry(*row) for row in reversed(rows)]

    async def segments(self, *, after: int, limit: int) -> list[Segment]:
        rows = await self._tx.all(
            f"SELECT {_SEGMENT} FROM audit_segment WHERE number > :after ORDER BY number LIMIT :limit",
            after=after,
            limit=limit,
        )
        return [_segment(row) for row in rows]

    async def segment_before(self, at: int) -> int:
        row = await self._tx.one("SELECT min(number) FROM audit_segment WHERE sealed_at >= :at", at=at)
        if row is not None and row[0] is not None:
            return int(row[0]) - 1
        row = await self._tx.one("SELECT segment FROM audit_head WHERE id = 1")
        return row[0] if row else 0

    async def edges(self) -> tuple[int | None, int | None]:
        row = await self._tx.one("SELECT min(seq), max(seq) FROM audit_log")
        return (row[0], row[1]) if row else (None, None)

    async def dropped(self, installation: str) -> Mark | None:
        row = await self._tx.one(
            "SELECT segment, seq, link, at, key_id, mac, signature FROM audit_dropped WHERE id = 1"
        )
        if row is None:
            return None
        return Mark(
            kind="dropped",
            installation=installation,
            position=Position(row[0], row[1], row[2]),
            at=row[3],
            key_id=row[4],
            mac=row[5],
            signature=row[6],
        )

    async def drop(self, mark: Mark, *, was: int) -> bool:
        segment, seq, link = mark.position
        changed = await self._tx.run(
            """INSERT INTO audit_dropped (id, segment, seq, link, at, key_id, mac, signature)
               VALUES (1, :segment, :seq, :link, :at, :key_id, :mac, :signature)
               ON CONFLICT (id) DO UPDATE SET segment = excluded.segment, seq = excluded.seq, link = excluded.link,
                                              at = excluded.at, key_id = excluded.key_id, mac = excluded.mac,
                                              signature = excluded.signature
                WHERE audit_dropped.seq = :was AND audit_dropped.seq < excluded.seq""",
            segment=segment,
            seq=seq,
            link=link,
            at=mark.at,
            key_id=mark.key_id,
            mac=mark.mac,
            signature=mark.signature,
            was=was,
        )
        if changed != 1:
            return False
        await self._tx.run("DELETE FROM audit_log WHERE seq <= :seq", seq=seq)
        await self._tx.run("DELETE FROM audit_segment WHERE number <= :segment", segment=segment)
        return True
