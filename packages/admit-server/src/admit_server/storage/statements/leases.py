"""Leases."""

from ...domain.lease import Lease
from ...ports.store import Row, Statements

_LEASE = "id, digest, client_id, session_id, length_s, created_at, ends_at, ended_at, holder"
# RETURNING and SELECT alike; a lease that ran out is over even before anybody noted it.
_ALIVE = "ended_at IS NULL AND ends_at > :now"


def _lease(row: Row) -> Lease:
    return Lease(
        id=row[0],
        digest=row[1],
        client_id=row[2],
        session_id=row[3],
        length_s=row[4],
        created_at=row[5],
        ends_at=row[6],
        ended_at=row[7],
        holder=row[8],
    )


class LeaseStatements:
    """`ports.leases.Leases`."""

    def __init__(self, tx: Statements) -> None:
        self._tx = tx

    async def add(self, lease: Lease) -> bool:
        return 1 == await self._tx.run(
            """INSERT INTO lease (id, digest, client_id, session_id, length_s, created_at, ends_at)
               VALUES (:id, :digest, :client_id, CAST(:session_id AS TEXT), :length_s, :created_at, :ends_at)
               ON CONFLICT DO NOTHING""",
            id=lease.id,
            digest=lease.digest,
            client_id=lease.client_id,
            session_id=lease.session_id,
            length_s=lease.length_s,
            created_at=lease.created_at,
            ends_at=lease.ends_at,
        )

    async def get(self, lease_id: str) -> Lease | None:
        row = await self._tx.one(f"SELECT {_LEASE} FROM lease WHERE id = :id", id=lease_id)
        return _lease(row) if row else None

    async def by_digest(self, digest: bytes) -> Lease | None:
        row = await self._tx.one(f"SELECT {_LEASE} FROM lease WHERE digest = :digest", digest=digest)
        return _lease(row) if row else None

    async def of_app(self, session_id: str, client_id: str) -> Lease | None:
        row = await self._tx.one(
            f"SELECT {_LEASE} FROM lease WHERE session_id = :session_id AND client_id = :client_id AND ended_at IS NULL",
            session_id=session_id,
            client_id=client_id,
        )
        return _lease(row) if row else None

    async def of_session(self, session_id: str) -> list[Lease]:
        rows = await self._tx.all(
            f"""SELECT {_LEASE} FROM lease WHERE session_id = :session_id AND ended_at IS NULL
                 ORDER BY created_at, id LIMIT 200""",
            session_id=session_id,
        )
        return [_lease(row) for row in rows]

    async def join(self, lease_id: str, *, length_s: int, now: int) -> Lease | None:
        # Whoever joins is a new page of the app: a late word of the page before, that it quits, is not about this one.
        row = await self._tx.one(
            f"""UPDATE lease SET length_s = CASE WHEN length_s < :length_s THEN length_s ELSE :length_s END,
                                 ends_at = :now + CASE WHEN length_s < :length_s THEN length_s ELSE :length_s END, holder = NULL
                 WHERE id = :id AND {_ALIVE}
             RETURNING {_LEASE}""",
            length_s=length_s,
            now=now,
            id=lease_id,
        )
        return _lease(row) if row else None

    async def renew(self, lease_id: str, *, holder: str | None, now: int) -> Lease | None:
        row = await self._tx.one(
            f"""UPDATE lease SET ends_at = :now + length_s, holder = COALESCE(CAST(:holder AS TEXT), holder)
                 WHERE id = :id AND {_ALIVE}
             RETURNING {_LEASE}""",
            holder=holder,
            now=now,
            id=lease_id,
        )
        return _lease(row) if row else None

    async def shorten(self, lease_id: str, *, ends_at: int, holder: str | None, now: int) -> Lease | None:
        row = await self._tx.one(
            f"""UPDATE lease SET ends_at = :ends_at
                 WHERE id = :id AND {_ALIVE} AND ends_at > :ends_at
                   AND (CAST(:holder AS TEXT) IS NULL OR holder = CAST(:holder AS TEXT))
             RETURNING {_LEASE}""",
            ends_at=ends_at,
            holder=holder,
            now=now,
            id=lease_id,
        )
        return _lease(row) if row else None

    async def end(self, lease_id: str, *, if_run_out: bool, now: int) -> Lease | None:
        row = await self._tx.one(
            f"""UPDATE lease SET ended_at = :now
                 WHERE id = :id AND ended_at IS NULL {"AND ends_at <= :now" if if_run_out else ""}
             RETURNING {_LEASE}""",
            now=now,
            id=lease_id,
        )
        return _lease(row) if row else None

    async def run_out(self, *, now: int, limit: int) -> list[str]:
        rows = await self._tx.all(
            "SELECT id FROM lease WHERE ended_at IS NULL AND ends_at <= :now ORDER BY ends_at, id LIMIT :limit",
            now=now,
            limit=limit,
        )
        return [row[0] for row in rows]
