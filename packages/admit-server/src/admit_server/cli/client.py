"""`admit client`: applications."""

from typing import Annotated, Any

import typer

from ..domain.client import Client, grant_types_of
from ..flows.admin import clients, leaving
from ..flows.admin.changing import KEEP
from ..flows.runtime import Caller, Runtime
from . import output, reading
from .noun import noun
from .place import Place, placed
from .role import chosen_policy, listed

app = noun("Applications that ask for tokens.")

Texts = list[str] | None
Name = Annotated[str, typer.Argument(metavar="CLIENT", help="Name or id.")]


def as_document(client: Client) -> dict[str, Any]:
    """The JSON of a client. Its secret is known only while it is added."""
    return {
        "client_id": client.id,
        "name": client.name,
        "kind": client.kind,
        "first_party": client.first_party,
        "redirect_uris": list(client.redirect_uris),
        "post_logout_redirect_uris": list(client.post_logout_redirect_uris),
        "grant_types": sorted(client.grant_types),
        "scopes": sorted(client.scopes),
        "audiences": list(client.audiences),
        "policy": client.policy,
        "pkce_required": client.pkce_required,
        "created_at": client.created_at,
        "disabled_at": client.disabled_at,
        "old_secret_until": client.old_secret_until,
    }


def as_record(client: Client) -> list[tuple[str, str]]:
    """The lines about a client."""
    return [
        ("name", client.name),
        ("kind", client.kind + (", first party" if client.first_party else "")),
        ("grants", " ".join(sorted(client.grant_types))),
        ("redirects to", " ".join(client.redirect_uris)),
        ("after logout", " ".join(client.post_logout_redirect_uris)),
        ("audiences", " ".join(client.audiences)),
        ("scopes", " ".join(sorted(client.scopes))),
        ("policy", client.policy or ""),
        ("pkce", "required" if client.pkce_required else "NOT required"),
        ("created", output.when(client.created_at)),
        ("disabled", output.when(client.disabled_at) if client.disabled_at is not None else "no"),
    ]


@app.command("add")
@placed
def add(
    place: Place,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What people see when they sign in.")],
    client_id: Annotated[str | None, typer.Option("--client-id", metavar="ID", help="Default: one is drawn.")] = None,
    public: Annotated[bool, typer.Option("--public", help="It can keep no secret (browser, phone, desktop).")] = False,
    confidential: Annotated[bool, typer.Option("--confidential", help="It keeps a secret (the default).")] = False,
    first_party: Annotated[
        bool, typer.Option("--first-party", help="Your own: no consent; may sign people in without a browser.")
    ] = False,
    redirect_uri: Annotated[
        Texts, typer.Option("--redirect-uri", metavar="URI", help="Where people return to; may be repeated.")
    ] = None,
    post_logout_redirect_uri: Annotated[
        Texts, typer.Option("--post-logout-redirect-uri", metavar="URI", help="After logout; may be repeated.")
    ] = None,
    grant: Annotated[
        Texts,
        typer.Option(
            "--grant", metavar="GRANT", help="authorization_code refresh_token client_credentials token_exchange."
        ),
    ] = None,
    scope: Annotated[
        Texts,
        typer.Option("--scope", metavar="SCOPES", help="Default: all of its audiences, and openid profile email."),
    ] = None,
    audience: Annotated[
        Texts, typer.Option("--audience", metavar="AUDIENCE", help="A resource it may ask for; may be repeated.")
    ] = None,
    policy: Annotated[
        str | None,
        typer.Option("--policy", metavar="NAME", help="Limits on its tokens. Default for pages in browsers: browser."),
    ] = None,
    no_policy: Annotated[bool, typer.Option("--no-policy", help="None, also for pages in browsers.")] = False,
    pkce_not_required: Annotated[
        bool, typer.Option("--pkce-not-required", help="UNSAFE: for certification with old confidential clients only.")
    ] = False,
) -> None:
    """Add an application. Its secret is shown this once."""
    if public and confidential:
        raise typer.BadParameter("choose one of --public and --confidential", param_hint="--public")
    chosen_policy(policy, no_policy)  # both at once are wrong usage
    new = clients.NewClient(
        name=name,
        client_id=client_id,
        kind="public" if public else "confidential",
        first_party=first_party,
        redirect_uris=reading.words(redirect_uri),
        post_logout_redirect_uris=reading.words(post_logout_redirect_uri),
        grant_types=grant_types_of(reading.words(grant)) if grant else None,
        scopes=frozenset(reading.words(scope)) if scope else None,
        audiences=reading.words(audience),
        policy=policy,
        default_policy=not no_policy,
        pkce_required=not pkce_not_required,
    )

    async def work(rt: Runtime, caller: Caller) -> clients.AddedClient:
        return await clients.add(new, rt=rt, caller=caller)

    added = place.run(work, create=True)
    secret = {"client_secret": added.secret} if added.secret is not None else {}
    head = [("client_id", added.client.id), *secret.items()]
    document = as_document(added.client)
    place.show(
        {"client_id": document.pop("client_id"), **secret, **document}, output.record([*head, *as_record(added.client)])
    )
    place.tell(f"Added {added.client.name}." + (" Keep the secret now: it is never shown again." if secret else ""))
    for remark in clients.remarks(added.client):
        place.tell(remark)


