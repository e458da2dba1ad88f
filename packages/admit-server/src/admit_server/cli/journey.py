"""`admit journey`: what sign-ins have to prove, and why."""

import getpass
import sys
from typing import Annotated, Any

import typer

from ..domain.errors import AccessDenied
from ..domain.sign_in_rule import SignInRule
from ..flows.admin import explaining, sign_in_rules, walking
from ..flows.runtime import Caller, Runtime
from . import output
from .noun import noun
from .place import Place, placed

app = noun(
    "What sign-ins have to prove beyond what the settings say. All rules that match are asked, so none makes another weaker."
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="What you call the rule.")]
ForClient = Annotated[str | None, typer.Option("--client", metavar="CLIENT", help="Only for sign-ins to this client.")]
ForResource = Annotated[
    str | None, typer.Option("--resource", metavar="AUDIENCE", help="Only for tickets to this resource.")
]
Client = Annotated[str | None, typer.Option("--client", metavar="CLIENT", help="The application that is signed in to.")]
Resource = Annotated[
    str | None, typer.Option("--resource", metavar="AUDIENCE", help="For which resource tickets are asked.")
]
Address = Annotated[str, typer.Option("--address", metavar="IP", help="From where, for rules about networks.")]
NewDevice = Annotated[bool, typer.Option("--new-device", help="As with a browser that never signed this person in.")]


def as_document(rule: SignInRule) -> dict[str, Any]:
    """The JSON of a rule."""
    return {
        "name": rule.name,
        "requires": rule.requires,
        "client_id": rule.client_id,
        "resource": rule.audience,
        "role": rule.role,
        "network": rule.network,
        "outside": rule.outside,
        "risk": rule.risk,
        "created_at": rule.created_at,
        "updated_at": rule.updated_at,
    }


def _where(rule: SignInRule) -> str:
    parts = {
        "client": rule.client_id,
        "resource": rule.audience,
        "role": rule.role,
        "network": rule.network,
        "outside": rule.outside,
        "risk": rule.risk,
    }
    return ", ".join(f"{name} {value}" for name, value in parts.items() if value is not None) or "everywhere"


@app.command("set")
@placed
def set_rule(
    place: Place,
    name: Name,
    requires: Annotated[
        str, typer.Option("--requires", metavar="TEXT", help="Such as 'password and (passkey or totp)'.")
    ],
    client: ForClient = None,
    resource: ForResource = None,
    role: Annotated[str | None, typer.Option("--role", metavar="ROLE", help="Only for people of this role.")] = None,
    network: Annotated[
        str | None, typer.Option("--network", metavar="CIDR", help="Only from inside this network.")
    ] = None,
    outside: Annotated[
        str | None, typer.Option("--outside", metavar="CIDR", help="Only from outside this network.")
    ] = None,
    risk: Annotated[
        str | None, typer.Option("--risk", metavar="RISK", help="Only where this is so: new-device.")
    ] = None,
) -> None:
    """Ask for more where all of this holds; a rule of that name is replaced."""
    new = sign_in_rules.NewSignInRule(
        name=name,
        requires=requires,
        client=client,
        audience=resource,
        role=role,
        network=network,
        outside=outside,
        risk=risk,
    )

    async def work(rt: Runtime, caller: Caller) -> tuple[SignInRule, bool]:
        rule = await sign_in_rules.put(new, rt=rt, caller=caller)
        return rule, await sign_in_rules.nobody_has(rule, rt=rt)

    rule, nobody = place.run(work, create=True)
    place.show(as_document(rule), output.record(_record(rule)))
    place.tell(f"Set the rule {rule.name}.")
    if nobody:
        place.tell(
            f"Nobody has the role {rule.role!r} now, so it asks nothing of anybody yet; `admit role list` shows the roles."
        )


@app.command("list")
@placed
def show_all(place: Place) -> None:
    """List the rules."""

    async def work(rt: Runtime, caller: Caller) -> list[SignInRule]:
        return await sign_in_rules.every(rt=rt)

    found = place.run(work)
    rows = ((rule.name, rule.requires, _where(rule)) for rule in found)
    place.show([as_document(rule) for rule in found], output.table(("name", "requires", "where"), rows))
    if not found:
        place.tell("There are no rules: sign_in.requires of the settings holds for everybody.")


