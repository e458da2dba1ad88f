"""Recording decisions for `admit policy simulate`: kept in memory, written once a second, never waited for."""

import re
from contextlib import suppress

from ..domain.confirmation import NOTHING, Confirmation
from ..domain.decision import Batch, Decision, DecisionKind
from ..domain.denial import Denial
from ..domain.errors import InvalidDpopProof, InvalidRequest
from ..domain.trail import without_secrets
from ..ports.store import StoreUnavailable
from .redeem import Use
from .runtime import Runtime
from .token_status import STEP_UP, BadToken, GoodToken


def record_use(
    kind: DecisionKind,
    status: GoodToken | BadToken | None,
    use: Use,
    *,
    code: str = "",
    rule: str | None = None,
    by_dpop: bool = False,
    rt: Runtime,
) -> None:
    """Note the use of a token that was judged. What belongs to no grant, and to no rule of `/check`, is not noted.

    Args:
        kind: Where.
        status: What the token was; None: there was none.
        use: What was tried.
        code: Of the refusal; '': it was allowed.
        rule: Of `/check`, that decided.
        by_dpop: See `domain.decision.Decision`.
        rt: The runtime.
    """
    log, grant = rt.decisions, status.grant if status is not None else None
    if not log.on or (grant is None and rule is None):
        return
    attempt = use.attempt
    path = attempt.path
    kept = without_secrets(path) if path is not None else None
    cnf = status.cnf if status is not None else NOTHING
    log.add(
        Decision(
            rt.clock(),
            kind,
            code,
            grant.id if grant is not None else None,
            status.id if status is not None else "",
            status.issued_at if status is not None else 0,
            status.expires_at if status is not None else 0,
            attempt.method,
            kept,
            attempt.action,
            attempt.address,
            use.use_id,
            use.enforces_limits,
            cnf.jkt,
            cnf.x5t,
            use.proved.jkt,
            use.proved.x5t,
            rule,
            by_dpop,
            kept != path,
        )
    )


def record_issue(
    grant_id: str,
    *,
    token_id: str = "",
    ends_at: int = 0,
    refreshed: int | None = None,
    code: str = "",
    bound: Confirmation = NOTHING,
    proved: Confirmation = NOTHING,
    rt: Runtime,
) -> None:
    """Note that a token was issued, or that a refresh was refused.

    Args:
        grant_id: Of which grant.
        token_id: Of the access token.
        ends_at: When it ends by itself.
        refreshed: When the refresh token that was shown was made; 0: not known. None: it was no refresh.
        code: Of the refusal; '': it was issued.
        bound: What the access token is bound to.
        proved: What the caller proved to hold.
        rt: The runtime.
    """
    if not rt.decisions.on:
        return
    rt.decisions.add(
        Decision(
            rt.clock(),
            "issue" if refreshed is None else "refresh",
            code,
            grant_id,
            token_id,
            refreshed or 0,
            ends_at,
            jkt=bound.jkt,
            x5t=bound.x5t,
            proved_jkt=proved.jkt,
            proved_x5t=proved.x5t,
        )
    )


def record_unproved(
    grant_id: str | None,
    error: InvalidDpopProof | InvalidRequest,
    *,
    refreshed: int | None = None,
    proved: Confirmation,
    rt: Runtime,
) -> None:
    """Note that no token was issued because its caller proved nothing to bind it to. Another fault of the proof is no policy's."""
    is_missing = not (proved.jkt if isinstance(error, InvalidDpopProof) else proved.x5t)
    if is_missing and grant_id is not None:
        record_issue(grant_id, code=error.code, refreshed=refreshed, proved=proved, rt=rt)


# What libraries refuse by themselves, of what a policy may change.
_BY_LIBRARIES = frozenset({"token_expired", STEP_UP, "action_not_allowed", "network_not_allowed", "hour_not_allowed"})
_ROUTE = re.compile(r"([A-Z]{1,20}) (/.*)", re.DOTALL)


def record_report(denial: Denial, *, rt: Runtime) -> None:
    """Note a refusal that a library reported, if it is about a token of ours and comes from a policy."""
    if not rt.decisions.on or denial.grant_id is None or denial.code not in _BY_LIBRARIES:
        return
    route = _ROUTE.fullmatch(denial.endpoint)
    rt.decisions.add(
        Decision(
            denial.at,
            "report",
            denial.code,
            denial.grant_id,
            denial.token_id or "",
            method=route[1] if route else None,
            path=route[2] if route else None,
            action=None if route else denial.endpoint or None,
            address=denial.network or None,
            enforces=True,
            # Libraries leave out what could be a secret, and a named action where there is a path.
            cut=route is None or "(" in route[2] or route[2].endswith("..."),
        )
    )


async def write_last(rt: Runtime) -> None:
    """Write what is still waiting at the end: of a command, which does nothing each second, all that it decided."""
    with suppress(StoreUnavailable):
        await write_decisions(rt)


async def write_decisions(rt: Runtime) -> None:
    """Write what was noted since the last time.

    Raises:
        StoreUnavailable: Nothing was written; it counts as dropped, so that memory stays bounded while the database is away.
    """
    taken, dropped = rt.decisions.take()
    if not taken and not dropped:
        return
    rt.decisions.process = rt.decisions.process or rt.entropy(8).hex()
    # In the order of this process also within a second, and unique among all.
    batch = Batch(rt.clock(), f"{rt.decisions.takings:010x}{rt.decisions.process}", taken, dropped)
    try:
        await rt.store.write(lambda tx: tx.decisions.add(batch))
    except StoreUnavailable:
        rt.decisions.dropped += len(taken) + dropped
        raise
