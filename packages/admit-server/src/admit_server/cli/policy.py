"""`admit policy`: named limits on tokens."""

from typing import Annotated, Any, Literal, cast

import typer

from ..domain.client import TokenFormat
from ..domain.token_policy import ACR_ORDER
from ..flows.admin import policies
from ..flows.admin.effective import Effective, effective
from ..flows.admin.policies import NamedPolicy
from ..flows.runtime import Caller, Runtime
from . import limits, output, reading
from .limits import Action, Hours, IdleTimeout, Lifetime, MaxUses, Network, Span, Texts
from .noun import noun
from .place import Place, placed

app = noun("Named limits on tokens. Server, resource, client, roles, user and issue combine to the strictest.")

Name = Annotated[str, typer.Argument(metavar="NAME")]


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
    end_with_session: Annotated[
        bool, typer.Option("--end-with-session", help="Tokens die at the moment of logout.")
    ] = False,
    action: Action = None,
    network: Network = None,
    hours: Hours = None,
    format: Annotated[str | None, typer.Option("--format", metavar="opaque", help="Forces opaque tokens.")] = None,
    refresh_lifetime: Annotated[
        Span, typer.Option("--refresh-lifetime", metavar="SPAN", help="Of a family of refresh tokens, from its start.")
    ] = None,
    refresh_idle: Annotated[
        Span, typer.Option("--refresh-idle", metavar="SPAN", help="An unused refresh token ends after this long.")
    ] = None,
    refresh_reuse_window: Annotated[
        Span,
        typer.Option(
            "--refresh-reuse-window", metavar="SPAN", help="How long a spent one gets the same successor; 0 to 5m."
        ),
    ] = None,
    lease: Annotated[
        Span,
        typer.Option("--lease", metavar="SPAN", help="Tokens end when the app stops renewing this long: 15s to 1d."),
    ] = None,
    binding: Annotated[
        Texts,
        typer.Option(
            "--binding", metavar="KIND", help="The holder proves a key with each request: dpop, mtls; may be repeated."
        ),
    ] = None,
    acr: Annotated[
        str | None,
        typer.Option("--acr", metavar="CLASS", help="The weakest sign-in that will do: 1fa, 2fa, phr."),
    ] = None,
    max_auth_age: Annotated[
        Span, typer.Option("--max-auth-age", metavar="SPAN", help="How old the sign-in may be: 30s to 3650d.")
    ] = None,
    max_sessions: Annotated[
        int | None, typer.Option("--max-sessions", metavar="N", help="A new sign-in ends the oldest beyond: 1 to 1000.")
    ] = None,
    deny_new_session: Annotated[
        bool, typer.Option("--deny-new-session", help="With --max-sessions: refuse the new one.")
    ] = False,
) -> None:
    """Make a policy, or replace all its limits. A SPAN is written 90s, 15m, 1h or 30d; what is not given is unlimited."""
    if format not in (None, "opaque"):
        raise typer.BadParameter("a policy can only force opaque; jwt is what a resource has", param_hint="--format")
    wanted = limits.policy_of(
        {
            "lifetime": lifetime,
            "idle_timeout": idle_timeout,
            "max_uses": max_uses,
            "action": action,
            "network": network,
            "hours": hours,
        },
        end_with_session=end_with_session,
        format=cast("Literal['opaque'] | None", format),
        refresh_lifetime_s=reading.seconds(refresh_lifetime),
        refresh_idle_s=reading.seconds(refresh_idle),
        refresh_reuse_window_s=reading.seconds(refresh_reuse_window),
        lease_s=reading.seconds(lease),
        binding=limits.bindings(binding),
        acr=f"urn:admit:acr:{acr}" if f"urn:admit:acr:{acr}" in ACR_ORDER else acr,
        max_auth_age_s=reading.seconds(max_auth_age),
        max_sessions=max_sessions,
        deny_new_session=deny_new_session,
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
