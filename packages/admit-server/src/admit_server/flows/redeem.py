"""Using a limited token at a resource: judge what is tried, then count. Looking at a token never counts."""

from dataclasses import dataclass

from admit.limits import Attempt, Limits, Violation

from ..domain.confirmation import NOTHING, Confirmation
from ..domain.counting import UseAnswer
from ..domain.errors import InvalidRequest
from ..ports.transaction import Tx
from .effective import limits_of_grant
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
        proved: What the resource found that the caller holds; a bound token is counted for its holder only.
        enforces_limits: The resource understands `limits` and judges what is not told here.
    """

    attempt: Attempt = _NOTHING_KNOWN
    use_id: str | None = None
    proved: Confirmation = NOTHING
    enforces_limits: bool = False

    def __post_init__(self) -> None:
        if self.use_id is not None and not USE_ID_MIN <= len(self.use_id) <= USE_ID_MAX:
            raise InvalidRequest(f"use_id has {USE_ID_MIN} to {USE_ID_MAX} characters.")


async def redeem(status: GoodToken, use: Use, *, rt: Runtime) -> Violation | None:
    """Use a token once: None when it may pass, else the limit that forbids it, with its stable code.

    A limit that nobody could judge forbids as well: a resource that neither tells what is tried nor says that it enforces limits would
    let everything in.

    Raises:
        InvalidRequest: The use id belongs to a use of long ago.
    """
    limits, now = limits_of_grant(status.grant), rt.clock()
    violation = judged(limits, use, cnf=status.cnf, now=now)
    if violation is None and limits.counted:
        return await _count(status.id, limits, use_id=use.use_id, rt=rt, now=now)
    return violation


def judged(limits: Limits, use: Use, *, cnf: Confirmation, now: int) -> Violation | None:
    """The limit that forbids a use, before it is counted. Pure.

    Args:
        limits: Of the token.
        use: What is tried.
        cnf: What the token is bound to.
        now: Seconds, UTC.
    """
    if use.enforces_limits:
        judged = Limits(
            actions=limits.actions if use.attempt.path or use.attempt.action else frozenset(),
            networks=limits.networks if use.attempt.address else frozenset(),
            hours=limits.hours,
            body_sha256=limits.body_sha256 if use.attempt.body_sha256 else None,
        )
    else:
        judged = limits
    violation = judged.violation(use.attempt, now=now)
    if violation is None and limits.counted and use.enforces_limits and not use.proved.covers(cnf):
        # A thief without the key must not be able to use it up.
        found = use.proved.jkt or use.proved.x5t or "no proof"
        return Violation("token_bound", expected=f"shown with {cnf.jkt or cnf.x5t}", found=found)
    return violation


async def _count(token_id: str, limits: Limits, *, use_id: str | None, rt: Runtime, now: int) -> Violation | None:
    counting = rt.store.read.counting
    if (count := await counting.look(token_id)) is not None:
        if count.needs_no_write(now):
            return None
        # A spent token stays spent, so showing it again costs no write.
        if (spent := count.spent(now)) and not (use_id and await counting.is_repeat(token_id, use_id)):
            return _refused(spent, limits)

    async def unit(tx: Tx) -> UseAnswer:
        return await tx.counting.use(token_id, use_id=use_id, now=now)

    answer = await rt.store.write(unit)
    if answer == "use_id_stale":
        raise InvalidRequest("This use_id was counted more than a minute ago; draw a new one for each use.")
    return None if answer == "counted" else _refused(answer, limits)


def _refused(code: str, limits: Limits) -> Violation:
    if code == "idle_timeout":
        return Violation(code, expected=f"used at least every {limits.idle_timeout_s} s", found="not used for longer")
    return Violation(code, expected=f"used at most {limits.max_uses} times", found="no use left")
