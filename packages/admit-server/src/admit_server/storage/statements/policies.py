"""Named policies."""

from ...domain.token_policy import TokenPolicy
from ...ports.store import Statements
from .columns import from_json, to_json

# Who refers to a policy: in words, the table, and the column that names the one who does.
_REFERRING = (
    ("resource", "resource", "audience"),
    ("client", "client", "name"),
    ("role", "role", "name"),
    ("user", "app_user", "username"),
    ("rule", "check_rule", "id"),
)


class PolicyStatements:
    """`ports.clients.Policies`."""

    def __init__(self, tx: Statements) -> None:
        self._tx = tx

    async def set(self, name: str, policy: TokenPolicy, *, now: int) -> None:
        await self._tx.run(
            """INSERT INTO token_policy (name, limits, created_at, updated_at) VALUES (:name, :limits, :now, :now)
               ON CONFLICT (name) DO UPDATE SET limits = excluded.limits, updated_at = excluded.updated_at""",
            name=name,
            limits=to_json(policy.as_dict()),
            now=now,
        )

    async def get(self, name: str) -> TokenPolicy | None:
        row = await self._tx.one("SELECT limits FROM token_policy WHERE name = :name", name=name)
        return TokenPolicy.from_dict(from_json(row[0])) if row else None

    async def all(self) -> list[tuple[str, TokenPolicy]]:
        rows = await self._tx.all("SELECT name, limits FROM token_policy ORDER BY name LIMIT 200")
        return [(row[0], TokenPolicy.from_dict(from_json(row[1]))) for row in rows]

    async def used_by(self, name: str, *, limit: int) -> list[str]:
        found: list[str] = []
        for word, table, column in _REFERRING:
            rows = await self._tx.all(
                f"SELECT {column} FROM {table} WHERE policy = :name ORDER BY {column} LIMIT :limit",
                name=name,
                limit=limit,
            )
            found += [f"{word} {row[0]}" for row in rows]
        return found[:limit]

    async def remove(self, name: str) -> bool:
        return 1 == await self._tx.run("DELETE FROM token_policy WHERE name = :name", name=name)
