"""`admit rule`: who may pass a proxy that asks `/check`."""

from dataclasses import replace
from typing import Annotated, Any

import typer

from ..domain.check_request import Ambiguous, read_request
from ..domain.check_rule import CheckRule
from ..domain.errors import NotAllowed
from ..flows import check
from ..flows.admin import rules
from ..flows.runtime import Caller, Runtime
from ..flows.verdict import Denied, MayPass
from . import output, reading
from .noun import noun
from .place import Place, placed
from .rule_shown import as_answer, as_document, as_record

app = noun("Forward authentication: which requests need which token. The most specific host and path decide.")

RuleId = Annotated[str, typer.Argument(metavar="ID")]
Host = Annotated[
    str | None, typer.Option("--host", metavar="HOST", help='"api.example.com", "*.example.com" or "*" (the default).')
]
Path = Annotated[str | None, typer.Option("--path", metavar="PATTERN", help='As in actions: "/orders/*", "/files/**".')]
Method = Annotated[list[str] | None, typer.Option("--method", metavar="METHODS", help="GET POST ...; none: all.")]
Audience = Annotated[
    str | None, typer.Option("--resource", metavar="AUDIENCE", help="The resource that the token has to be for.")
]
Public = Annotated[bool, typer.Option("--public", help="Let everybody pass; no token is looked at.")]
Scope = Annotated[list[str] | None, typer.Option("--scope", metavar="SCOPES", help="All of them are needed.")]
Policy = Annotated[
    str | None, typer.Option("--policy", metavar="NAME", help="Networks, hours, strength and age of the sign-in.")
]
Action = Annotated[
    str | None, typer.Option("--action", metavar="NAME", help="What such a request is called in limits on actions.")
]
Redeem = Annotated[
    bool | None, typer.Option("--redeem/--no-redeem", help="Count the use of a counted token here. Default: no.")
]


@app.command("add")
@placed
def add(
    place: Place,
    path: Path = None,
    host: Host = None,
    method: Method = None,
    resource: Audience = None,
    public: Public = False,
    scope: Scope = None,
    policy: Policy = None,
    action: Action = None,
    redeem: Redeem = None,
) -> None:
    """Say what requests of a host and path need. Without any rule nothing passes."""
    if path is None:
        raise typer.BadParameter("say which path it is for", param_hint="--path")
    if (resource is None) != public:
        raise typer.BadParameter("give --resource AUDIENCE or --public", param_hint="--resource")
    new = rules.NewRule(
        host=host or "*",
        path=path,
        methods=frozenset(reading.words(method)),
        audience=resource,
        scopes=frozenset(reading.words(scope)),
        policy=policy,
        action=action,
        redeem=bool(redeem),
    )

    async def work(rt: Runtime, caller: Caller) -> CheckRule:
        return await rules.add(new, rt=rt, caller=caller)

    rule = place.run(work, create=True)
    place.show(as_document(rule), output.record(as_record(rule)))
    place.tell(f"Added the rule {rule.id}.")


@app.command("list")
@placed
def show_all(place: Place) -> None:
    """List the rules, the most specific first: the first that matches host and path decides."""

    async def work(rt: Runtime, caller: Caller) -> list[CheckRule]:
        return await rules.in_order(rt=rt)

    found = place.run(work)
    rows = (
        (
            rule.host,
            rule.path,
            " ".join(sorted(rule.methods)) or "all",
            rule.audience or "public",
            " ".join(sorted(rule.scopes)) or "-",
            rule.policy or "-",
            output.yes(rule.redeem),
            rule.id,
        )
        for rule in found
    )
    heads = ("host", "path", "methods", "resource", "scopes", "policy", "counts", "id")
    place.show([as_document(rule) for rule in found], output.table(heads, rows))
    if not found:
        place.tell("There are no rules yet, so /check refuses everything; `admit rule add` adds one.")


@app.command("show")
@placed
def show(place: Place, rule_id: RuleId) -> None:
    """Show one rule."""

    async def work(rt: Runtime, caller: Caller) -> CheckRule:
        return await rules.find(rule_id, rt=rt)

    rule = place.run(work)
    place.show(as_document(rule), output.record(as_record(rule)))


