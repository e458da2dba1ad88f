"""The makes of imported password hashes."""

from ...ports.password_schemes import PasswordScheme
from ...ports.store import Statements


class PasswordSchemeStatements:
    """`ports.password_schemes.PasswordSchemes`."""

    def __init__(self, tx: Statements) -> None:
        self._tx = tx

    async def note(self, scheme: PasswordScheme) -> None:
        await self._tx.run(
            """INSERT INTO password_scheme (parameters, stand_in, imported_at) VALUES (:parameters, :stand_in, :imported_at)
               ON CONFLICT (parameters) DO UPDATE SET imported_at = :imported_at""",
            parameters=scheme.parameters,
            stand_in=scheme.stand_in,
            imported_at=scheme.imported_at,
        )

    async def all(self) -> list[PasswordScheme]:
        rows = await self._tx.all(
            "SELECT parameters, stand_in, imported_at FROM password_scheme ORDER BY parameters LIMIT 200"
        )
        return [PasswordScheme(*row) for row in rows]

    async def in_use(self, parameters: str) -> bool:
        # What follows the parameters is a $, and % is the next character.
        row = await self._tx.one(
            "SELECT id FROM credential WHERE authenticator = 'password' AND data >= :first AND data < :after LIMIT 1",
            first=parameters + "$",
            after=parameters + "%",
        )
        return row is not None

    async def forget(self, scheme: PasswordScheme) -> bool:
        return 1 == await self._tx.run(
            "DELETE FROM password_scheme WHERE parameters = :parameters AND imported_at = :imported_at",
            parameters=scheme.parameters,
            imported_at=scheme.imported_at,
        )
