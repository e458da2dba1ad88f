"""Accounts and what authenticators keep of them."""

from ...domain.user import User
from ...ports.store import Row, Statements
from ...ports.users import Credential
from .columns import from_json, to_json

_USER = """id, username, email, roles, created_at, updated_at, disabled_at,
           (SELECT COUNT(*) FROM user_email e WHERE e.user_id = app_user.id AND e.verified_at IS NOT NULL
               AND lower(e.address) = lower(app_user.email))"""
_CREDENTIAL = "id, user_id, authenticator, data, version, created_at, updated_at, label, lookup, last_used_at"


def _user(row: Row) -> User:
    return User(
        id=row[0],
        username=row[1],
        email=row[2],
        roles=tuple(from_json(row[3])),
        created_at=row[4],
        updated_at=row[5],
        disabled_at=row[6],
        email_verified=bool(row[7]),
    )


def _credential(row: Row) -> Credential:
    return Credential(
        id=row[0],
        user_id=row[1],
        authenticator=row[2],
        data=row[3],
        version=row[4],
        created_at=row[5],
        updated_at=row[6],
        label=row[7],
        lookup=row[8],
        last_used_at=row[9],
    )


class UserStatements:
    """`ports.users.Users`."""

    def __init__(self, tx: Statements) -> None:
        self._tx = tx

    async def add(self, user: User, *, username_key: str) -> None:
        await self._tx.run(
            """INSERT INTO app_user (id, username, username_key, email, roles, created_at, updated_at, disabled_at)
               VALUES (:id, :username, :username_key, :email, :roles, :created_at, :updated_at, :disabled_at)""",
            id=user.id,
            username=user.username,
            username_key=username_key,
            email=user.email,
            roles=to_json(user.roles),
            created_at=user.created_at,
            updated_at=user.updated_at,
            disabled_at=user.disabled_at,
        )

    async def get(self, user_id: str) -> User | None:
        row = await self._tx.one(f"SELECT {_USER} FROM app_user WHERE id = :id", id=user_id)
        return _user(row) if row else None

    async def by_username_key(self, username_key: str) -> User | None:
        row = await self._tx.one(f"SELECT {_USER} FROM app_user WHERE username_key = :key", key=username_key)
        return _user(row) if row else None

    async def page(self, *, after: str, limit: int) -> list[User]:
        rows = await self._tx.all(
            f"SELECT {_USER} FROM app_user WHERE username_key > :after ORDER BY username_key LIMIT :limit",
            after=after,
            limit=limit,
        )
        return [_user(row) for row in rows]

    async def any_of_role(self, role: str) -> bool:
        # A role's name holds neither % nor the quote that ends it in the list; its _ would stand for any letter.
        pattern = f'%"{role.replace("_", "!_")}"%'
        return (
            await self._tx.one("SELECT 1 FROM app_user WHERE roles LIKE :pattern ESCAPE '!' LIMIT 1", pattern=pattern)
            is not None
        )

    async def update(self, user: User) -> bool:
        return 1 == await self._tx.run(
            "UPDATE app_user SET email = CAST(:email AS TEXT), roles = :roles, updated_at = :updated_at WHERE id = :id",
            email=user.email,
            roles=to_json(user.roles),
            updated_at=user.updated_at,
            id=user.id,
        )

    async def remove(self, user_id: str) -> bool:
        await self._tx.run("DELETE FROM credential WHERE user_id = :id", id=user_id)
        await self._tx.run("DELETE FROM personal_token WHERE user_id = :id", id=user_id)
        await self._tx.run("DELETE FROM known_device WHERE user_id = :id", id=user_id)
        await self._tx.run("DELETE FROM user_email WHERE user_id = :id", id=user_id)
        await self._tx.run("DELETE FROM one_use_link WHERE user_id = :id", id=user_id)
        return 1 == await self._tx.run("DELETE FROM app_user WHERE id = :id", id=user_id)

    async def policy_of(self, user_id: str) -> str | None:
        row = await self._tx.one("SELECT policy FROM app_user WHERE id = :id", id=user_id)
        return row[0] if row else None

    async def set_policy(self, user_id: str, policy: str | None, *, now: int) -> bool:
        return 1 == await self._tx.run(
            "UPDATE app_user SET policy = CAST(:policy AS TEXT), updated_at = :now WHERE id = :id",
            policy=policy,
            now=now,
            id=user_id,
        )

    async def hold(self, user_id: str) -> User | None:
        row = await self._tx.one(
            f"UPDATE app_user SET updated_at = updated_at WHERE id = :id AND disabled_at IS NULL RETURNING {_USER}",
            id=user_id,
        )
        return _user(row) if row else None

    async def set_disabled(self, user_id: str, *, at: int | None, now: int) -> bool:
        state = "disabled_at IS NULL" if at is not None else "disabled_at IS NOT NULL"
        return (
            await self._tx.run(
                f"UPDATE app_user SET disabled_at = CAST(:at AS BIGINT), updated_at = :now WHERE id = :id AND {state}",
                at=at,
                now=now,
                id=user_id,
            )
            == 1
        )


