"""Answers that are given again: a request with an Idempotency-Key is done once (draft-ietf-httpapi-idempotency-key-header-07)."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ...domain.errors import KeyReused
from ..runtime import Runtime

KEPT_S = 86_400


@dataclass(frozen=True, slots=True)
class Key:
    """A key as its holder chose it, and the request that it stands for (section 2.4: the fingerprint)."""

    holder: str
    text: str
    request: bytes

    @property
    def digest(self) -> bytes:
        """What is stored of the key."""
        return hashlib.sha256(self.text.encode()).digest()


async def once(key: Key, act: Callable[[], Awaitable[bytes]], *, rt: Runtime) -> tuple[bytes, bool]:
    """Do it, or give the answer of the time when it was done; and whether it was done before.

    Runs inside a unit (`one_unit`): key, act and answer are kept together or not at all. So a refusal is not remembered, and of any
    number of requests at once one acts while the others wait for its answer.

    Raises:
        KeyReused: The key stands for another request.
    """
    tx, now, request = rt.store.read, rt.clock(), hashlib.sha256(key.request).digest()
    place = f"act_answer/{key.holder}/{key.digest.hex()}"
    kept = await tx.acts.claim(key.holder, key.digest, request_digest=request, now=now, expires_at=now + KEPT_S)
    if kept is not None:
        if kept.request_digest != request or kept.answer is None:
            # Section 2.7: 422 where a key is used again with another payload.
            raise KeyReused("This Idempotency-Key belongs to another request of the last day; draw a new one for each.")
        return rt.vault.open(kept.answer, place=place), True
    answer = await act()
    await tx.acts.keep(key.holder, key.digest, answer=rt.vault.seal(answer, place=place, nonce=rt.entropy(12)))
    return answer, False
