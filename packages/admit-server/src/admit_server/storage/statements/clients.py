"""Applications and resources."""

from ...domain.client import Client, Resource
from ...domain.transaction import TransactionType
from ...ports.store import Row, Statements
from .columns import from_json, to_json, word_set, words

_CLIENT = """id, name, kind, first_party, secret_digest, redirect_uris, post_logout_redirect_uris, grant_types, scopes, audiences,
             pkce_required, policy, created_at, disabled_at, old_secret_digest, old_secret_until"""
_RESOURCE = "audience, scopes, format, policy, client_id, created_at, verifier, transactions, personal_tokens"


def _client(row: Row) -> Client:
    return Client(
        id=row[0],
        name=row[1],
        kind=row[2],
        first_party=bool(row[3]),
        secret_digest=row[4],
        redirect_uris=tuple(from_json(row[5])),
        post_logout_redirect_uris=tuple(from_json(row[6])),
        grant_types=word_set(row[7]),
        scopes=word_set(row[8]),
        audiences=tuple(from_json(row[9])),
        pkce_required=bool(row[10]),
        policy=row[11],
        created_at=row[12],
        disabled_at=row[13],
        old_secret_digest=row[14],
        old_secret_until=row[15],
    )


def _resource(row: Row) -> Resource:
    return Resource(
        audience=row[0],
        scopes=from_json(row[1]),
        format=row[2],
        policy=row[3],
        client_id=row[4],
        created_at=row[5],
        verifier=row[6],
        transactions={name: TransactionType(**each) for name, each in from_json(row[7] or "{}").items()},
        personal_tokens=bool(row[8]),
    )


def _types(resource: Resource) -> str:
    return to_json({name: {"action": each.action, "text": each.text} for name, each in resource.transactions.items()})


class ClientStatements:
    """`ports.clients.Clients`."""

    def __init__(self, tx: Statements) -> None:
        self._tx = tx

    async def add(self, client: Client, *, origins: frozenset[str]) -> None:
        await self._tx.run(
            """INSERT INTO client (id, name, kind, first_party, secret_digest, redirect_uris, post_logout_redirect_uris,
                                   grant_types, scopes, audiences, pkce_required, policy, created_at)
               VALUES (:id, :name, :kind, :first_party, :secret_digest, :redirect_uris, :post_logout_redirect_uris,
                       :grant_types, :scopes, :audiences, :pkce_required, CAST(:policy AS TEXT), :created_at)""",
            id=client.id,
            name=client.name,
            kind=client.kind,
            first_party=int(client.first_party),
            secret_digest=client.secret_digest,
            redirect_uris=to_json(client.redirect_uris),
            post_logout_redirect_uris=to_json(client.post_logout_redirect_uris),
            grant_types=words(client.grant_types),
            scopes=words(client.scopes),
            audiences=to_json(client.audiences),
            pkce_required=int(client.pkce_required),
            policy=client.policy,
            created_at=client.created_at,
        )
        await self._add_origins(client.id, origins)

    async def _add_origins(self, client_id: str, origins: frozenset[str]) -> None:
        for origin in sorted(origins):
            await self._tx.run(
                "INSERT INTO client_origin (origin, client_id) VALUES (:origin, :client_id)",
                origin=origin,
                client_id=client_id,
            )

    async def update(self, client: Client, *, origins: frozenset[str]) -> bool:
        changed = await self._tx.run(
            """UPDATE client SET name = :name, first_party = :first_party, redirect_uris = :redirect_uris,
                                 post_logout_redirect_uris = :post_logout_redirect_uris, grant_types = :grant_types,
                                 scopes = :scopes, audiences = :audiences, pkce_required = :pkce_required,
                                 policy = CAST(:policy AS TEXT)
                WHERE id = :id""",
            id=client.id,
            name=client.name,
            first_party=int(client.first_party),
            redirect_uris=to_json(client.redirect_uris),
            post_logout_redirect_uris=to_json(client.post_logout_redirect_uris),
            grant_types=words(client.grant_types),
            scopes=words(client.scopes),
            audiences=to_json(client.audiences),
            pkce_required=int(client.pkce_required),
            policy=client.policy,
        )
        if changed:
            await self._tx.run("DELETE FROM client_origin WHERE client_id = :id", id=client.id)
            await self._add_origins(client.id, origins)
        return changed == 1

    async def get(self, client_id: str) -> Client | None:
        row = await self._tx.one(f"SELECT {_CLIENT} FROM client WHERE id = :id", id=client_id)
        return _client(row) if row else None

    async def by_secret(self, digest: bytes) -> str | None:
        row = await self._tx.one(
            "SELECT id FROM client WHERE secret_digest = :digest OR old_secret_digest = :digest LIMIT 1", digest=digest
        )
        return row[0] if row else None

    async def by_name(self, name: str) -> Client | None:
        row = await self._tx.one(f"SELECT {_CLIENT} FROM client WHERE name = :name", name=name)
        return _client(row) if row else None

    async def hold(self, client_id: str) -> Client | None:
        row = await self._tx.one(
            f"UPDATE client SET name = name WHERE id = :id AND disabled_at IS NULL RETURNING {_CLIENT}", id=client_id
        )
        return _client(row) if row else None

    async def page(self, *, after: str, limit: int) -> list[Client]:
        rows = await self._tx.all(
            f"SELECT {_CLIENT} FROM client WHERE name > :after ORDER BY name LIMIT :limit", after=after, limit=limit
        )
        return [_client(row) for row in rows]

    async def rotate_secret(self, client_id: str, *, was: bytes, becomes: bytes, old_until: int | None) -> bool:
        return 1 == await self._tx.run(
            """UPDATE client SET secret_digest = :becomes, old_secret_until = CAST(:old_until AS BIGINT),
                                 old_secret_digest = CASE WHEN CAST(:old_until AS BIGINT) IS NULL THEN NULL ELSE secret_digest END
                WHERE id = :id AND secret_digest = :was""",
            becomes=becomes,
            old_until=old_until,
            id=client_id,
            was=was,
        )

    async def disable(self, client_id: str, *, at: int) -> bool:
        return 1 == await self._tx.run(
            "UPDATE client SET disabled_at = :at WHERE id = :id AND disabled_at IS NULL", at=at, id=client_id
        )

    async def remove(self, client_id: str) -> bool:
        await self._tx.run("DELETE FROM client_origin WHERE client_id = :id", id=client_id)
        return 1 == await self._tx.run("DELETE FROM client WHERE id = :id", id=client_id)

    async def origin_allowed(self, origin: str, *, client_id: str | None) -> bool:
        if client_id is None:
            row = await self._tx.one("SELECT 1 FROM client_origin WHERE origin = :origin LIMIT 1", origin=origin)
        else:
            row = await self._tx.one(
                "SELECT 1 FROM client_origin WHERE origin = :origin AND client_id = :client_id",
                origin=origin,
                client_id=client_id,
            )
        return row is not None


