"""E-mail addresses of people."""

from ...domain.user import User
from ...ports.store import Statements
from .users import UserStatements


class AddressStatements:
    """`ports.addresses.Addresses`."""

    def __init__(self, tx: Statements) -> None:
        self._tx = tx

    async def of_user(self, user_id: str) -> list[tuple[str, str, int | None, int]]:
        rows = await self._tx.all(
            """SELECT address_key, address, verified_at, created_at FROM user_email WHERE user_id = :user_id
                ORDER BY created_at, address_key LIMIT 100""",
            user_id=user_id,
        )
        return [(row[0], row[1], row[2], row[3]) for row in rows]

    async def owner(self, address_key: str) -> User | None:
        row = await self._tx.one(
            "SELECT user_id FROM user_email WHERE address_key = :address_key AND verified_at IS NOT NULL",
            address_key=address_key,
        )
        # The same two reads whether there is one or not.
        return await UserStatements(self._tx).get(row[0] if row else "")

    async def add(self, user_id: str, *, address: str, address_key: str, now: int) -> bool:
        return 1 == await self._tx.run(
            """INSERT INTO user_email (user_id, address_key, address, created_at)
               VALUES (:user_id, :address_key, :address, :now) ON CONFLICT DO NOTHING""",
            user_id=user_id,
            address_key=address_key,
            address=address,
            now=now,
        )

    async def verify(self, user_id: str, *, address: str, address_key: str, now: int) -> bool:
        await self._tx.run(
            "DELETE FROM user_email WHERE user_id = :user_id AND address_key = :address_key AND verified_at IS NULL",
            user_id=user_id,
            address_key=address_key,
        )
        # Either of the two unique indexes may be in the way: a row of this person's own, or of somebody who was first.
        await self._tx.run(
            """INSERT INTO user_email (user_id, address_key, address, verified_at, created_at)
               VALUES (:user_id, :address_key, :address, :now, :now) ON CONFLICT DO NOTHING""",
            user_id=user_id,
            address_key=address_key,
            address=address,
            now=now,
        )
        row = await self._tx.one(
            """SELECT 1 FROM user_email WHERE user_id = :user_id AND address_key = :address_key
                  AND verified_at IS NOT NULL""",
            user_id=user_id,
            address_key=address_key,
        )
        if row is None:
            await self.add(user_id, address=address, address_key=address_key, now=now)
        return row is not None

    async def remove(self, user_id: str, *, address_key: str) -> bool:
        return 1 == await self._tx.run(
            "DELETE FROM user_email WHERE user_id = :user_id AND address_key = :address_key",
            user_id=user_id,
            address_key=address_key,
        )
