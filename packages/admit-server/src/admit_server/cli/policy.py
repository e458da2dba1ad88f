"""`admit policy`: named limits on tokens."""

from typing import Annotated, Any

import typer

from ..domain.client import TokenFormat
from ..flows.admin import policies
from ..flows.admin.effective import Effective, effective
from ..flows.admin.policies import NamedPolicy
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
from .noun import noun
from .place import Place, placed
from .simulate import simulate_policy

app = noun("Named limits on tokens. Server, resource, client, roles, user and issue combine to the strictest.")

Name = Annotated[str, typer.Argument(metavar="NAME")]

app.command("simulate")(placed(simulate_policy))


def as_document(policy: NamedPolicy) -> dict[str, Any]:
    """The JSON of a policy: only the limits that it sets; those in seconds end in `_s`."""
    return {"name": policy.name, **policy.limits.as_dict()}


def as_text(policy: NamedPolicy) -> str:
    """The lines about a policy."""
    return output.record([("name", policy.name), *(limits.as_lines(policy.limits) or [("limits", "none")])])


@app.command("set")
@placed
def set_policy(
    place: Place,
    name: Name,
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
) -> None:
    """Make a policy, or replace all its limits. A SPAN is written 90s, 15m, 1h or 30d; what is not given is unlimited."""
    wanted = limits.policy_of_options(
        {
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
    )

    async def work(rt: Runtime, caller: Caller) -> bool:
        return await policies.set_policy(name, wanted, rt=rt, caller=caller)

    is_new = place.run(work, create=True)
    policy = NamedPolicy(name, wanted)
    place.show(as_document(policy), as_text(policy))
    place.tell(
        f"{'Made' if is_new else 'Changed'} the policy {name}. Tokens of sign-ins from now on obey it; those that exist keep theirs."
    )


@app.command("list")
@placed
def show_all(place: Place) -> None:
    """List all policies."""

    async def work(rt: Runtime, caller: Caller) -> list[NamedPolicy]:
        return await policies.every(rt=rt)

    found = place.run(work)
    place.show(
        [as_document(policy) for policy in found],
        output.table(("name", "limits"), ((p.name, limits.in_one_line(p.limits) or "none") for p in found)),
    )
    if not found:
        place.tell("There are no policies yet; `admit policy set NAME --lifetime 15m` makes one.")


@app.command("show")
@placed
def show(place: Place, name: Name) -> None:
    """Show one policy."""

    async def work(rt: Runtime, caller: Caller) -> NamedPolicy:
        return await policies.find(name, rt=rt)

    policy = place.run(work)
    place.show(as_document(policy), as_text(policy))


@app.command("delete")
@placed
def delete(place: Place, name: Name) -> None:
    """Delete a policy that nothing refers to. Tokens that were issued by it keep its limits."""

    async def work(rt: Runtime, caller: Caller) -> None:
        await policies.delete(name, rt=rt, caller=caller)

    place.run(work)
    if place.as_json:
        place.show({"name": name, "deleted": True}, "")
    place.tell(f"Deleted the policy {name}.")


@app.command("effective")
@placed
def show_effective(
    place: Place,
    user: Annotated[str | None, typer.Option("--user", metavar="USER", help="User name or id.")] = None,
    client: Annotated[str | None, typer.Option("--client", metavar="CLIENT", help="Client name or id.")] = None,
    resource: Annotated[str | None, typer.Option("--resource", metavar="AUDIENCE", help="What tokens are for.")] = None,
) -> None:
    """Show what all rules together allow, and which rule set each limit."""

    async def work(rt: Runtime, caller: Caller) -> Effective:
        return await effective(user=user, client=client, resource=resource, rt=rt)

    found = place.run(work)
    rows = [
        (limits.word(limit.name), limits.shown(limit.name, limit.value), ", ".join(limit.set_by))
        for limit in found.limits
    ]
    form: TokenFormat | None = found.format
    if form is not None:
        rows = [row for row in rows if row[0] != limits.word("format")]
        rows.append((limits.word("format"), form, found.format_because or ""))
    place.show(_effective_document(found), output.table(("limit", "value", "set by"), rows))
    place.tell(f"Rules that apply: {', '.join(found.rules)}.")


def _effective_document(found: Effective) -> dict[str, Any]:
    document: dict[str, Any] = {
        "rules": list(found.rules),
        "limits": [{"name": o.name, "value": o.value, "set_by": list(o.set_by)} for o in found.limits],
    }
    if found.format is not None:
        document |= {"format": found.format, "format_because": found.format_because}
    return document
