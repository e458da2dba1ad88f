"""Browsers and apps with which people signed in before."""

from ...ports.store import Statements


class KnownDeviceStatements:
    """`ports.known_devices.KnownDevices`."""

    def __init__(self, tx: Statements) -> None:
        self._tx = tx

    async def is_known(self, user_id: str, digest: bytes) -> bool:
        row = await self._tx.one(
            "SELECT first_seen_at FROM known_device WHERE user_id = :user_id AND digest = :digest",
            user_id=user_id,
            digest=digest,
        )
        return row is not None

    async def has_other(self, user_id: str, digest: bytes) -> bool:
        row = await self._tx.one(
            "SELECT first_seen_at FROM known_device WHERE user_id = :user_id AND digest <> :digest LIMIT 1",
            user_id=user_id,
            digest=digest,
        )
        return row is not None

    async def of_user(self, user_id: str, *, limit: int) -> list[tuple[int, int]]:
        rows = await self._tx.all(
            """SELECT first_seen_at, last_seen_at FROM known_device WHERE user_id = :user_id
                ORDER BY last_seen_at DESC, digest LIMIT :limit""",
            user_id=user_id,
            limit=limit,
        )
        return [(row[0], row[1]) for row in rows]

    async def see(self, user_id: str, digest: bytes, *, now: int) -> bool:
        # Nearly always it is there; and of several that find it missing one inserts it.
        seen_again = await self._tx.run(
            "UPDATE known_device SET last_seen_at = :now WHERE user_id = :user_id AND digest = :digest",
            user_id=user_id,
            digest=digest,
            now=now,
        )
        if seen_again:
            return False
        made = await self._tx.run(
            """INSERT INTO known_device (user_id, digest, first_seen_at, last_seen_at)
               VALUES (:user_id, :digest, :now, :now) ON CONFLICT (user_id, digest) DO NOTHING""",
            user_id=user_id,
            digest=digest,
            now=now,
        )
        return made == 1

    async def forget(self, user_id: str, *, but: bytes | None = None) -> int:
        # No digest is empty.
        return await self._tx.run(
            "DELETE FROM known_device WHERE user_id = :user_id AND digest <> :but", user_id=user_id, but=but or b""
        )

    async def forget_all(self) -> int:
        return await self._tx.run("DELETE FROM known_device")
