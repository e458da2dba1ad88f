"""Roles."""

from ...ports.roles import Role
from ...ports.store import Row, Statements
from .columns import word_set, words

_ROLE = "name, scopes, policy, created_at"


def _role(row: Row) -> Role:
    return Role(name=row[0], scopes=word_set(row[1]), policy=row[2], created_at=row[3])


class RoleStatements:
    """`ports.roles.Roles`."""

    def __init__(self, tx: Statements) -> None:
        self._tx = tx

    async def add(self, role: Role) -> None:
        await self._tx.run(
            "INSERT INTO role (name, scopes, policy, created_at) VALUES (:name, :scopes, CAST(:policy AS TEXT), :created_at)",
            name=role.name,
            scopes=words(role.scopes),
            policy=role.policy,
            created_at=role.created_at,
        )

    async def get(self, name: str) -> Role | None:
        row = await self._tx.one(f"SELECT {_ROLE} FROM role WHERE name = :name", name=name)
        return _role(row) if row else None

    async def of(self, names: tuple[str, ...]) -> list[Role]:
        # One read a name: there are no list parameters that both engines know, and nobody has many roles.
        return [role for name in names if (role := await self.get(name)) is not None]

    async def with_scopes(self) -> list[Role]:
        rows = await self._tx.all(f"SELECT {_ROLE} FROM role WHERE scopes <> '' ORDER BY name LIMIT 1000")
        return [_role(row) for row in rows]

    async def page(self, *, after: str, limit: int) -> list[Role]:
        rows = await self._tx.all(
            f"SELECT {_ROLE} FROM role WHERE name > :after ORDER BY name LIMIT :limit", after=after, limit=limit
        )
        return [_role(row) for row in rows]

    async def update(self, role: Role) -> bool:
        return 1 == await self._tx.run(
            "UPDATE role SET scopes = :scopes, policy = CAST(:policy AS TEXT) WHERE name = :name",
            scopes=words(role.scopes),
            policy=role.policy,
            name=role.name,
        )

    async def remove(self, name: str) -> bool:
        return 1 == await self._tx.run("DELETE FROM role WHERE name = :name", name=name)
