"""Opaque access tokens."""

from ...domain.confirmation import Confirmation
from ...ports.grants import OpaqueToken
from ...ports.store import Statements
from .columns import word_set, words


class AccessTokenStatements:
    """`ports.grants.AccessTokens`."""

    def __init__(self, tx: Statements) -> None:
        self._tx = tx

    async def add(self, token: OpaqueToken) -> None:
        await self._tx.run(
            """INSERT INTO access_token (digest, id, grant_id, client_id, user_id, session_id, audience, scopes, issued_at,
                                         expires_at, jkt, x5t)
               VALUES (:digest, :id, :grant_id, :client_id, CAST(:user_id AS TEXT), CAST(:session_id AS TEXT), :audience, :scopes,
                       :issued_at, :expires_at, :jkt, :x5t)""",
            digest=token.digest,
            id=token.id,
            grant_id=token.grant_id,
            client_id=token.client_id,
            user_id=token.user_id,
            session_id=token.session_id,
            audience=token.audience,
            scopes=words(token.scopes),
            issued_at=token.issued_at,
            expires_at=token.expires_at,
            jkt=token.cnf.jkt,
            x5t=token.cnf.x5t,
        )

    async def by_digest(self, digest: bytes) -> OpaqueToken | None:
        row = await self._tx.one(
            """SELECT digest, id, grant_id, client_id, user_id, session_id, audience, scopes, issued_at, expires_at, revoked_at,
                      jkt, x5t
                 FROM access_token WHERE digest = :digest""",
            digest=digest,
        )
        if row is None:
            return None
        return OpaqueToken(
            digest=row[0],
            id=row[1],
            grant_id=row[2],
            client_id=row[3],
            user_id=row[4],
            session_id=row[5],
            audience=row[6],
            scopes=word_set(row[7]),
            issued_at=row[8],
            expires_at=row[9],
            revoked_at=row[10],
            cnf=Confirmation(row[11], row[12]),
        )

    async def is_revoked(self, token_id: str) -> bool:
        row = await self._tx.one("SELECT revoked_at FROM access_token WHERE id = :id", id=token_id)
        return row is not None and row[0] is not None

    async def revoke(self, digest: bytes, *, now: int) -> bool:
        return (
            await self._tx.run(
                "UPDATE access_token SET revoked_at = :now WHERE digest = :digest AND revoked_at IS NULL",
                now=now,
                digest=digest,
            )
            == 1
        )
