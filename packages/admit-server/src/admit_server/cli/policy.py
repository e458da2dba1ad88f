"""`admit policy`: named limits on tokens."""

from typing import Annotated, Any

import typer

from ..domain.errors import NotAllowed
from ..domain.token_policy import TokenPolicy
from ..flows.admin import policies
from ..flows.admin.policies import NamedPolicy
from ..flows.runtime import Caller, Runtime
from . import output, reading
from .noun import noun
from .place import Place, placed

app = noun("Named limits on tokens. Server, resource and client combine to the strictest.")

Span = str | None


def as_document(policy: NamedPolicy) -> dict[str, Any]:
    """The JSON of a policy: only the limits that it sets; those in seconds end in `_s`."""
    return {"name": policy.name, **policy.limits.as_dict()}


def as_record(policy: NamedPolicy) -> list[tuple[str, str]]:
    """The lines about a policy."""
    limits = policy.limits
    return [
        ("name", policy.name),
        ("lifetime", _shown(limits.lifetime_s)),
        ("ends with session", output.yes(limits.end_with_session)),
        ("refresh lifetime", _shown(limits.refresh_lifetime_s)),
        ("refresh idle", _shown(limits.refresh_idle_s)),
        ("refresh reuse window", _shown(limits.refresh_reuse_window_s)),
    ]


@app.command("set")
@placed
def set_policy(
    place: Place,
    name: Annotated[str, typer.Argument(metavar="NAME")],
    lifetime: Annotated[Span, typer.Option("--lifetime", metavar="SPAN", help="Of an access token: 30s to 1d.")] = None,
    end_with_session: Annotated[
        bool, typer.Option("--end-with-session", help="Tokens die at the moment of logout.")
    ] = False,
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
) -> None:
    """Make a policy, or replace all its limits. A SPAN is written 90s, 15m, 1h or 30d; what is not given is unlimited."""
    try:
        limits = TokenPolicy(
            lifetime_s=reading.seconds(lifetime),
            end_with_session=end_with_session,
            refresh_lifetime_s=reading.seconds(refresh_lifetime),
            refresh_idle_s=reading.seconds(refresh_idle),
            refresh_reuse_window_s=reading.seconds(refresh_reuse_window),
        )
    except ValueError as error:
        raise NotAllowed(f"The policy can't be set: {error} seconds.") from None

    async def work(rt: Runtime, caller: Caller) -> bool:
        return await policies.set_policy(name, limits, rt=rt, caller=caller)

    is_new = place.run(work, create=True)
    policy = NamedPolicy(name, limits)
    place.show(as_document(policy), output.record(as_record(policy)))
    place.tell(f"{'Made' if is_new else 'Changed'} the policy {name}. Tokens issued from now on obey it.")


@app.command("list")
@placed
def show_all(place: Place) -> None:
    """List all policies."""

    async def work(rt: Runtime, caller: Caller) -> list[NamedPolicy]:
        return await policies.every(rt=rt)

    found = place.run(work)
    heads = [name for name, _ in as_record(found[0])] if found else []
    place.show(
        [as_document(policy) for policy in found],
        output.table(heads, ([text for _, text in as_record(policy)] for policy in found)),
    )
    if not found:
        place.tell("There are no policies yet; `admit policy set NAME --lifetime 15m` makes one.")


@app.command("show")
@placed
def show(place: Place, name: Annotated[str, typer.Argument(metavar="NAME")]) -> None:
    """Show one policy."""

    async def work(rt: Runtime, caller: Caller) -> NamedPolicy:
        return await policies.find(name, rt=rt)

    policy = place.run(work)
    place.show(as_document(policy), output.record(as_record(policy)))


def _shown(limit: int | None) -> str:
    return "unlimited" if limit is None else output.exactly(limit)
