"""`admit policy simulate`: what another policy would have meant for the last days."""

from typing import Annotated

import typer

from ..flows.admin.simulate import simulate
from ..flows.admin.simulation import Question, Simulation
from ..flows.runtime import Caller, Runtime
from . import limits, output
from .limits import (
    Acr,
    Action,
    BindingKinds,
    DenyNewSession,
    EndWithSession,
    Format,
    Hours,
    IdleTimeout,
    Lease,
    Lifetime,
    MaxAuthAge,
    MaxSessions,
    MaxUses,
    Network,
    RefreshIdle,
    RefreshLifetime,
    RefreshReuseWindow,
)
from .place import Place
from .simulation_shown import UNSEEN, as_document, as_text


def simulate_policy(
    place: Place,
    name: Annotated[str, typer.Argument(metavar="NAME")],
    days: Annotated[int, typer.Option("--days", metavar="N", help="How far back.")] = 7,
    unlimited: Annotated[bool, typer.Option("--unlimited", help="What if the policy had no limits?")] = False,
    lifetime: Lifetime = None,
    idle_timeout: IdleTimeout = None,
    max_uses: MaxUses = None,
    end_with_session: EndWithSession = False,
    action: Action = None,
    network: Network = None,
    hours: Hours = None,
    format: Format = None,
    refresh_lifetime: RefreshLifetime = None,
    refresh_idle: RefreshIdle = None,
    refresh_reuse_window: RefreshReuseWindow = None,
    lease: Lease = None,
    binding: BindingKinds = None,
    acr: Acr = None,
    max_auth_age: MaxAuthAge = None,
    max_sessions: MaxSessions = None,
    deny_new_session: DenyNewSession = False,
    user: Annotated[
        str | None, typer.Option("--user", metavar="USER", help="Only decisions about this person.")
    ] = None,
    client: Annotated[
        str | None, typer.Option("--client", metavar="CLIENT", help="Only those about this application.")
    ] = None,
    resource: Annotated[
        str | None, typer.Option("--resource", metavar="AUDIENCE", help="Only those for this resource.")
    ] = None,
    examples: Annotated[
        int, typer.Option("--examples", metavar="N", min=0, max=1000, help="How many changes to show.")
    ] = 20,
) -> None:
    """Replay the recorded decisions of the last days with other limits under NAME, and list what would change. Nothing is written.

    The limits are given as to `policy set`: all of them, and what is not given is unlimited. Without any, the policy is tried as it is.
    """
    given: limits.Options = {
        "lifetime": lifetime,
        "idle_timeout": idle_timeout,
        "max_uses": max_uses,
        "action": action,
        "network": network,
        "hours": hours,
        "end_with_session": end_with_session,
        "format": format,
        "refresh_lifetime": refresh_lifetime,
        "refresh_idle": refresh_idle,
        "refresh_reuse_window": refresh_reuse_window,
        "lease": lease,
        "binding": binding,
        "acr": acr,
        "max_auth_age": max_auth_age,
        "max_sessions": max_sessions,
        "deny_new_session": deny_new_session,
    }
    is_given = any(value not in (None, False, []) for value in given.values())
    if unlimited and is_given:
        raise typer.BadParameter("give limits, or none", param_hint="--unlimited")
    question = Question(
        name=name,
        limits=limits.policy_of_options(given) if is_given or unlimited else None,
        days=days,
        user=user,
        client=client,
        resource=resource,
        examples=examples,
    )

    async def work(rt: Runtime, caller: Caller) -> Simulation:
        return await simulate(question, rt=rt)

    found = place.run(work)
    place.show(as_document(found), as_text(found))
    _tell(place, found)


def _tell(place: Place, found: Simulation) -> None:
    if found.recorded_since is None:
        place.tell(
            "Nothing is recorded yet: `admit serve` records decisions from now on, unless decisions.keep_days is 0."
        )
        return
    if found.recorded_since > found.since:
        place.tell(f"The records begin later than asked for: {output.when(found.recorded_since)}.")
    if found.dropped:
        place.tell(
            f"This is a sample: {found.dropped} further decisions were made, but not recorded (decisions.per_second)."
        )
    if found.untold:
        names = ", ".join(limits.word(name) for name in found.untold)
        place.tell(f"Of these limits the records tell little or nothing: {names}.")
    place.tell(UNSEEN)
