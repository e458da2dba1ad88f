"""`admit session`: who is signed in."""

from typing import Annotated, Any

import typer

from ..flows.admin import sessions
from ..flows.admin.sessions import ListedSession
from ..flows.runtime import Caller, Runtime
from . import many, output
from .noun import noun
from .place import Place, placed

app = noun("Who is signed in.")

User = Annotated[str | None, typer.Option("--user", metavar="USER", help="Of this person only (user name or id).")]


def as_document(listed: ListedSession) -> dict[str, Any]:
    """The JSON of a session."""
    session = listed.session
    return {
        "session_id": session.id,
        "user_id": session.user_id,
        "username": listed.username,
        "auth_time": session.auth_time,
        "amr": list(session.amr),
        "acr": session.acr,
        "network": session.network,
        "user_agent": session.user_agent,
        "in_browser": session.in_browser,
        "created_at": session.created_at,
        "last_seen_at": session.last_seen_at if session.in_browser else None,
        "expires_at": session.expires_at,
        "ended_at": session.ended_at,
        "end_reason": session.end_reason,
    }


@app.command("list")
@placed
def show_all(
    place: Place,
    user: User = None,
    ended: Annotated[bool, typer.Option("--all", help="Also those that have ended.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=sessions.MOST_LISTED, help="At most so many.")] = 200,
) -> None:
    """List the sessions that are alive, newest first."""

    async def work(rt: Runtime, caller: Caller) -> list[ListedSession]:
        return await sessions.newest(user=user, with_ended=ended, limit=limit, rt=rt)

    found = place.run(work)
    heads = ("session_id", "username", "signed in", "until", "from", "with")
    rows = (
        (
            item.session.id,
            item.username,
            output.when(item.session.auth_time),
            _until(item),
            item.session.network or "-",
            (item.session.user_agent[:48] if item.session.in_browser else "an app") or "-",
        )
        for item in found
    )
    place.show([as_document(item) for item in found], output.table(heads, rows))
    if not found:
        place.tell("Nobody is signed in." if user is None else f"{user} is not signed in.")
    elif len(found) == limit:
        place.tell(f"These are the newest {limit}; --limit shows more.")


@app.command("show")
@placed
def show(
    place: Place,
    session_id: Annotated[str, typer.Argument(metavar="ID", help="As `admit session list` shows it.")],
) -> None:
    """Show one session, and until when the leases of its apps run unless they are renewed."""

    async def work(rt: Runtime, caller: Caller) -> sessions.ShownSession:
        return await sessions.find(session_id, rt=rt)

    found = place.run(work)
    session = found.listed.session
    lines = [
        ("session", session.id),
        ("person", f"{found.listed.username} ({session.user_id})"),
        ("signed in", output.when(session.auth_time)),
        ("by", f"{' '.join(session.amr)} ({session.acr})"),
        ("last seen", output.when(session.last_seen_at) if session.in_browser else "-"),
        ("until", _until(found.listed)),
        ("from", session.network or "-"),
        ("with", (session.user_agent if session.in_browser else "an app") or "-"),
        *(("lease", f"{name}: until {output.when(lease.ends_at)}") for lease, name in found.leases),
    ]
    leases = [
        {"lease_id": lease.id, "client_id": lease.client_id, "length_s": lease.length_s, "ends_at": lease.ends_at}
        for lease, _ in found.leases
    ]
    place.show(as_document(found.listed) | {"leases": leases}, output.record(lines))


@app.command("end")
@placed
def end(
    place: Place,
    session_id: Annotated[str | None, typer.Argument(metavar="ID", help="As `admit session list` shows it.")] = None,
    user: Annotated[str | None, typer.Option("--user", metavar="USER", help="End all sessions of this person.")] = None,
    where: many.Where = None,
    yes: many.Yes = False,
    dry_run: many.DryRun = False,
) -> None:
    """End a session, all of a person, or many at once; every token that ends with it is refused at once."""
    if where is not None:
        if session_id is not None or user is not None:
            raise typer.BadParameter("--where stands alone", param_hint="--where")
        many.end_many(place, where, what="sessions", yes=yes and not dry_run)
        return
    if (session_id is None) == (user is None):
        raise typer.BadParameter("name one session, or give --user", param_hint="ID")
    if user is not None:

        async def end_all(rt: Runtime, caller: Caller) -> tuple[Any, int]:
            return await sessions.end_all_of_user(user, rt=rt, caller=caller)

        owner, ended = place.run(end_all)
        document = {"user_id": owner.id, "username": owner.username, "ended": ended}
        text = f"Ended {ended} session{'' if ended == 1 else 's'} of {owner.username}."
    else:
        chosen = session_id or ""

        async def end_one(rt: Runtime, caller: Caller) -> bool:
            return await sessions.end_one(chosen, rt=rt, caller=caller)

        ended = int(place.run(end_one))
        document = {"session_id": chosen, "ended": ended}
        text = f"Ended {chosen}." if ended else f"{chosen} had ended before."
    if place.as_json:
        place.show(document, "")
    place.tell(text)


def _until(item: ListedSession) -> str:
    session = item.session
    if session.ended_at is not None:
        return f"ended {output.when(session.ended_at)}: {session.end_reason}"
    return output.when(session.expires_at)