@app.command("update")
@placed
def update(
    place: Place,
    rule_id: RuleId,
    path: Path = None,
    host: Host = None,
    method: Method = None,
    all_methods: Annotated[bool, typer.Option("--all-methods", help="Take the methods away: it is for all.")] = False,
    resource: Audience = None,
    public: Public = False,
    scope: Scope = None,
    no_scopes: Annotated[bool, typer.Option("--no-scopes", help="Ask for no scope.")] = False,
    policy: Policy = None,
    no_policy: Annotated[bool, typer.Option("--no-policy", help="Take its policy away.")] = False,
    action: Action = None,
    no_action: Annotated[bool, typer.Option("--no-action", help="Take its action away.")] = False,
    redeem: Redeem = None,
) -> None:
    """Change what is given; the rest of the rule stays."""
    for name, given, taken in (
        ("--method", method, all_methods),
        ("--resource", resource, public),
        ("--scope", scope, no_scopes),
        ("--policy", policy, no_policy),
        ("--action", action, no_action),
    ):
        if given is not None and taken:
            raise typer.BadParameter("give it or take it away, not both", param_hint=name)

    async def work(rt: Runtime, caller: Caller) -> CheckRule:
        rule = await rules.find(rule_id, rt=rt)
        new = rules.NewRule(
            host=host or rule.host,
            path=path or rule.path,
            methods=frozenset() if all_methods else frozenset(reading.words(method)) if method else rule.methods,
            audience=None if public else resource or rule.audience,
            scopes=frozenset() if no_scopes else frozenset(reading.words(scope)) if scope else rule.scopes,
            policy=None if no_policy else policy or rule.policy,
            action=None if no_action else action or rule.action,
            redeem=rule.redeem if redeem is None else redeem,
        )
        if public:
            new = replace(new, scopes=frozenset(), action=None, redeem=False)
        return await rules.update(rule_id, new, rt=rt, caller=caller)

    rule = place.run(work)
    place.show(as_document(rule), output.record(as_record(rule)))
    place.tell(f"Changed the rule {rule.id}.")


@app.command("delete")
@placed
def delete(place: Place, rule_id: RuleId) -> None:
    """Take a rule away. What it decided is then decided by a wider rule, or refused."""

    async def work(rt: Runtime, caller: Caller) -> None:
        await rules.delete(rule_id, rt=rt, caller=caller)

    place.run(work)
    if place.as_json:
        place.show({"id": rule_id, "deleted": True}, "")
    place.tell(f"Deleted the rule {rule_id}.")


@app.command("test")
@placed
def try_out(
    place: Place,
    path: Annotated[str, typer.Option("--path", metavar="PATH", help="As sent: encoded, a query is ignored.")],
    host: Annotated[str, typer.Option("--host", metavar="HOST")],
    method: Annotated[str, typer.Option("--method", metavar="METHOD")] = "GET",
    address: Annotated[
        str | None, typer.Option("--address", metavar="IP", help="Of the client, for limits on networks.")
    ] = None,
    no_token: Annotated[bool, typer.Option("--no-token", help="Ask without a token.")] = False,
) -> None:
    """Say which rule decides about a request and what /check would answer. The token comes from stdin; nothing is counted."""
    token = None if no_token else reading.token()
    try:
        request = read_request(method=method, host=host, uri=path)
    except Ambiguous as error:
        raise NotAllowed(f"403 ambiguous_request: {error}.") from None
    asked = check.Asked(request=request, token=token, address=address)

    async def work(rt: Runtime, caller: Caller) -> check.TriedOut:
        return await check.try_out(asked, rt=rt, caller=caller)

    tried = place.run(work)
    match tried.outcome:
        case Denied() as denied:
            document: dict[str, Any] = {"status": denied.status, "code": denied.code}
            document |= {"check": denied.check, "expected": denied.expected, "found": denied.found}
        case MayPass(use):
            document = {"status": 200, "use": use}
    document["rule"] = as_document(tried.rule.rule) if tried.rule is not None else None
    place.show(document, output.record(as_answer(tried)))
