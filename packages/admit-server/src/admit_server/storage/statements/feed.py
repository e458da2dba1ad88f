"""The revocation feed, and the keys that sign."""

from ...domain.revocation import FeedHead, Revocation
from ...domain.signing_key import SigningKey
from ...ports.store import Row, Statements
from .columns import from_json, to_json

_REVOCATION = "seq, nonce, handle, before_at, until_at"
_ENDED = """SELECT 1 FROM revocation WHERE handle IN ({handles}) AND until_at > :now
             UNION ALL SELECT 1 FROM revocation WHERE handle IS NULL AND before_at >= :issued_at AND until_at > :now LIMIT 1"""


def _revocation(row: Row) -> Revocation:
    return Revocation(seq=row[0], nonce=row[1], handle=row[2], before=row[3], until=row[4])


class FeedStatements:
    """`ports.security.Feed`."""

    def __init__(self, tx: Statements) -> None:
        self._tx = tx

    async def publish(self, handle: str, *, until: int, nonce: str, now: int) -> None:
        await self._append(handle, None, until, nonce, now)

    async def publish_before(self, before: int, *, until: int, nonce: str, now: int) -> None:
        await self._append(None, before, until, nonce, now)

    async def _append(self, handle: str | None, before: int | None, until: int, nonce: str, now: int) -> None:
        # The head's row stays locked until the commit, so numbers have no gaps and stand in the order of commits.
        row = await self._tx.one(
            "UPDATE feed_head SET seq = seq + 1, nonce = :nonce WHERE id = 1 RETURNING seq", nonce=nonce
        )
        assert row is not None, "feed_head is written by the first migration"
        await self._tx.run(
            """INSERT INTO revocation (seq, nonce, handle, before_at, until_at, revoked_at)
               VALUES (:seq, :nonce, CAST(:handle AS TEXT), CAST(:before_at AS BIGINT), :until_at, :now)""",
            seq=row[0],
            nonce=nonce,
            handle=handle,
            before_at=before,
            until_at=until,
            now=now,
        )

    async def head(self) -> FeedHead:
        row = await self._tx.one("SELECT seq, nonce FROM feed_head WHERE id = 1")
        assert row is not None, "feed_head is written by the first migration"
        return FeedHead(row[0], row[1])

    async def since(self, seq: int, *, limit: int) -> list[Revocation]:
        rows = await self._tx.all(
            f"SELECT {_REVOCATION} FROM revocation WHERE seq > :seq ORDER BY seq LIMIT :limit", seq=seq, limit=limit
        )
        return [_revocation(row) for row in rows]

    async def at(self, seq: int) -> Revocation | None:
        row = await self._tx.one(f"SELECT {_REVOCATION} FROM revocation WHERE seq = :seq", seq=seq)
        return _revocation(row) if row else None

    async def installation_nonce(self) -> str:
        row = await self._tx.one("SELECT nonce FROM installation WHERE id = 1")
        assert row is not None, "installation is written by the first migration"
        nonce: str = row[0]
        return nonce

    async def live(self, *, now: int) -> list[Revocation]:
        rows = await self._tx.all(f"SELECT {_REVOCATION} FROM revocation WHERE until_at > :now ORDER BY seq", now=now)
        return [_revocation(row) for row in rows]

    async def ended(self, handles: tuple[str, ...], *, issued_at: int, now: int) -> bool:
        named = {f"handle_{number}": text for number, text in enumerate(handles)}
        row = await self._tx.one(
            _ENDED.format(handles=", ".join(f":{name}" for name in named)), **named, issued_at=issued_at, now=now
        )
        return row is not None


class SigningKeyStatements:
    """`ports.security.SigningKeys`."""

    def __init__(self, tx: Statements) -> None:
        self._tx = tx

    async def add(self, key: SigningKey) -> None:
        await self._tx.run(
            """INSERT INTO signing_key (kid, alg, public_jwk, sealed_private, published_at, signs_from, signs_until, removed_at)
               VALUES (:kid, :alg, :public_jwk, :sealed_private, :published_at, CAST(:signs_from AS BIGINT),
                       CAST(:signs_until AS BIGINT), CAST(:removed_at AS BIGINT))""",
            kid=key.kid,
            alg=key.alg,
            public_jwk=to_json(key.public_jwk),
            sealed_private=key.sealed_private,
            published_at=key.published_at,
            signs_from=key.signs_from,
            signs_until=key.signs_until,
            removed_at=key.removed_at,
        )

    async def all(self) -> list[SigningKey]:
        rows = await self._tx.all(
            """SELECT kid, alg, public_jwk, sealed_private, published_at, signs_from, signs_until, removed_at
                 FROM signing_key ORDER BY published_at, kid LIMIT 200"""
        )
        return [
            SigningKey(
                kid=row[0],
                alg=row[1],
                public_jwk=from_json(row[2]),
                sealed_private=row[3],
                published_at=row[4],
                signs_from=row[5],
                signs_until=row[6],
                removed_at=row[7],
            )
            for row in rows
        ]

    async def activate(self, kid: str, *, at: int) -> bool:
        return (
            await self._tx.run(
                "UPDATE signing_key SET signs_from = :at WHERE kid = :kid AND signs_from IS NULL", at=at, kid=kid
            )
            == 1
        )

    async def remove(self, kid: str, *, at: int) -> bool:
        return 1 == await self._tx.run(
            """UPDATE signing_key SET removed_at = :at,
                      signs_until = CASE WHEN signs_until IS NULL OR signs_until > :at THEN :at ELSE signs_until END
                WHERE kid = :kid AND (removed_at IS NULL OR removed_at > :at)""",
            at=at,
            kid=kid,
        )

    async def begin(self, kid: str, *, at: int) -> bool:
        return 1 == await self._tx.run(
            "UPDATE signing_key SET signs_from = :at WHERE kid = :kid AND (signs_from IS NULL OR signs_from > :at)",
            at=at,
            kid=kid,
        )

    async def retire(self, kid: str, *, signs_until: int, removed_at: int) -> bool:
        return (
            await self._tx.run(
                "UPDATE signing_key SET signs_until = :signs_until, removed_at = :removed_at WHERE kid = :kid AND signs_until IS NULL",
                signs_until=signs_until,
                removed_at=removed_at,
                kid=kid,
            )
            == 1
        )
