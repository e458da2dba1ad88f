"""Refusals that libraries made, reported by the resource in whose name they refused (docs/reference/denials.md)."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..domain.denial import OF_A_REPORTER, Check, Denial
from ..domain.errors import InvalidClient, InvalidTarget
from ..domain.trail import shown
from ..ports.transaction import Tx
from .client_auth import AuthenticatedClient
from .recording import record_report
from .runtime import Caller, Runtime

# Within this time a report's own word for when it happened is believed; clocks of resources may differ.
OLDEST_S, AHEAD_S = 86_400, 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One refusal as a library tells it, well-formed. `grant`, `jti` and `sid` are handles of a token whose signature was good."""

    id: str
    code: str
    at: int
    resource: str
    endpoint: str = ""
    network: str = ""
    grant: str | None = None
    jti: str | None = None
    sid: str | None = None
    checks: tuple[Check, ...] = ()


async def take(reports: Sequence[Report], *, who: AuthenticatedClient, rt: Runtime, caller: Caller) -> list[str | None]:
    """Keep what may be kept; the ids in the order of the reports, None where nothing is kept under the one that was sent.

    A resource tells of its own refusals only: whose token it was is read here from the grant, never believed. A report that was
    taken before is answered as it was then, so a library whose answer was lost may send it again.

    Raises:
        InvalidClient: A public client.
        InvalidTarget: A report for a resource that is not this client's; none of the reports is kept.
    """
    if not who.proved:
        caller.trail.failed("kind of client", "confidential", who.client.kind)
        raise InvalidClient("Reporting needs a confidential client.")
    own = {resource.audience for resource in await rt.store.read.resources.by_client(who.client.id)}
    for report in reports:
        if report.resource not in own:
            caller.trail.failed("resource", own, report.resource)
            raise InvalidTarget("That resource is not this client's.")
    now = rt.clock()

    kept: list[Denial] = []

    async def unit(tx: Tx) -> list[str | None]:
        kept.clear()
        return [await _take_one(tx, report) for report in reports]

    async def _take_one(tx: Tx, report: Report) -> str | None:
        denial = await _denial(tx, report)
        if denial is None:
            return None
        if (known := await tx.denials.get(report.id)) is not None:
            return _if_own(known)
        if not await tx.denials.spend(f"reports of {who.client.id}", minute=now // 60, most=OF_A_REPORTER):
            await tx.denials.count(code=report.code, network=report.network or caller.network, minute=now // 60)
            return None
        if await tx.denials.add(denial):
            kept.append(denial)
            return report.id
        # The same report, sent twice at once: the other one was first.
        known = await tx.denials.get(report.id)
        return _if_own(known) if known is not None else None

    def _if_own(known: Denial) -> str | None:
        return known.id if known.resource in own or known.reported_by == who.client.id else None

    async def _denial(tx: Tx, report: Report) -> Denial | None:
        grant = None
        if report.grant is not None:
            grant = await tx.grants.get(report.grant)
            if grant is None or grant.audience not in own or report.sid not in (None, grant.session_id):
                return None
        return Denial(
            id=report.id,
            at=report.at if now - OLDEST_S <= report.at <= now + AHEAD_S else now,
            code=report.code,
            endpoint=report.endpoint,
            client_id=grant.client_id if grant else None,
            user_id=grant.user_id if grant else None,
            network=report.network or caller.network,
            checks=tuple(Check(c.name, shown(c.expected), shown(c.found), c.passed) for c in report.checks),
            grant_id=report.grant,
            token_id=report.jti if grant else None,
            session_id=grant.session_id if grant else None,
            resource=report.resource,
            reported_by=who.client.id,
        )

    taken = await rt.store.write(unit)
    for denial in kept:
        record_report(denial, rt=rt)
    return taken
