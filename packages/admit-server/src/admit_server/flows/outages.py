"""Tries that an outside process left without an answer: refused, and no failures of the person, as long as they are few."""

from ..domain.throttle import FRESH, UNANSWERED, after_failure
from ..ports.transaction import Tx
from .charging import Charge, take_back
from .runtime import Runtime


async def excuse(paid: Charge, *, rt: Runtime, now: int) -> bool:
    """Take a charge back, `UNANSWERED` of an account and a method in a day; whether it was.

    Args:
        paid: What was charged before the try.
        rt: The runtime.
        now: Seconds, UTC.
    """
    account = paid.counters[0][0]
    key = rt.vault.mac("throttle unanswered", account)

    async def unit(tx: Tx) -> bool:
        was = await tx.throttles.get(key)
        becomes = after_failure(was or FRESH, UNANSWERED, now=now)
        expires = becomes.window_started_at + UNANSWERED.window_s
        if becomes.failures > UNANSWERED.free_failures:
            return False
        if not await tx.throttles.compare_and_set(key, was=was, becomes=becomes, expires_at=expires):
            return False
        await take_back(tx, paid.counters, paid.spread, now=now)
        return True

    excused = await rt.store.write(unit)
    if excused:
        paid.watch.not_judged(account)
    return excused
