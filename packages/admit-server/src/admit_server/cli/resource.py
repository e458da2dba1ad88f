"""`admit resource`: APIs and sites that tokens are for."""

from typing import Annotated, Any, cast

import typer

from ..domain.client import Resource, TokenFormat, Verifier
from ..flows.admin import leaving, resources
from ..flows.admin.changing import KEEP
from ..flows.runtime import Caller, Runtime
from . import output, reading
from .noun import noun
from .place import Place, placed
from .role import chosen_policy

Transactions = Annotated[
    list[str] | None,
    typer.Option(
        "--transaction",
        metavar="NAME=ACTION|TEXT",
        help='What people approve one by one: "payment=POST /payments|Pay {amount} to {payee}"; may be repeated.',
    ),
]

app = noun("APIs and sites that tokens are for.")


def as_document(resource: Resource) -> dict[str, Any]:
    """The JSON of a resource."""
    return {
        "audience": resource.audience,
        "scopes": resource.scopes,
        "format": resource.format,
        "policy": resource.policy,
        "verifier": resource.verifier,
        "personal_tokens": resource.personal_tokens,
        "transactions": {
            name: {"action": each.action, "text": each.text} for name, each in resource.transactions.items()
        },
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
            ("verifier", resource.verifier or "any"),
            ("personal tokens", "people may make their own" if resource.personal_tokens else "no"),
            ("introspected by", resource.client_id or ""),
            ("created", output.when(resource.created_at)),
        ]
    )
    parts = [head]
    if resource.scopes:
        parts.append(output.table(("scope", "text"), sorted(resource.scopes.items())))
    if resource.transactions:
        rows = ((name, each.action, each.text) for name, each in sorted(resource.transactions.items()))
        parts.append(output.table(("transaction", "action", "text"), rows))
    return "\n\n".join(parts)


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
    verifier: Annotated[
        str | None, typer.Option("--verifier", metavar="admit", help="It uses Admit's library, which enforces limits.")
    ] = None,
    transaction: Transactions = None,
    personal_tokens: Annotated[
        bool, typer.Option("--personal-tokens", help="People may make tokens of their own for it.")
    ] = False,
) -> None:
    """Add an API or a site."""
    if verifier not in (None, "admit"):
        raise typer.BadParameter(f"{verifier!r} is not admit; leave it out for others", param_hint="--verifier")
    if format not in ("jwt", "opaque"):
        raise typer.BadParameter(f"{format!r} is neither jwt nor opaque", param_hint="--format")
    new = resources.NewResource(
        audience=audience,
        scopes=reading.scope_texts(scope),
        format=cast(TokenFormat, format),
        policy=policy,
        client=client_id,
        verifier=cast("Verifier | None", verifier),
        transactions=reading.transaction_types(transaction),
        personal_tokens=personal_tokens,
    )

    async def work(rt: Runtime, caller: Caller) -> Resource:
        return await resources.add(new, rt=rt, caller=caller)

    resource = place.run(work, create=True)
    place.show(as_document(resource), as_text(resource))
    place.tell(f"Added {resource.audience}.")
    _remark(place, resource)


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
    heads = ("audience", "format", "scopes", "policy", "verifier", "introspected by")
    rows = (
        (
            r.audience,
            r.format,
            " ".join(sorted(r.scopes)) or "-",
            r.policy or "-",
            r.verifier or "any",
            r.client_id or "-",
        )
        for r in found
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


@app.command("update")
@placed
def update(
    place: Place,
    audience: Annotated[str, typer.Argument(metavar="AUDIENCE")],
    policy: Annotated[str | None, typer.Option("--policy", metavar="NAME", help="Limits on its tokens.")] = None,
    no_policy: Annotated[bool, typer.Option("--no-policy", help="Take its policy away.")] = False,
    format: Annotated[str | None, typer.Option("--format", metavar="jwt|opaque")] = None,
    verifier: Annotated[
        str | None, typer.Option("--verifier", metavar="admit|none", help="Whether it uses Admit's library.")
    ] = None,
    scope: Annotated[
        list[str] | None, typer.Option("--scope", metavar="NAME=TEXT", help="All from now on; may be repeated.")
    ] = None,
    client_id: Annotated[
        str | None, typer.Option("--client-id", metavar="CLIENT", help="The client that may introspect its tokens.")
    ] = None,
    no_client: Annotated[bool, typer.Option("--no-client", help="Nobody may introspect its tokens any more.")] = False,
    transaction: Transactions = None,
    no_transaction: Annotated[
        list[str] | None, typer.Option("--no-transaction", metavar="NAME", help="Take a type of transaction away.")
    ] = None,
    personal_tokens: Annotated[
        bool | None, typer.Option("--personal-tokens/--no-personal-tokens", help="Whether people may make their own.")
    ] = None,
) -> None:
    """Change an API or a site, for the tokens of sign-ins from now on. What is not named stays."""
    if format not in (None, "jwt", "opaque"):
        raise typer.BadParameter(f"{format!r} is neither jwt nor opaque", param_hint="--format")
    if verifier not in (None, "admit", "none"):
        raise typer.BadParameter(f"{verifier!r} is neither admit nor none", param_hint="--verifier")
    if client_id is not None and no_client:
        raise typer.BadParameter("give --client-id or --no-client", param_hint="--client-id")
    change = resources.ResourceChange(
        scopes=reading.scope_texts(scope) if scope else KEEP,
        policy=chosen_policy(policy, no_policy),
        format=KEEP if format is None else cast(TokenFormat, format),
        verifier=KEEP if verifier is None else "admit" if verifier == "admit" else None,
        client=client_id if client_id is not None or no_client else KEEP,
        transactions=reading.transaction_types(transaction),
        drop_transactions=tuple(no_transaction or ()),
        personal_tokens=KEEP if personal_tokens is None else personal_tokens,
    )
    if change == resources.ResourceChange():
        raise typer.BadParameter("say what to change", param_hint="--policy")

    async def work(rt: Runtime, caller: Caller) -> Resource:
        return await resources.update(audience, change, rt=rt, caller=caller)

    resource = place.run(work)
    place.show(as_document(resource), as_text(resource))
    place.tell(f"Changed {resource.audience}.")
    _remark(place, resource)


@app.command("delete")
@placed
def delete(place: Place, audience: Annotated[str, typer.Argument(metavar="AUDIENCE")]) -> None:
    """Delete an API or a site that no application may ask tokens for. What was granted for it ends now."""

    async def work(rt: Runtime, caller: Caller) -> tuple[Resource, int]:
        return await leaving.delete_resource(audience, rt=rt, caller=caller)

    _, ended = place.run(work)
    if place.as_json:
        place.show({"audience": audience, "deleted": True, "ended": ended}, "")
    place.tell(f"Deleted {audience}; ended {ended} grant{'' if ended == 1 else 's'}.")


def _remark(place: Place, resource: Resource) -> None:
    asks = resource.format == "opaque" or resource.verifier == "admit"
    if resource.client_id is None and (asks or resource.personal_tokens or resource.transactions):
        kinds = "opaque and counted ones, personal tokens and transactions"
        place.tell(
            f"No client may introspect its tokens (--client-id), so it can't use those that it has to ask about: {kinds}."
        )
