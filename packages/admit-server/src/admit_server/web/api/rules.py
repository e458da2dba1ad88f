"""The rules of `/check` at the API."""

from typing import Annotated

from msgspec import Meta

from ...domain.check_rule import CheckRule
from ...domain.errors import AlreadyExists, NotAllowed, NotFound
from ...flows.admin import rules
from .fields import Audience, PolicyName, Scopes
from .operations import Call, Ended, Nothing, Operation, Thing, Wire

HttpMethod = Annotated[str, Meta(pattern="^[A-Z]{1,20}$", examples=["GET"])]


class RuleIn(Wire):
    """Which requests need what. Without `audience` they are public; without `methods`: those that no other rule of the place names."""

    path: Annotated[str, Meta(min_length=1, max_length=500, examples=["/orders/**"])]
    host: Annotated[str, Meta(min_length=1, max_length=253, examples=["api.example.com"])] = "*"
    methods: Annotated[tuple[HttpMethod, ...], Meta(max_length=20)] = ()
    audience: Audience | None = None
    scopes: Scopes = ()
    policy: PolicyName | None = None
    action: Annotated[str, Meta(min_length=1, max_length=100)] | None = None
    redeem: bool = False


class RuleOut(Thing):
    """A rule. `redeem`: a use of a counted token is counted here."""

    rule_id: str
    host: str
    path: str
    methods: list[str]
    audience: str | None
    scopes: list[str]
    policy: str | None
    action: str | None
    redeem: bool
    created_at: int
    updated_at: int


class RuleList(Wire):
    """All rules, at most 200, the most specific first: the first whose host and path match decides."""

    items: list[RuleOut]


def _shown(rule: CheckRule) -> RuleOut:
    return RuleOut(
        rule_id=rule.id,
        host=rule.host,
        path=rule.path,
        methods=sorted(rule.methods),
        audience=rule.audience,
        scopes=sorted(rule.scopes),
        policy=rule.policy,
        action=rule.action,
        redeem=rule.redeem,
        created_at=rule.created_at,
        updated_at=rule.updated_at,
    )


def _new(body: RuleIn) -> rules.NewRule:
    return rules.NewRule(
        host=body.host,
        path=body.path,
        methods=frozenset(body.methods),
        audience=body.audience,
        scopes=frozenset(body.scopes),
        policy=body.policy,
        action=body.action,
        redeem=body.redeem,
    )


async def _list(call: Call[None, Nothing]) -> RuleList:
    return RuleList(items=[_shown(rule) for rule in await rules.in_order(rt=call.rt)])


async def _show(call: Call[None, Nothing]) -> RuleOut:
    return _shown(await rules.find(call.path["rule"], rt=call.rt))


async def _add(call: Call[RuleIn, Nothing]) -> RuleOut:
    return _shown(await rules.add(_new(call.body), rt=call.rt, caller=call.caller))


async def _replace(call: Call[RuleIn, Nothing]) -> RuleOut:
    return _shown(await rules.update(call.path["rule"], _new(call.body), rt=call.rt, caller=call.caller))


async def _delete(call: Call[None, Nothing]) -> Ended:
    await rules.delete(call.path["rule"], rt=call.rt, caller=call.caller)
    return Ended(changed=True)


_READ, _WRITE = "rules:read", "rules:write"
OPERATIONS = (
    Operation(
        id="rules_list",
        method="GET",
        path="/rules",
        scope=_READ,
        summary="List the rules of /check.",
        does=_list,
        answer=RuleList,
    ),
    Operation(
        id="rules_add",
        method="POST",
        path="/rules",
        scope=_WRITE,
        summary="Add a rule; every server process obeys it within a second.",
        body=RuleIn,
        does=_add,
        answer=RuleOut,
        created=True,
        changes=True,
        errors=(AlreadyExists, NotAllowed, NotFound),
        example={"path": "/orders/**", "audience": "https://api.example.com", "scopes": ["orders:read"]},
    ),
    Operation(
        id="rules_show",
        method="GET",
        path="/rules/{rule}",
        scope=_READ,
        summary="Show a rule.",
        does=_show,
        answer=RuleOut,
        errors=(NotFound,),
    ),
    Operation(
        id="rules_replace",
        method="PUT",
        path="/rules/{rule}",
        scope=_WRITE,
        summary="Replace everything of a rule but its id.",
        body=RuleIn,
        does=_replace,
        of=_show,
        answer=RuleOut,
        changes=True,
        errors=(AlreadyExists, NotAllowed, NotFound),
        example={"path": "/orders/**", "audience": "https://api.example.com"},
    ),
    Operation(
        id="rules_delete",
        method="DELETE",
        path="/rules/{rule}",
        scope=_WRITE,
        summary="Take a rule away. What it let pass is then decided by a wider one, or refused.",
        does=_delete,
        of=_show,
        answer=Ended,
        changes=True,
        errors=(NotFound,),
    ),
)