@app.command("show")
@placed
def show(place: Place, name: Name) -> None:
    """Show one rule."""

    async def work(rt: Runtime, caller: Caller) -> SignInRule:
        return await sign_in_rules.find(name, rt=rt)

    rule = place.run(work)
    place.show(as_document(rule), output.record(_record(rule)))


@app.command("delete")
@placed
def delete(place: Place, name: Name) -> None:
    """Take a rule away; the settings and the other rules still hold."""

    async def work(rt: Runtime, caller: Caller) -> None:
        await sign_in_rules.delete(name, rt=rt, caller=caller)

    place.run(work)
    if place.as_json:
        place.show({"name": name, "deleted": True}, "")
    place.tell(f"Deleted the rule {name}.")


@app.command("explain")
@placed
def explain(
    place: Place,
    user: Annotated[str, typer.Option("--user", metavar="USER", help="User name or id.")],
    client: Client = None,
    resource: Resource = None,
    address: Address = "",
    new_device: NewDevice = False,
) -> None:
    """Say which steps a sign-in would ask of somebody, and why."""
    question = explaining.Question(user=user, client=client, audience=resource, address=address, new_device=new_device)

    async def work(rt: Runtime, caller: Caller) -> explaining.Explained:
        return await explaining.explain(question, rt=rt, caller=caller)

    found = place.run(work)
    document = {
        "user": found.user.username,
        "client_id": found.client.id if found.client is not None else None,
        "settings": found.default,
        "rules": [as_document(rule) for rule in found.matching],
        "other_rules": [rule.name for rule in found.others],
        "acr": found.acr,
        "has": list(found.has),
        "steps": [
            {"method": step.method, "others": list(step.others), "set_up_first": step.enrol, "why": step.why}
            for step in found.steps
        ],
        "ends_with": found.ends_with,
        "missing": list(found.missing),
    }
    lines = [
        ("user", found.user.username),
        ("the settings require", found.default),
        *((f"rule {rule.name}", f"{rule.requires} ({_where(rule)})") for rule in found.matching),
        *((f"not rule {rule.name}", f"holds for {_where(rule)}") for rule in found.others),
        ("strength", f"{found.acr}: {found.acr_why}"),
        ("can use", " ".join(found.has) or "nothing yet"),
    ]
    for number, step in enumerate(found.steps, 1):
        first = " (set up on the way)" if step.enrol else ""
        instead = f", or {', '.join(step.others)}" if step.others else ""
        lines.append((f"step {number}", f"{step.method}{first}{instead}: {step.why}"))
    if found.ends_with is not None:
        lines.append(("then", f"signed in, {found.ends_with}"))
    else:
        lines.append(("then", f"refused: not set up: {' '.join(found.missing) or 'anything stronger'}"))
    place.show(document, output.record(lines))


@app.command("walk")
@placed
def walk(
    place: Place,
    user: Annotated[str, typer.Option("--user", metavar="USER", help="User name or verified address.")],
    client: Client = None,
    resource: Resource = None,
) -> None:
    """Prove who you are, step by step, as on the pages, and see what a sign-in would say. It makes no session."""
    question = explaining.Question(user=user, client=client, audience=resource, address="")

    async def ask(method: str, field: str, words: str) -> str:
        if sys.stdin.isatty():
            return getpass.getpass(f"{words} ({method}, {field}): ")
        line = sys.stdin.readline()
        if not line:
            raise AccessDenied("Nothing more to read: each step takes a line of standard input.")
        return line.rstrip("\n")

    async def work(rt: Runtime, caller: Caller) -> walking.Walked:
        return await walking.walk(question, ask, rt=rt, caller=caller)

    walked = place.run(work)
    document = {"user_id": walked.user_id, "steps": list(walked.steps), "amr": list(walked.amr), "acr": walked.acr}
    shown = [("user_id", walked.user_id), ("steps", " ".join(walked.steps))]
    place.show(document, output.record([*shown, ("amr", " ".join(walked.amr)), ("acr", walked.acr)]))


def _record(rule: SignInRule) -> list[tuple[str, str]]:
    return [
        ("name", rule.name),
        ("requires", rule.requires),
        ("where", _where(rule)),
        ("set", output.when(rule.updated_at)),
    ]
