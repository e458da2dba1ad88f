"""`admit user invite` and `recover`: links that let somebody in, shown once to whoever made them."""

from typing import Annotated, Any

import typer

from ..domain.user import User
from ..flows.admin import inviting
from ..flows.admin.inviting import Invited
from ..flows.runtime import Caller, Runtime
from . import output
from .place import Place

Name = Annotated[str, typer.Argument(metavar="USER", help="User name or id.")]
ByMail = Annotated[
    bool, typer.Option("--mail", help="Mail the link to their main address as well. Not where the mailbox is lost too.")
]


def as_document(invited: Invited) -> dict[str, Any]:
    """Its JSON. The link is nowhere else."""
    return {
        "user_id": invited.user.id,
        "username": invited.user.username,
        "link": invited.url,
        "starts_at": invited.starts_at,
        "expires_at": invited.expires_at,
        "mailed_to": invited.mailed_to or None,
    }


def show(place: Place, invited: Invited) -> None:
    """The link, and what to do with it."""
    record = [
        ("link", invited.url),
        ("works from", output.when(invited.starts_at)),
        ("works until", output.when(invited.expires_at)),
        ("mailed to", invited.mailed_to or "nobody"),
    ]
    place.show(as_document(invited), output.record(record))
    tell(place, invited)


def tell(place: Place, invited: Invited) -> None:
    """What to do with it."""
    if invited.mailed_to:
        place.tell(f"It is on its way to {invited.mailed_to}; the link above is the same one.")
    else:
        place.tell("Hand the link over in a way that nobody else reads: whoever opens it sets the password.")


def invite(place: Place, name: Name) -> None:
    """Make a new invitation for somebody who has nothing to sign in with yet; an older one ends."""

    async def work(rt: Runtime, caller: Caller) -> Invited:
        return await inviting.invite(name, rt=rt, caller=caller)

    show(place, place.run(work))


def recover(
    place: Place,
    name: Name,
    by_mail: ByMail = False,
    cancel: Annotated[bool, typer.Option("--cancel", help="Take the way back away again.")] = False,
) -> None:
    """Let somebody back in who lost everything: a link that works once, after a waiting time. Every address of theirs is told."""

    async def stop(rt: Runtime, caller: Caller) -> tuple[User, bool]:
        return await inviting.stop_recovery(name, rt=rt, caller=caller)

    async def work(rt: Runtime, caller: Caller) -> Invited:
        return await inviting.recover(name, by_mail=by_mail, rt=rt, caller=caller)

    if not cancel:
        show(place, place.run(work))
        return
    user, stopped = place.run(stop)
    if place.as_json:
        place.show({"user_id": user.id, "username": user.username, "stopped": stopped}, "")
    place.tell(f"{user.username} can't get back in by a link any more." if stopped else "There was nothing to stop.")
