"""`admit role`: roles that carry a policy."""

from typing import Annotated, Any

import typer

from ..flows.admin import roles
from ..flows.runtime import Caller, Runtime
from ..ports.roles import Role
from . import output
from .noun import noun
from .place import Place, placed
from .refusal import Refused

app = noun("Roles that carry a policy. Who has a role is said by `admit user add NAME --role ROLE`.")

Name = Annotated[str, typer.Argument(metavar="NAME")]
Policy = Annotated[str | None, typer.Option("--policy", metavar="NAME", help="Limits on the tokens of who has it.")]
Scope = Annotated[list[str] | None, typer.Option("--scope", metavar="SCOPES", help="Not in this version.")]


def as_document(role: Role) -> dict[str, Any]:
    """The JSON of a role."""
    return {"name": role.name, "policy": role.policy, "created_at": role.created_at}


def as_record(role: Role) -> list[tuple[str, str]]:
    """The lines about a role."""
    return [("name", role.name), ("policy", role.policy or ""), ("created", output.when(role.created_at))]


@app.command("add")
@placed
def add(place: Place, name: Name, policy: Policy = None, scope: Scope = None) -> None:
    """Give a role a policy that everybody who has it obeys."""
    if scope:
        raise Refused("Scopes of roles are not in this version: nothing would look at them. Leave --scope out.")

    async def work(rt: Runtime, caller: Caller) -> Role:
        return await roles.add(name, policy=policy, rt=rt, caller=caller)

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
    rows = ((r.name, r.policy or "-", output.when(r.created_at)) for r in found)
    place.show([as_document(role) for role in found], output.table(("name", "policy", "created"), rows))
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
) -> None:
    """Change the policy of a role."""
    chosen = chosen_policy(policy, no_policy)

    async def work(rt: Runtime, caller: Caller) -> Role:
        return await roles.set_policy(name, chosen, rt=rt, caller=caller)

    role = place.run(work)
    place.show(as_document(role), output.record(as_record(role)))
    place.tell(f"Changed the role {role.name}.")


@app.command("delete")
@placed
def delete(place: Place, name: Name) -> None:
    """Take a role's policy away. Who has the role keeps it as a word in their tokens."""

    async def work(rt: Runtime, caller: Caller) -> None:
        await roles.delete(name, rt=rt, caller=caller)

    place.run(work)
    if place.as_json:
        place.show({"name": name, "deleted": True}, "")
    place.tell(f"Deleted the role {name}.")


def chosen_policy(policy: str | None, no_policy: bool) -> str | None:
    """What `--policy P` or `--no-policy` says; one of them has to be there.

    Raises:
        typer.BadParameter: Neither, or both.
    """
    if (policy is None) == (not no_policy):
        raise typer.BadParameter("give --policy NAME or --no-policy", param_hint="--policy")
    return policy
