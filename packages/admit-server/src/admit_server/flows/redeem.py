"""Using a limited token at a resource: judge what is tried, then count. Looking at a token never counts."""

from dataclasses import dataclass

from admit.limits import Attempt, Limits

from ..domain.errors import InvalidRequest
from ..ports.transaction import Tx
from .effective import limits_of
from .runtime import Runtime
from .token_status import GoodToken

USE_ID_MIN, USE_ID_MAX = 16, 64
_NOTHING_KNOWN = Attempt()


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One use as the resource tells it.

    Attributes:
        attempt: What somebody tries to do; empty where the resource says nothing.
        use_id: Random text of 16 to 64 characters, the same when the resource asks again about the same use.
        enforces_limits: The resource understands `limits` and judges what is not told here.
    """

    attempt: Attempt = _NOTHING_KNOWN
    use_id: str | None = None
    enforces_limits: bool = False

    def __post_init__(self) -> None:
        if self.use_id is not None and not USE_ID_MIN <= len(self.use_id) <= USE_ID_MAX:
            raise InvalidRequest(f"use_id has {USE_ID_MIN} to {USE_ID_MAX} characters.")


async def redeem(status: GoodToken, use: Use, *, rt: Runtime) -> str | None:
    """Use a token once: None when it may pass, else the stable code of the limit that forbids it.

    A limit that nobody could judge forbids as well: a resource that neither tells what is tried nor says that it enforces limits would
    let everything in.
    """
    limits, now = limits_of(status.grant.policy), rt.clock()
    if not limits:
        return None
    if use.enforces_limits:
        judged = Limits(
            actions=limits.actions if use.attempt.path or use.attempt.action else frozenset(),
            networks=limits.networks if use.attempt.address else frozenset(),
            hours=limits.hours,
        )
    else:
        judged = limits
    violation = judged.violation(use.attempt, now=now)
    if violation is not None:
        return violation.code
    return await _count(status.id, limits, use_id=use.use_id, rt=rt, now=now) if limits.counted else None


async def _count(token_id: str, limits: Limits, *, use_id: str | None, rt: Runtime, now: int) -> str | None:
    if limits.max_uses is None and limits.idle_timeout_s is not None:
        # Idle time is written at most every tenth of its length.
        left = await rt.store.read.counting.left(token_id)
        if left is not None and now - left[1] < limits.idle_timeout_s // 10:
            return None

    async def unit(tx: Tx) -> str | None:
        answer = await tx.counting.use(token_id, use_id=use_id, now=now)
        return None if answer == "counted" else answer

    return await rt.store.write(unit)
