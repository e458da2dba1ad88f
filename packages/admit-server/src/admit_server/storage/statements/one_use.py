"""The one-use things: each is spent by one compare-and-set statement, with its owner in the WHERE clause."""

from ...domain.confirmation import NOTHING, Confirmation
from ...domain.grant import AlreadyUsed, CodeConsumed, Consumed, Replayed, Unknown
from ...ports.grants import NewCode, NewRefreshToken
from ...ports.store import Statements
from .columns import word_set, words

# A token that is bound to a key or certificate belongs to whoever proved to have it.
_BY_HOLDER = "(jkt = '' OR jkt = :jkt) AND (x5t = '' OR x5t = :x5t)"


class CodeStatements:
    """`ports.grants.AuthorizationCodes`."""

    def __init__(self, tx: Statements) -> None:
        self._tx = tx

    async def add(self, code: NewCode) -> None:
        await self._tx.run(
            """INSERT INTO authorization_code (digest, grant_id, client_id, redirect_uri, code_challenge, nonce, created_at,
                                               expires_at, keep_until, dpop_jkt)
               VALUES (:digest, :grant_id, :client_id, :redirect_uri, CAST(:code_challenge AS TEXT), CAST(:nonce AS TEXT),
                       :created_at, :expires_at, :keep_until, :dpop_jkt)""",
            digest=code.digest,
            grant_id=code.grant_id,
            client_id=code.client_id,
            redirect_uri=code.redirect_uri,
            code_challenge=code.code_challenge,
            nonce=code.nonce,
            created_at=code.created_at,
            expires_at=code.expires_at,
            keep_until=code.keep_until,
            dpop_jkt=code.dpop_jkt,
        )

    async def consume(self, digest: bytes, *, client_id: str, now: int) -> CodeConsumed | AlreadyUsed | Unknown:
        row = await self._tx.one(
            """UPDATE authorization_code SET consumed_at = :now
                WHERE digest = :digest AND client_id = :client_id AND consumed_at IS NULL
            RETURNING grant_id, redirect_uri, code_challenge, nonce, expires_at, dpop_jkt""",
            now=now,
            digest=digest,
            client_id=client_id,
        )
        if row:
            return CodeConsumed(*row)
        used = await self._tx.one(
            "SELECT grant_id FROM authorization_code WHERE digest = :digest AND client_id = :client_id",
            digest=digest,
            client_id=client_id,
        )
        return AlreadyUsed(used[0]) if used else Unknown()

    async def owner(self, digest: bytes) -> tuple[str, str] | None:
        row = await self._tx.one(
            "SELECT grant_id, client_id FROM authorization_code WHERE digest = :digest", digest=digest
        )
        return (row[0], row[1]) if row else None


class RefreshTokenStatements:
    """`ports.grants.RefreshTokens`."""

    def __init__(self, tx: Statements) -> None:
        self._tx = tx

    async def add(self, token: NewRefreshToken) -> None:
        await self._tx.run(
            """INSERT INTO refresh_token (digest, grant_id, client_id, parent_digest, scopes, created_at, expires_at, keep_until,
                                          reuse_window_s, replays, jkt, x5t)
               VALUES (:digest, :grant_id, :client_id, :parent_digest, :scopes, :created_at, :expires_at,
                       :keep_until, :reuse_window_s, 0, :jkt, :x5t)""",
            digest=token.digest,
            grant_id=token.grant_id,
            client_id=token.client_id,
            parent_digest=token.parent_digest,
            scopes=words(token.scopes),
            created_at=token.created_at,
            expires_at=token.expires_at,
            keep_until=token.keep_until,
            reuse_window_s=token.reuse_window_s,
            jkt=token.cnf.jkt,
            x5t=token.cnf.x5t,
        )

    async def consume(
        self,
        digest: bytes,
        *,
        client_id: str,
        proved: Confirmation = NOTHING,
        successor_digest: bytes,
        sealed_successor: bytes,
        now: int,
    ) -> Consumed | Replayed | AlreadyUsed | Unknown:
        row = await self._tx.one(
            f"""UPDATE refresh_token
                  SET consumed_at = :now, successor_digest = :successor_digest, sealed_successor = :sealed
                WHERE digest = :digest AND client_id = :client_id AND {_BY_HOLDER} AND consumed_at IS NULL
            RETURNING grant_id, parent_digest, scopes, expires_at, reuse_window_s, jkt, x5t, created_at""",
            now=now,
            successor_digest=successor_digest,
            sealed=sealed_successor,
            digest=digest,
            client_id=client_id,
            jkt=proved.jkt,
            x5t=proved.x5t,
        )
        if row:
            if row[4] == 0:
                await self.forget_sealed(digest)
            return Consumed(row[0], row[1], word_set(row[2]), row[3], Confirmation(row[5], row[6]), row[7])
        return await self._why_not(digest, client_id=client_id, proved=proved, now=now)

    async def _why_not(
        self, digest: bytes, *, client_id: str, proved: Confirmation, now: int
    ) -> Replayed | AlreadyUsed | Unknown:
        # A burst in one second is one race or one retry, so a second counts once, and the second of the first use not at all. Clocks
        # are read before the row is locked, so commits can come out of order: only a later second counts.
        row = await self._tx.one(
            f"""UPDATE refresh_token
                  SET replays = replays + CASE WHEN COALESCE(last_replay_at, consumed_at) < :now THEN 1 ELSE 0 END,
                      last_replay_at = CASE WHEN COALESCE(last_replay_at, consumed_at) < :now THEN :now
                                            ELSE COALESCE(last_replay_at, consumed_at) END
                WHERE digest = :digest AND client_id = :client_id AND {_BY_HOLDER}
                  AND sealed_successor IS NOT NULL AND consumed_at > :now - reuse_window_s
            RETURNING grant_id, sealed_successor, successor_digest, replays""",
            now=now,
            digest=digest,
            client_id=client_id,
            jkt=proved.jkt,
            x5t=proved.x5t,
        )
        if row:
            grant_id, sealed, successor, replays = row
            next_one = await self._tx.one(
                "SELECT expires_at, scopes, consumed_at FROM refresh_token WHERE digest = :digest", digest=successor
            )
            if next_one is not None and next_one[2] is None:
                return Replayed(grant_id, sealed, next_one[0], word_set(next_one[1]), replays)
            return AlreadyUsed(grant_id, late_tab=True)
        used = await self._tx.one(
            f"""SELECT grant_id, consumed_at, reuse_window_s FROM refresh_token
                WHERE digest = :digest AND client_id = :client_id AND {_BY_HOLDER}""",
            digest=digest,
            client_id=client_id,
            jkt=proved.jkt,
            x5t=proved.x5t,
        )
        if used is None or used[1] is None:
            return Unknown()
        # The sealed text is gone once the successor was used: inside the window that is a late tab, after it a thief.
        return AlreadyUsed(used[0], late_tab=used[1] > now - used[2])

    async def forget_sealed(self, digest: bytes) -> None:
        await self._tx.run("UPDATE refresh_token SET sealed_successor = NULL WHERE digest = :digest", digest=digest)

    async def owner(self, digest: bytes) -> tuple[str, str] | None:
        row = await self._tx.one("SELECT grant_id, client_id FROM refresh_token WHERE digest = :digest", digest=digest)
        return (row[0], row[1]) if row else None

    async def bound_to(self, digest: bytes) -> Confirmation:
        row = await self._tx.one("SELECT jkt, x5t FROM refresh_token WHERE digest = :digest", digest=digest)
        return Confirmation(row[0], row[1]) if row else NOTHING
