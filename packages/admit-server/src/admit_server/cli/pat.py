"""`admit pat`: personal tokens (API keys)."""

from typing import Annotated, Any

import typer

from ..domain.personal_token import PersonalToken
from ..flows import personal_tokens
from ..flows.admin import personal_tokens as administration
from ..flows.runtime import Caller, Runtime
from . import limits, output, reading
from .noun import noun
from .place import Place, placed

app = noun("Personal tokens (API keys): a person's own, for one resource.")


def as_document(token: PersonalToken, username: str) -> dict[str, Any]:
    """The JSON of a personal token; its text is nowhere."""
    return {
        "token_id": token.id,
        "name": token.name,
        "hint": token.hint,
        "user_id": token.user_id,
        "username": username,
        "audience": token.audience,
        "scope": " ".join(sorted(token.scopes)),
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "last_used_at": token.last_used_at,
        "last_used_from": token.last_used_from,
        "ended_at": token.ended_at,
        "end_reason": token.end_reason,
    }


@app.command("add")
@placed
def add(
    place: Place,
    user: Annotated[str, typer.Option("--user", metavar="USER", help="Whose it is (user name or id).")],
    resource: Annotated[str, typer.Option("--resource", metavar="AUDIENCE", help="What it opens.")],
    name: Annotated[str, typer.Option("--name", metavar="TEXT", help="What it is for.")],
    scope: Annotated[
        list[str] | None, typer.Option("--scope", metavar="SCOPES", help="Default: all that the person may have there.")
    ] = None,
    lifetime: Annotated[str | None, typer.Option("--lifetime", metavar="SPAN", help="Default: 90d.")] = None,
    max_uses: limits.MaxUses = None,
    idle_timeout: limits.IdleTimeout = None,
    action: limits.Action = None,
    network: limits.Network = None,
    hours: limits.Hours = None,
) -> None:
    """Make a token for a person. Its text is shown this once."""
    wanted = administration.Wanted(
        user=user,
        resource=resource,
        name=name,
        scopes=frozenset(reading.words(scope)),
        lifetime_s=reading.seconds(lifetime),
        limits=limits.policy_of(
            {"max_uses": max_uses, "idle_timeout": idle_timeout, "action": action, "network": network, "hours": hours}
        ),
    )

    async def work(rt: Runtime, caller: Caller) -> tuple[personal_tokens.Made, str]:
        return await administration.make(wanted, rt=rt, caller=caller)

    made, username = place.run(work)
    place.show({**as_document(made.token, username), "token": made.text}, made.text)
    place.tell(f"For {username}, {output.when(made.token.expires_at)} is its end. It is shown this once.")


@app.command("list")
@placed
def show_all(
    place: Place,
    user: Annotated[str | None, typer.Option("--user", metavar="USER", help="Of this person only.")] = None,
    ended: Annotated[bool, typer.Option("--all", help="Also those that have ended.")] = False,
) -> None:
    """List personal tokens: whose, for what, when last used, until when."""

    async def work(rt: Runtime, caller: Caller) -> list[tuple[PersonalToken, str]]:
        return await administration.every(user=user, with_ended=ended, rt=rt)

    found = place.run(work)
    heads = ("token_id", "name", "username", "audience", "scope", "last used", "until")
    rows = (
        (
            token.id,
            token.name,
            username,
            token.audience,
            " ".join(sorted(token.scopes)),
            output.when(token.last_used_at) if token.last_used_at is not None else "never",
            output.when(token.expires_at) if token.ended_at is None else "ended",
        )
        for token, username in found
    )
    place.show([as_document(token, username) for token, username in found], output.table(heads, rows))
    if not found:
        place.tell("There are no personal tokens.")


@app.command("end")
@placed
def end(place: Place, token_id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """End a personal token, everywhere, at once."""

    async def work(rt: Runtime, caller: Caller) -> PersonalToken:
        return await administration.end(token_id, rt=rt, caller=caller)

    token = place.run(work)
    if place.as_json:
        place.show({"token_id": token.id, "ended": token.ended_at is None}, "")
    place.tell(f"Ended {token.name}." if token.ended_at is None else f"{token.name} had ended before.")
