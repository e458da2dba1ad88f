"""What clients hold of a person."""

from ...ports.connections import Connection
from ...ports.store import Statements
from .columns import word_set

# Of all that a client has of somebody for one API so many different sets of scopes are added up at most.
_MOST_SETS = 50
_ALIVE = "g.ended_at IS NULL AND (g.expires_at > :now OR g.jwt_alive_until > :now)"


class ConnectionStatements:
    """`ports.connections.Connections`."""

    def __init__(self, tx: Statements) -> None:
        self._tx = tx

    async def of_person(self, user_id: str, *, apart: str, after: str, limit: int, now: int) -> list[Connection]:
        rows = await self._tx.all(
            f"""SELECT c.id, c.name, c.first_party, MIN(g.created_at),
                       MAX(CASE WHEN g.jwt_alive_until > 0 THEN g.jwt_alive_until - g.lifetime_s ELSE 0 END)
                  FROM access_grant g JOIN client c ON c.id = g.client_id
                 WHERE g.user_id = :user_id AND {_ALIVE} AND c.id > :after AND c.id <> :apart
                 GROUP BY c.id, c.name, c.first_party ORDER BY c.id LIMIT :limit""",
            user_id=user_id,
            now=now,
            after=after,
            apart=apart,
            limit=limit,
        )
        return [
            Connection(
                client_id=row[0],
                client_name=row[1],
                first_party=bool(row[2]),
                scopes=await self._scopes(user_id, row[0], now=now),
                since=row[3],
                last_issued_at=row[4] or None,
            )
            for row in rows
        ]

    async def _scopes(self, user_id: str, client_id: str, *, now: int) -> dict[str, frozenset[str]]:
        rows = await self._tx.all(
            f"""SELECT DISTINCT g.audience, g.scopes FROM access_grant g
                 WHERE g.user_id = :user_id AND g.client_id = :client_id AND {_ALIVE}
                 ORDER BY g.audience, g.scopes LIMIT :limit""",
            user_id=user_id,
            client_id=client_id,
            now=now,
            limit=_MOST_SETS,
        )
        found: dict[str, frozenset[str]] = {}
        for audience, scopes in rows:
            found[audience] = found.get(audience, frozenset()) | word_set(scopes)
        return found

    async def grants(self, user_id: str, client_id: str, *, limit: int, now: int) -> list[str]:
        rows = await self._tx.all(
            f"""SELECT g.id FROM access_grant g
                 WHERE g.user_id = :user_id AND g.client_id = :client_id AND {_ALIVE} ORDER BY g.id LIMIT :limit""",
            user_id=user_id,
            client_id=client_id,
            now=now,
            limit=limit,
        )
        return [row[0] for row in rows]

    async def clients_of_session(self, session_id: str, *, limit: int, now: int) -> list[str]:
        rows = await self._tx.all(
            f"""SELECT DISTINCT c.name FROM access_grant g JOIN client c ON c.id = g.client_id
                 WHERE g.session_id = :session_id AND {_ALIVE} ORDER BY c.name LIMIT :limit""",
            session_id=session_id,
            now=now,
            limit=limit,
        )
        return [row[0] for row in rows]