class ResourceStatements:
    """`ports.clients.Resources`."""

    def __init__(self, tx: Statements) -> None:
        self._tx = tx

    async def add(self, resource: Resource) -> None:
        await self._tx.run(
            """INSERT INTO resource (audience, scopes, format, policy, client_id, created_at, verifier, transactions,
                                     personal_tokens)
               VALUES (:audience, :scopes, :format, CAST(:policy AS TEXT), CAST(:client_id AS TEXT), :created_at,
                       CAST(:verifier AS TEXT), :transactions, :personal_tokens)""",
            audience=resource.audience,
            scopes=to_json(resource.scopes),
            format=resource.format,
            policy=resource.policy,
            client_id=resource.client_id,
            created_at=resource.created_at,
            verifier=resource.verifier,
            transactions=_types(resource),
            personal_tokens=int(resource.personal_tokens),
        )

    async def get(self, audience: str) -> Resource | None:
        row = await self._tx.one(f"SELECT {_RESOURCE} FROM resource WHERE audience = :audience", audience=audience)
        return _resource(row) if row else None

    async def by_client(self, client_id: str) -> list[Resource]:
        rows = await self._tx.all(
            f"SELECT {_RESOURCE} FROM resource WHERE client_id = :client_id ORDER BY audience LIMIT 200",
            client_id=client_id,
        )
        return [_resource(row) for row in rows]

    async def page(self, *, after: str, limit: int) -> list[Resource]:
        rows = await self._tx.all(
            f"SELECT {_RESOURCE} FROM resource WHERE audience > :after ORDER BY audience LIMIT :limit",
            after=after,
            limit=limit,
        )
        return [_resource(row) for row in rows]

    async def update(self, resource: Resource) -> bool:
        return 1 == await self._tx.run(
            """UPDATE resource SET scopes = :scopes, format = :format, policy = CAST(:policy AS TEXT),
                                   verifier = CAST(:verifier AS TEXT), client_id = CAST(:client_id AS TEXT),
                                   transactions = :transactions, personal_tokens = :personal_tokens
                WHERE audience = :audience""",
            scopes=to_json(resource.scopes),
            client_id=resource.client_id,
            format=resource.format,
            policy=resource.policy,
            verifier=resource.verifier,
            transactions=_types(resource),
            personal_tokens=int(resource.personal_tokens),
            audience=resource.audience,
        )

    async def remove(self, audience: str) -> bool:
        return 1 == await self._tx.run("DELETE FROM resource WHERE audience = :audience", audience=audience)
