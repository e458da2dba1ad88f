"""`admit resource`: APIs and sites that tokens are for."""

from typing import Annotated, Any, cast

import typer

from ..domain.client import Resource, TokenFormat
from ..flows.admin import resources
from ..flows.runtime import Caller, Runtime
from . import output, reading
from .noun import noun
from .place import Place, placed
from .refusal import Refused

app = noun("APIs and sites that tokens are for.")


def as_document(resource: Resource) -> dict[str, Any]:
    """The JSON of a resource."""
    return {
        "audience": resource.audience,
        "scopes": resource.scopes,
        "format": resource.format,
        "policy": resource.policy,
        "client_id": resource.client_id,
        "created_at": resource.created_at,
    }


def as_text(resource: Resource) -> str:
    """The lines about a resource."""
    head = output.record(
        [
            ("audience", resource.audience),
            ("format", resource.format),
            ("policy", resource.policy or ""),
            ("introspected by", resource.client_id or ""),
            ("created", output.when(resource.created_at)),
        ]
    )
    scopes = output.table(("scope", "text"), sorted(resource.scopes.items()))
    return f"{head}\n\n{scopes}" if scopes else head


@app.command("add")
@placed
def add(
    place: Place,
    audience: Annotated[str, typer.Argument(metavar="AUDIENCE", help="Its address, or a name without spaces.")],
    scope: Annotated[
        list[str] | None, typer.Option("--scope", metavar="NAME=TEXT", help="What tokens may allow; may be repeated.")
    ] = None,
    format: Annotated[str, typer.Option("--format", metavar="jwt|opaque", help="The form of its tokens.")] = "jwt",
    policy: Annotated[str | None, typer.Option("--policy", metavar="NAME", help="Limits on its tokens.")] = None,
    client_id: Annotated[
        str | None, typer.Option("--client-id", metavar="CLIENT", help="The client that may introspect its tokens.")
    ] = None,
    verifier: Annotated[str | None, typer.Option("--verifier", metavar="NAME", help="Not in this version.")] = None,
) -> None:
    """Add an API or a site."""
    if verifier is not None:
        raise Refused(
            "--verifier is not in this version: policies with limits that a resource must enforce are still to come. "
            "Leave it out; every resource is verified by the standards."
        )
    if format not in ("jwt", "opaque"):
        raise typer.BadParameter(f"{format!r} is neither jwt nor opaque", param_hint="--format")
    new = resources.NewResource(
        audience=audience,
        scopes=reading.scope_texts(scope),
        format=cast(TokenFormat, format),
        policy=policy,
        client=client_id,
    )

    async def work(rt: Runtime, caller: Caller) -> Resource:
        return await resources.add(new, rt=rt, caller=caller)

    resource = place.run(work, create=True)
    place.show(as_document(resource), as_text(resource))
    place.tell(f"Added {resource.audience}.")


@app.command("list")
@placed
def show_all(place: Place) -> None:
    """List all resources, in the order of their audiences."""

    async def work(rt: Runtime, caller: Caller) -> list[Resource]:
        found: list[Resource] = []
        after: str | None = ""
        while after is not None:
            page = await resources.page(after=after, rt=rt)
            found += page.items
            after = page.next_after
        return found

    found = place.run(work)
    heads = ("audience", "format", "scopes", "policy", "introspected by")
    rows = (
        (r.audience, r.format, " ".join(sorted(r.scopes)) or "-", r.policy or "-", r.client_id or "-") for r in found
    )
    place.show([as_document(resource) for resource in found], output.table(heads, rows))
    if not found:
        place.tell("There are no resources yet; `admit resource add AUDIENCE --scope NAME=TEXT` adds one.")


@app.command("show")
@placed
def show(place: Place, audience: Annotated[str, typer.Argument(metavar="AUDIENCE")]) -> None:
    """Show one resource and its scopes."""

    async def work(rt: Runtime, caller: Caller) -> Resource:
        return await resources.find(audience, rt=rt)

    resource = place.run(work)
    place.show(as_document(resource), as_text(resource))