class CredentialStatements:
    """`ports.users.Credentials`."""

    def __init__(self, tx: Statements) -> None:
        self._tx = tx

    async def of_user(self, user_id: str, authenticator: str) -> list[Credential]:
        rows = await self._tx.all(
            f"""SELECT {_CREDENTIAL} FROM credential WHERE user_id = :user_id AND authenticator = :authenticator
                 ORDER BY created_at, id LIMIT 100""",
            user_id=user_id,
            authenticator=authenticator,
        )
        return [_credential(row) for row in rows]

    async def all_of_user(self, user_id: str) -> list[Credential]:
        rows = await self._tx.all(
            f"SELECT {_CREDENTIAL} FROM credential WHERE user_id = :user_id ORDER BY created_at, id LIMIT 500",
            user_id=user_id,
        )
        return [_credential(row) for row in rows]

    async def by_lookup(self, authenticator: str, lookup: str) -> Credential | None:
        row = await self._tx.one(
            f"SELECT {_CREDENTIAL} FROM credential WHERE authenticator = :authenticator AND lookup = :lookup",
            authenticator=authenticator,
            lookup=lookup,
        )
        return _credential(row) if row else None

    async def put(self, credential: Credential) -> bool:
        return 1 == await self._tx.run(
            """INSERT INTO credential (id, user_id, authenticator, data, version, created_at, updated_at, label, lookup)
               VALUES (:id, :user_id, :authenticator, :data, :version, :created_at, :updated_at, :label,
                       CAST(:lookup AS TEXT))
               ON CONFLICT (authenticator, lookup) DO NOTHING""",
            id=credential.id,
            user_id=credential.user_id,
            authenticator=credential.authenticator,
            data=credential.data,
            version=credential.version,
            created_at=credential.created_at,
            updated_at=credential.updated_at,
            label=credential.label,
            lookup=credential.lookup,
        )

    async def replace(self, credential_id: str, *, data: str, version: int, now: int) -> bool:
        return (
            await self._tx.run(
                """UPDATE credential SET data = :data, version = version + 1, updated_at = :now, last_used_at = :now
                WHERE id = :id AND version = :version""",
                data=data,
                now=now,
                id=credential_id,
                version=version,
            )
            == 1
        )

    async def rewrite(self, credential_id: str, *, data: str, version: int, now: int) -> bool:
        return 1 == await self._tx.run(
            """UPDATE credential SET data = :data, updated_at = :now, last_used_at = :now
                WHERE id = :id AND version = :version""",
            data=data,
            now=now,
            id=credential_id,
            version=version,
        )

    async def rename(self, user_id: str, credential_id: str, *, label: str) -> bool:
        return 1 == await self._tx.run(
            "UPDATE credential SET label = :label WHERE id = :id AND user_id = :user_id",
            label=label,
            id=credential_id,
            user_id=user_id,
        )

    async def touch(self, credential_id: str, *, now: int) -> None:
        await self._tx.run("UPDATE credential SET last_used_at = :now WHERE id = :id", now=now, id=credential_id)

    async def remove_one(self, user_id: str, credential_id: str) -> bool:
        return 1 == await self._tx.run(
            "DELETE FROM credential WHERE id = :id AND user_id = :user_id", id=credential_id, user_id=user_id
        )

    async def remove(self, user_id: str, authenticator: str) -> int:
        return await self._tx.run(
            "DELETE FROM credential WHERE user_id = :user_id AND authenticator = :authenticator",
            user_id=user_id,
            authenticator=authenticator,
        )