@app.command("list")
@placed
def show_all(place: Place) -> None:
    """List all applications, in the order of their names."""

    async def work(rt: Runtime, caller: Caller) -> list[Client]:
        found: list[Client] = []
        after: str | None = ""
        while after is not None:
            page = await clients.page(after=after, rt=rt)
            found += page.items
            after = page.next_after
        return found

    found = place.run(work)
    heads = ("name", "client_id", "kind", "first party", "audiences", "policy", "created")
    rows = (
        (c.name, c.id, c.kind, output.yes(c.first_party), " ".join(c.audiences) or "-", c.policy or "-", output.when(c.created_at))
        for c in found
    )  # fmt: skip
    place.show([as_document(client) for client in found], output.table(heads, rows))
    if not found:
        place.tell("There are no clients yet; `admit client add NAME` adds one.")


@app.command("show")
@placed
def show(place: Place, name: Name) -> None:
    """Show one application."""

    async def work(rt: Runtime, caller: Caller) -> Client:
        return await clients.find(name, rt=rt)

    client = place.run(work)
    place.show(as_document(client), output.record([("client_id", client.id), *as_record(client)]))
    for remark in clients.remarks(client):
        place.tell(remark)


@app.command("update")
@placed
def update(
    place: Place,
    name: Name,
    new_name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="What people see.")] = None,
    redirect_uri: Annotated[Texts, typer.Option("--redirect-uri", metavar="URI", help="All from now on.")] = None,
    post_logout_redirect_uri: Annotated[
        Texts, typer.Option("--post-logout-redirect-uri", metavar="URI", help="All from now on.")
    ] = None,
    grant: Annotated[Texts, typer.Option("--grant", metavar="GRANT", help="All from now on.")] = None,
    scope: Annotated[Texts, typer.Option("--scope", metavar="SCOPES", help="All from now on.")] = None,
    audience: Annotated[Texts, typer.Option("--audience", metavar="AUDIENCE", help="All from now on.")] = None,
    no_audiences: Annotated[bool, typer.Option("--no-audiences", help="It may ask for no resource any more.")] = False,
    first_party: Annotated[
        bool | None, typer.Option("--first-party/--third-party", help="Whether it is your own.")
    ] = None,
    policy: Annotated[str | None, typer.Option("--policy", metavar="NAME", help="Limits on its tokens.")] = None,
    no_policy: Annotated[bool, typer.Option("--no-policy", help="Take its policy away.")] = False,
) -> None:
    """Change an application, for sign-ins from now on. What is not named stays; scopes that its audiences do not have fall away."""
    change = clients.ClientChange(
        name=KEEP if new_name is None else new_name,
        first_party=KEEP if first_party is None else first_party,
        redirect_uris=listed(redirect_uri, False, "", "", tuple),
        post_logout_redirect_uris=listed(post_logout_redirect_uri, False, "", "", tuple),
        grant_types=KEEP if not grant else grant_types_of(reading.words(grant)),
        scopes=listed(scope, False, "", "", frozenset),
        audiences=listed(audience, no_audiences, "--audience", "--no-audiences", tuple),
        policy=chosen_policy(policy, no_policy),
    )
    if change == clients.ClientChange():
        raise typer.BadParameter("say what to change", param_hint="--policy")

    async def work(rt: Runtime, caller: Caller) -> Client:
        return await clients.update(name, change, rt=rt, caller=caller)

    client = place.run(work)
    place.show(as_document(client), output.record([("client_id", client.id), *as_record(client)]))
    place.tell(f"Changed {client.name}.")


@app.command("rotate-secret")
@placed
def rotate_secret(
    place: Place,
    name: Name,
    overlap: Annotated[
        str | None,
        typer.Option("--overlap", metavar="SPAN", help="The old secret passes so long beside the new; at most 30d."),
    ] = None,
) -> None:
    """Give an application a new secret, shown this once. Without --overlap the old one passes no more."""
    overlap_s = reading.seconds(overlap) or 0

    async def work(rt: Runtime, caller: Caller) -> clients.AddedClient:
        return await clients.rotate_secret(name, overlap_s=overlap_s, rt=rt, caller=caller)

    done = place.run(work)
    until = done.client.old_secret_until
    lines = [("client_id", done.client.id), ("client_secret", done.secret or ""), ("old one until", output.when(until))]
    document = {"client_id": done.client.id, "client_secret": done.secret, "old_secret_until": until}
    place.show(document, output.record(lines))
    place.tell("Keep the secret now: it is never shown again.")


@app.command("delete")
@placed
def delete(place: Place, name: Name) -> None:
    """Delete an application. All that it was granted ends now, and with it its tokens, everywhere."""

    async def work(rt: Runtime, caller: Caller) -> tuple[Client, int]:
        return await leaving.delete_client(name, rt=rt, caller=caller)

    client, ended = place.run(work)
    if place.as_json:
        place.show({"client_id": client.id, "name": client.name, "deleted": True, "ended": ended}, "")
    place.tell(f"Deleted {client.name}; ended {ended} grant{'' if ended == 1 else 's'}.")
