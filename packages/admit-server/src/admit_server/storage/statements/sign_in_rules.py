"""Sign-in rules."""

from dataclasses import asdict

from ...domain.sign_in_rule import MOST_RULES, SignInRule
from ...ports.store import Row, Statements

_RULE = "name, requires, client_id, audience, role, network, outside, risk, created_at, updated_at"


def _rule(row: Row) -> SignInRule:
    return SignInRule(
        name=row[0],
        requires=row[1],
        client_id=row[2],
        audience=row[3],
        role=row[4],
        network=row[5],
        outside=row[6],
        risk=row[7],
        created_at=row[8],
        updated_at=row[9],
    )


class SignInRuleStatements:
    """`ports.sign_in_rules.SignInRules`."""

    def __init__(self, tx: Statements) -> None:
        self._tx = tx

    async def all(self) -> list[SignInRule]:
        rows = await self._tx.all(f"SELECT {_RULE} FROM sign_in_rule ORDER BY name LIMIT {MOST_RULES}")
        return [_rule(row) for row in rows]

    async def put(self, rule: SignInRule) -> None:
        await self._tx.run(
            f"""INSERT INTO sign_in_rule ({_RULE})
                VALUES (:name, :requires, CAST(:client_id AS TEXT), CAST(:audience AS TEXT), CAST(:role AS TEXT),
                        CAST(:network AS TEXT), CAST(:outside AS TEXT), CAST(:risk AS TEXT), :created_at, :updated_at)
                ON CONFLICT (name) DO UPDATE SET
                    requires = excluded.requires, client_id = excluded.client_id, audience = excluded.audience,
                    role = excluded.role, network = excluded.network, outside = excluded.outside, risk = excluded.risk,
                    updated_at = excluded.updated_at""",
            **asdict(rule),
        )

    async def remove(self, name: str) -> bool:
        return 1 == await self._tx.run("DELETE FROM sign_in_rule WHERE name = :name", name=name)
