"""DPoP proofs that were taken: one statement each."""

from ...ports.store import Statements


class ProofStatements:
    """`ports.proofs.Proofs`."""

    def __init__(self, tx: Statements) -> None:
        self._tx = tx

    async def take(self, digest: bytes, *, keep_until: int) -> bool:
        # Of two at once the second waits for the first one's commit, and then finds its row.
        return 1 == await self._tx.run(
            """INSERT INTO dpop_proof (digest, keep_until) VALUES (:digest, :keep_until)
               ON CONFLICT (digest) DO NOTHING""",
            digest=digest,
            keep_until=keep_until,
        )
