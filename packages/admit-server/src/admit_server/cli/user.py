"""`admit user`: people."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ..domain.user import User
from ..flows.admin import inviting, leaving, users
from ..flows.admin.changing import KEEP
from ..flows.runtime import Caller, Runtime
from . import invitation, output, reading, user_import
from .noun import noun
from .place import Place, placed
from .role import chosen_policy, listed

app = noun("People.")
app.command("import")(placed(user_import.bring_over))

Name = Annotated[str, typer.Argument(metavar="USER", help="User name or id.")]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input, or ask for it at a terminal.")
]
PasswordFile = Annotated[
    Path | None, typer.Option("--password-file", metavar="FILE", help="Read the password from a file.")
]


def as_document(user: User) -> dict[str, Any]:
    """The JSON of a user."""
    return {
        "user_id": user.id,
        "username": user.username,
        "email": user.email,
        "roles": list(user.roles),
        "disabled": user.disabled_at is not None,
        "created_at": user.created_at,
        "updated_at": user.updated_at,
        "disabled_at": user.disabled_at,
    }


def as_record(user: User) -> list[tuple[str, str]]:
    """The lines about a user."""
    return [
        ("user_id", user.id),
        ("username", user.username),
        ("email", user.email or ""),
        ("roles", " ".join(user.roles)),
        ("created", output.when(user.created_at)),
        ("disabled", output.when(user.disabled_at) if user.disabled_at is not None else "no"),
    ]


@app.command("add")
@placed
def add(
    place: Place,
    username: Annotated[str, typer.Argument(metavar="NAME", help="The name to sign in with.")],
    email: Annotated[str | None, typer.Option("--email", metavar="ADDRESS")] = None,
    role: Annotated[list[str] | None, typer.Option("--role", metavar="ROLE", help="May be repeated.")] = None,
    password_stdin: PasswordStdin = False,
    password_file: PasswordFile = None,
    invite: Annotated[
        bool,
        typer.Option("--invite", help="Make a link by which they set their password; mailed where mail is set up."),
    ] = False,
) -> None:
    """Add somebody."""
    password = None
    if invite and (password_stdin or password_file is not None):
        raise typer.BadParameter("whoever is invited sets the password", param_hint="--invite")
    if password_stdin or password_file is not None:
        password = reading.password(file=password_file, label=f"Password for {username}")
    new = users.NewUser(username=username, email=email, roles=reading.words(role), password=password)

    async def work(rt: Runtime, caller: Caller) -> tuple[User, inviting.Invited | None]:
        user = await users.add(new, rt=rt, caller=caller)
        return user, await inviting.invite(user.id, rt=rt, caller=caller) if invite else None

    user, invited = place.run(work, create=True)
    document = as_document(user) | (invitation.as_document(invited) if invited else {})
    place.show(document, output.record([*as_record(user), *([("link", invited.url)] if invited else [])]))
    place.tell(f"Added {user.username}.")
    if invited is not None:
        invitation.tell(place, invited)
    elif password is None:
        place.tell(f"They can't sign in before `admit user set-password {user.username}`.")


@app.command("list")
@placed
def show_all(place: Place) -> None:
    """List everybody, in the order of their names."""

    async def work(rt: Runtime, caller: Caller) -> list[User]:
        found: list[User] = []
        after: str | None = ""
        while after is not None:
            page = await users.page(after=after, rt=rt)
            found += page.items
            after = page.next_after
        return found

    found = place.run(work)
    heads = ("username", "user_id", "email", "roles", "disabled", "created")
    rows = (
        (
            u.username,
            u.id,
            u.email or "-",
            " ".join(u.roles) or "-",
            output.yes(u.disabled_at),
            output.when(u.created_at),
        )
        for u in found
    )
    place.show([as_document(user) for user in found], output.table(heads, rows))
    if not found:
        place.tell("There are no users yet; `admit user add NAME --password-stdin` adds one.")


@app.command("show")
@placed
def show(place: Place, name: Name) -> None:
    """Show one person, and what they can sign in with."""

    async def work(rt: Runtime, caller: Caller) -> tuple[User, tuple[str, ...], str | None]:
        user = await users.find(name, rt=rt)
        return user, await users.authenticators_of(user, rt=rt), await rt.store.read.users.policy_of(user.id)

    user, authenticators, policy = place.run(work)
    document = {**as_document(user), "authenticators": list(authenticators), "policy": policy}
    signs_in = ("signs in with", " ".join(authenticators) or "nothing yet")
    place.show(document, output.record([*as_record(user), signs_in, ("policy", policy or "")]))


@app.command("update")
@placed
def update(
    place: Place,
    name: Name,
    email: Annotated[str | None, typer.Option("--email", metavar="ADDRESS")] = None,
    role: Annotated[
        list[str] | None, typer.Option("--role", metavar="ROLE", help="All roles from now on; may be repeated.")
    ] = None,
    no_roles: Annotated[bool, typer.Option("--no-roles", help="Take every role away.")] = False,
    policy: Annotated[str | None, typer.Option("--policy", metavar="NAME", help="Limits on their tokens.")] = None,
    no_policy: Annotated[bool, typer.Option("--no-policy", help="Take the policy away.")] = False,
) -> None:
    """Change somebody. Grants with scopes that the roles no longer allow end; a policy is for sign-ins from now on."""
    change = users.UserChange(
        email=KEEP if email is None else email,
        roles=listed(role, no_roles, "--role", "--no-roles", tuple),
        policy=chosen_policy(policy, no_policy),
    )
    if change == users.UserChange():
        raise typer.BadParameter("say what to change", param_hint="--role")

    async def work(rt: Runtime, caller: Caller) -> tuple[users.Switched, str | None]:
        done = await users.update(name, change, rt=rt, caller=caller)
        return done, await rt.store.read.users.policy_of(done.user.id)

    done, attached = place.run(work)
    if place.as_json:
        place.show({**as_document(done.user), "policy": attached, "ended": done.ended}, "")
    place.tell(f"Changed {done.user.username}." + (f" Ended {_sign_ins(done.ended)}." if done.ended else ""))


@app.command("delete")
@placed
def delete(place: Place, name: Name) -> None:
    """Delete an account. All its sessions and tokens end now; the audit log keeps what it says of it."""

    async def work(rt: Runtime, caller: Caller) -> tuple[User, int]:
        return await leaving.delete_user(name, rt=rt, caller=caller)

    user, ended = place.run(work)
    if place.as_json:
        place.show({"user_id": user.id, "username": user.username, "deleted": True, "ended": ended}, "")
    place.tell(f"Deleted {user.username}; ended {_sign_ins(ended)}.")


@app.command("disable")
@placed
def disable(place: Place, name: Name) -> None:
    """Keep somebody out, and end all their sessions and tokens now."""

    async def work(rt: Runtime, caller: Caller) -> users.Switched:
        return await users.disable(name, rt=rt, caller=caller)

    done = place.run(work)
    _switched(place, done, f"Disabled {done.user.username}; ended {_sign_ins(done.ended)}.", "was disabled already")


@app.command("enable")
@placed
def enable(place: Place, name: Name) -> None:
    """Let somebody in again. What was ended stays ended."""

    async def work(rt: Runtime, caller: Caller) -> users.Switched:
        return await users.enable(name, rt=rt, caller=caller)

    done = place.run(work)
    _switched(place, done, f"Enabled {done.user.username}.", "was enabled already")


@app.command("set-password")
@placed
def set_password(
    place: Place, name: Name, password_stdin: PasswordStdin = False, password_file: PasswordFile = None
) -> None:
    """Give a new password, from standard input or a file; all their sessions and tokens end."""
    password = reading.password(file=password_file, label=f"New password for {name}")

    async def work(rt: Runtime, caller: Caller) -> users.Switched:
        return await users.set_password(name, password, rt=rt, caller=caller)

    done = place.run(work)
    _switched(place, done, f"Set the password of {done.user.username}; ended {_sign_ins(done.ended)}.", "")


app.command("invite")(placed(invitation.invite))
app.command("recover")(placed(invitation.recover))


def _switched(place: Place, done: users.Switched, text: str, already: str) -> None:
    if place.as_json:
        place.show({**as_document(done.user), "changed": done.changed, "ended": done.ended}, "")
    place.tell(text if done.changed else f"{done.user.username} {already}.")


def _sign_ins(ended: int) -> str:
    return f"{ended} session or grant" if ended == 1 else f"{ended} sessions and grants"
