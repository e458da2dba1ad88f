"""Signed-in states."""

from ...domain.journey import Proof
from ...domain.session import Session
from ...ports.store import Row, Statements
from .columns import from_json, to_json

_COLUMNS = "id, user_id, auth_time, amr, acr, network, user_agent, created_at, expires_at, ended_at, end_reason, digest, proofs"
_SESSION = f"{_COLUMNS}, last_seen_at"


def _session(row: Row) -> Session:
    return Session(
        id=row[0],
        user_id=row[1],
        auth_time=row[2],
        amr=tuple(from_json(row[3])),
        acr=row[4],
        network=row[5],
        user_agent=row[6],
        created_at=row[7],
        expires_at=row[8],
        ended_at=row[9],
        end_reason=row[10],
        in_browser=row[11] is not None,
        proofs=_proofs(row[12]),
        last_seen_at=row[13],
    )


def _proofs(text: str | None) -> tuple[Proof, ...]:
    kept = from_json(text) if text is not None else []
    return tuple(Proof(name, at, tuple(amr), frozenset(factors), resists) for name, at, amr, factors, resists in kept)


def _kept(proofs: tuple[Proof, ...]) -> str:
    return to_json([(p.authenticator, p.at, p.amr, sorted(p.factors), p.phishing_resistant) for p in proofs])


class SessionStatements:
    """`ports.users.Sessions`."""

    def __init__(self, tx: Statements) -> None:
        self._tx = tx

    async def add(self, session: Session, *, digest: bytes | None) -> None:
        await self._tx.run(
            """INSERT INTO session (id, digest, user_id, auth_time, amr, acr, network, user_agent, created_at, expires_at,
                                    jwt_alive_until, proofs, last_seen_at)
               VALUES (:id, :digest, :user_id, :auth_time, :amr, :acr, :network, :user_agent, :created_at,
                       :expires_at, 0, :proofs, :last_seen_at)""",
            id=session.id,
            digest=digest,
            user_id=session.user_id,
            auth_time=session.auth_time,
            amr=to_json(session.amr),
            acr=session.acr,
            network=session.network,
            user_agent=session.user_agent,
            created_at=session.created_at,
            expires_at=session.expires_at,
            proofs=_kept(session.proofs),
            last_seen_at=session.last_seen_at,
        )

    async def get(self, session_id: str) -> Session | None:
        row = await self._tx.one(f"SELECT {_SESSION} FROM session WHERE id = :id", id=session_id)
        return _session(row) if row else None

    async def by_digest(self, digest: bytes) -> Session | None:
        row = await self._tx.one(f"SELECT {_SESSION} FROM session WHERE digest = :digest", digest=digest)
        return _session(row) if row else None

    async def page(
        self, *, user_id: str | None, alive_at: int | None, limit: int, after: tuple[int, str] | None = None
    ) -> list[Session]:
        conditions = ["1 = 1"]
        params: dict[str, str | int | bytes | None] = {"limit": limit}
        if user_id is not None:
            conditions.append("user_id = :user_id")
            params["user_id"] = user_id
        if alive_at is not None:
            conditions.append("ended_at IS NULL AND expires_at > :alive_at")
            params["alive_at"] = alive_at
        if after is not None:
            conditions.append("(created_at < :at OR (created_at = :at AND id > :id))")
            params |= {"at": after[0], "id": after[1]}
        rows = await self._tx.all(
            f"SELECT {_SESSION} FROM session WHERE {' AND '.join(conditions)} ORDER BY created_at DESC, id LIMIT :limit",
            **params,
        )
        return [_session(row) for row in rows]

    async def alive_of_user(self, user_id: str, *, now: int) -> list[str]:
        rows = await self._tx.all(
            "SELECT id FROM session WHERE user_id = :user_id AND ended_at IS NULL AND expires_at > :now ORDER BY id",
            user_id=user_id,
            now=now,
        )
        return [row[0] for row in rows]

    async def forget_of_user(self, user_id: str, *, limit: int, now: int) -> int:
        return await self._tx.run(
            """DELETE FROM session WHERE id IN
                   (SELECT s.id FROM session s
                     WHERE s.user_id = :user_id AND (s.ended_at IS NOT NULL OR s.expires_at <= :now)
                       AND NOT EXISTS (SELECT 1 FROM access_grant g WHERE g.session_id = s.id)
                     LIMIT :limit)""",
            user_id=user_id,
            limit=limit,
            now=now,
        )

    async def end_all(self, *, reason: str, now: int) -> int:
        return await self._tx.run(
            "UPDATE session SET ended_at = :now, end_reason = :reason WHERE ended_at IS NULL AND expires_at > :now",
            now=now,
            reason=reason,
        )

    async def oldest_of_user(self, user_id: str, *, now: int) -> list[str]:
        rows = await self._tx.all(
            """SELECT id FROM session WHERE user_id = :user_id AND ended_at IS NULL AND expires_at > :now
                ORDER BY created_at, id""",
            user_id=user_id,
            now=now,
        )
        return [row[0] for row in rows]

    async def hold(self, session_id: str, *, jwt_alive_until: int, now: int) -> int | None:
        row = await self._tx.one(
            """UPDATE session SET jwt_alive_until = CASE WHEN jwt_alive_until < :until THEN :until ELSE jwt_alive_until END
                WHERE id = :id AND ended_at IS NULL AND expires_at > :now
            RETURNING expires_at""",
            until=jwt_alive_until,
            id=session_id,
            now=now,
        )
        return row[0] if row else None

    async def see(self, session_id: str, *, was: int, now: int) -> bool:
        return 1 == await self._tx.run(
            "UPDATE session SET last_seen_at = :now WHERE id = :id AND last_seen_at = :was AND ended_at IS NULL",
            now=now,
            id=session_id,
            was=was,
        )

    async def renew(
        self,
        session_id: str,
        *,
        user_id: str,
        digest: bytes,
        auth_time: int,
        amr: tuple[str, ...],
        acr: str,
        proofs: tuple[Proof, ...],
        now: int,
    ) -> bool:
        return 1 == await self._tx.run(
            """UPDATE session SET digest = :digest, auth_time = :auth_time, amr = :amr, acr = :acr, proofs = :proofs,
                      last_seen_at = :now
                WHERE id = :id AND user_id = :user_id AND ended_at IS NULL AND expires_at > :now""",
            digest=digest,
            auth_time=auth_time,
            amr=to_json(amr),
            acr=acr,
            proofs=_kept(proofs),
            id=session_id,
            user_id=user_id,
            now=now,
        )

    async def end(self, session_id: str, *, reason: str, now: int) -> int | None:
        row = await self._tx.one(
            """UPDATE session SET ended_at = :now, end_reason = :reason WHERE id = :id AND ended_at IS NULL
            RETURNING jwt_alive_until""",
            now=now,
            reason=reason,
            id=session_id,
        )
        return row[0] if row else None
