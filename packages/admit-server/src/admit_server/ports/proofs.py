"""The port of DPoP proofs that were taken."""

from typing import Protocol


class Proofs(Protocol):
    """Proofs of possession: each is good once."""

    async def take(self, digest: bytes, *, keep_until: int) -> bool:
        """Take a proof. Of any number of callers with the same one, exactly one gets True.

        Args:
            digest: Of key, address and `jti`.
            keep_until: When it is over by itself and may be forgotten (seconds, UTC).
        """
        ...
