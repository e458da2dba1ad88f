"""Refusals: kept, sampled, counted."""

from ...domain.denial import Check, Denial
from ...ports.store import Row, Statements
from .columns import from_json, to_json

_COLUMNS = (
    "id, at, code, endpoint, client_id, user_id, network, checks, grant_id, token_id, session_id, resource, reported_by"
)
_KEEP_SAMPLES_S = 3 * 86_400


def _denial(row: Row) -> Denial:
    return Denial(
        id=row[0],
        at=row[1],
        code=row[2],
        endpoint=row[3],
        client_id=row[4],
        user_id=row[5],
        network=row[6],
        checks=tuple(Check(name, expected, found, passed) for name, expected, found, passed in from_json(row[7])),
        grant_id=row[8],
        token_id=row[9],
        session_id=row[10],
        resource=row[11],
        reported_by=row[12],
    )


class DenialStatements:
    """`ports.denials.Denials`."""

    def __init__(self, tx: Statements) -> None:
        self._tx = tx

    async def spend(self, holder: str, *, minute: int, most: int) -> bool:
        return (
            await self._tx.run(
                """INSERT INTO denial_budget (holder, minute, amount) VALUES (:holder, :minute, 1)
                   ON CONFLICT (holder, minute) DO UPDATE SET amount = denial_budget.amount + 1
                   WHERE denial_budget.amount < :most""",
                holder=holder,
                minute=minute,
                most=most,
            )
            == 1
        )

    async def add(self, denial: Denial) -> bool:
        return await self._insert("denial", denial) == 1

    async def add_sample(self, denial: Denial) -> None:
        await self._insert("denial_sample", denial)

    async def _insert(self, table: str, denial: Denial) -> int:
        return await self._tx.run(
            f"""INSERT INTO {table} ({_COLUMNS})
                VALUES (:id, :at, :code, :endpoint, CAST(:client_id AS TEXT), CAST(:user_id AS TEXT), :network, :checks,
                        CAST(:grant_id AS TEXT), CAST(:token_id AS TEXT), CAST(:session_id AS TEXT), CAST(:resource AS TEXT),
                        CAST(:reported_by AS TEXT))
                ON CONFLICT (id) DO NOTHING""",
            id=denial.id,
            at=denial.at,
            code=denial.code,
            endpoint=denial.endpoint,
            client_id=denial.client_id,
            user_id=denial.user_id,
            network=denial.network,
            checks=to_json([[c.name, c.expected, c.found, c.passed] for c in denial.checks]),
            grant_id=denial.grant_id,
            token_id=denial.token_id,
            session_id=denial.session_id,
            resource=denial.resource,
            reported_by=denial.reported_by,
        )

    async def get(self, denial_id: str) -> Denial | None:
        for table in ("denial", "denial_sample"):
            if row := await self._tx.one(f"SELECT {_COLUMNS} FROM {table} WHERE id = :id", id=denial_id):
                return _denial(row)
        return None

    async def newest(self, *, client_id: str | None, limit: int, after: tuple[int, str] | None = None) -> list[Denial]:
        # Each table in the order of its own index; together they are at most twice as many as asked for.
        conditions = ["1 = 1"]
        params: dict[str, str | int | bytes | None] = {"limit": limit}
        if client_id is not None:
            conditions.append("client_id = :client_id")
            params["client_id"] = client_id
        if after is not None:
            conditions.append("(at < :at OR (at = :at AND id > :id))")
            params |= {"at": after[0], "id": after[1]}
        denials: list[Denial] = []
        for table in ("denial", "denial_sample"):
            rows = await self._tx.all(
                f"SELECT {_COLUMNS} FROM {table} WHERE {' AND '.join(conditions)} ORDER BY at DESC, id LIMIT :limit",
                **params,
            )
            denials += [_denial(row) for row in rows]
        return sorted(denials, key=lambda denial: (-denial.at, denial.id))[:limit]

    async def count(self, *, code: str, network: str, minute: int, amount: int = 1) -> None:
        await self._tx.run(
            """INSERT INTO denial_count (code, network, minute, amount) VALUES (:code, :network, :minute, :amount)
               ON CONFLICT (code, network, minute) DO UPDATE SET amount = denial_count.amount + excluded.amount""",
            code=code,
            network=network,
            minute=minute,
            amount=amount,
        )

    async def sweep(self, *, now: int, limit: int) -> int:
        gone = await self._tx.run(
            "DELETE FROM denial_sample WHERE id IN (SELECT id FROM denial_sample WHERE at <= :past LIMIT :limit)",
            past=now - _KEEP_SAMPLES_S,
            limit=limit,
        )
        return gone + await self._tx.run("DELETE FROM denial_budget WHERE minute < :minute", minute=now // 60 - 1)
