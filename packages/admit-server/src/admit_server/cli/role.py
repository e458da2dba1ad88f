"""`admit role`: roles that carry scopes or a policy."""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import typer

from ..flows.admin import roles
from ..flows.admin.changing import KEEP, Keep
from ..flows.runtime import Caller, Runtime
from ..ports.roles import Role
from . import output, reading
from .noun import noun
from .place import Place, placed

app = noun("Roles that carry scopes or a policy. Who has a role is said by `admit user update NAME --role ROLE`.")

T = TypeVar("T")
Name = Annotated[str, typer.Argument(metavar="NAME")]
Policy = Annotated[str | None, typer.Option("--policy", metavar="NAME", help="Limits on the tokens of who has it.")]
Scope = Annotated[
    list[str] | None,
    typer.Option(
        "--scope",
        metavar="SCOPES",
        help="Only for who has such a role from now on; at the administration API, what they may do.",
    ),
]


def as_document(role: Role) -> dict[str, Any]:
    """The JSON of a role."""
    return {
        "name": role.name,
        "scopes": sorted(role.scopes),
        "policy": role.policy,
        "created_at": role.created_at,
    }


def as_record(role: Role) -> list[tuple[str, str]]:
    """The lines about a role."""
    return [
        ("name", role.name),
        ("scopes", " ".join(sorted(role.scopes))),
        ("policy", role.policy or ""),
        ("created", output.when(role.created_at)),
    ]


@app.command("add")
@placed
def add(place: Place, name: Name, policy: Policy = None, scope: Scope = None) -> None:
    """Give a role scopes that only who has it gets, and a policy that everybody who has it obeys."""
    scopes = frozenset(reading.words(scope))

    async def work(rt: Runtime, caller: Caller) -> Role:
        return await roles.add(name, policy=policy, scopes=scopes, rt=rt, caller=caller)

    role = place.run(work, create=True)
    place.show(as_document(role), output.record(as_record(role)))
    place.tell(f"Added the role {role.name}.")


@app.command("list")
@placed
def show_all(place: Place) -> None:
    """List the roles that were added; users may have others, which only their tokens carry."""

    async def work(rt: Runtime, caller: Caller) -> list[Role]:
        found: list[Role] = []
        after: str | None = ""
        while after is not None:
            page = await roles.page(after=after, rt=rt)
            found += page.items
            after = page.next_after
        return found

    found = place.run(work)
    rows = ((r.name, " ".join(sorted(r.scopes)) or "-", r.policy or "-", output.when(r.created_at)) for r in found)
    place.show([as_document(role) for role in found], output.table(("name", "scopes", "policy", "created"), rows))
    if not found:
        place.tell("There are no roles yet; `admit role add NAME --policy POLICY` adds one.")


@app.command("show")
@placed
def show(place: Place, name: Name) -> None:
    """Show one role."""

    async def work(rt: Runtime, caller: Caller) -> Role:
        return await roles.find(name, rt=rt)

    role = place.run(work)
    place.show(as_document(role), output.record(as_record(role)))


@app.command("update")
@placed
def update(
    place: Place,
    name: Name,
    policy: Policy = None,
    no_policy: Annotated[bool, typer.Option("--no-policy", help="Take its policy away.")] = False,
    scope: Scope = None,
    no_scopes: Annotated[bool, typer.Option("--no-scopes", help="Take its scopes away.")] = False,
) -> None:
    """Change policy or scopes of a role, for sign-ins and refreshed tokens from now on."""
    change = roles.RoleChange(
        policy=chosen_policy(policy, no_policy), scopes=listed(scope, no_scopes, "--scope", "--no-scopes", frozenset)
    )
    if change == roles.RoleChange():
        raise typer.BadParameter("say what to change", param_hint="--policy")

    async def work(rt: Runtime, caller: Caller) -> Role:
        return await roles.update(name, change, rt=rt, caller=caller)

    role = place.run(work)
    place.show(as_document(role), output.record(as_record(role)))
    place.tell(f"Changed the role {role.name}.")


@app.command("delete")
@placed
def delete(place: Place, name: Name) -> None:
    """Take a role's scopes and policy away. Who has it keeps the word; scopes that no other role names are for everybody then."""

    async def work(rt: Runtime, caller: Caller) -> None:
        await roles.delete(name, rt=rt, caller=caller)

    place.run(work)
    if place.as_json:
        place.show({"name": name, "deleted": True}, "")
    place.tell(f"Deleted the role {name}.")


def chosen_policy(policy: str | None, no_policy: bool) -> str | Keep | None:
    """What `--policy P` or `--no-policy` says; without them it stays.

    Raises:
        typer.BadParameter: Both.
    """
    if policy is not None and no_policy:
        raise typer.BadParameter("give --policy NAME or --no-policy", param_hint="--policy")
    return policy if policy is not None or no_policy else KEEP


def listed(
    values: list[str] | None, none: bool, flag: str, no_flag: str, kind: Callable[[tuple[str, ...]], T]
) -> T | Keep:
    """A new list, an empty one, or, where nothing is said, the old one.

    Raises:
        typer.BadParameter: Both.
    """
    if values and none:
        raise typer.BadParameter(f"give {flag} or {no_flag}", param_hint=flag)
    return kind(reading.words(values)) if values or none else KEEP
