"""Sign-in rules at the API, and what somebody would be asked."""

from typing import Annotated, Literal

from msgspec import Meta

from ...domain.errors import AlreadyExists, ExceedsPowers, NotAllowed, NotFound
from ...domain.requirement import LONGEST
from ...domain.sign_in_rule import SignInRule
from ...flows.admin import explaining, sign_in_rules
from .fields import Audience, Reference, Role
from .operations import Call, Ended, Nothing, Operation, Thing, Wire

RuleName = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9_.-]{0,63}$", examples=["admins"])]
Requires = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=LONGEST,
        description="Names of authenticators that are loaded, with `and`, `or` and brackets.",
        examples=["password and (passkey or totp)"],
    ),
]
Network = Annotated[str, Meta(min_length=1, max_length=64, examples=["10.0.0.0/8"])]
Risk = Literal["new-device"]


class SignInRuleIn(Wire):
    """What has to be proven where all of this holds; what is not named holds everywhere. `client`: its id or name."""

    requires: Requires
    client: Reference | None = None
    resource: Audience | None = None
    role: Role | None = None
    network: Network | None = None
    outside: Network | None = None
    risk: Risk | None = None


class NewSignInRuleIn(SignInRuleIn, kw_only=True):
    """A sign-in rule under a name."""

    name: RuleName


class SignInRuleOut(Thing):
    """A sign-in rule: `requires` where every one of the others that is not null holds."""

    name: str
    requires: str
    client_id: str | None
    resource: str | None
    role: str | None
    network: str | None
    outside: str | None
    risk: str | None
    created_at: int
    updated_at: int


class SignInRuleList(Wire):
    """All sign-in rules, at most 200, in the order of their names. Each that matches is asked."""

    items: list[SignInRuleOut]


class JourneyIn(Wire):
    """Whose sign-in: for what, from where, with a browser that never signed this person in."""

    user: Reference
    client: Reference | None = None
    resource: Audience | None = None
    address: Annotated[str, Meta(max_length=64)] | None = None
    new_device: bool = False


class StepOut(Wire):
    """A step; `others` would do as well. `set_up_first`: it is set up on the way."""

    method: str
    others: tuple[str, ...]
    set_up_first: bool
    why: str


class JourneyOut(Wire):
    """What would be asked. `ends_with`: the class of the sign-in; null where no way leads there, and then `missing` says why."""

    user: str
    client_id: str | None
    settings: str
    rules: list[SignInRuleOut]
    other_rules: list[str]
    acr: str
    has: tuple[str, ...]
    steps: list[StepOut]
    ends_with: str | None
    missing: tuple[str, ...]


def _shown(rule: SignInRule) -> SignInRuleOut:
    return SignInRuleOut(
        name=rule.name,
        requires=rule.requires,
        client_id=rule.client_id,
        resource=rule.audience,
        role=rule.role,
        network=rule.network,
        outside=rule.outside,
        risk=rule.risk,
        created_at=rule.created_at,
        updated_at=rule.updated_at,
    )


def _new(name: str, body: SignInRuleIn) -> sign_in_rules.NewSignInRule:
    return sign_in_rules.NewSignInRule(
        name=name,
        requires=body.requires,
        client=body.client,
        audience=body.resource,
        role=body.role,
        network=body.network,
        outside=body.outside,
        risk=body.risk,
    )


async def _list(call: Call[None, Nothing]) -> SignInRuleList:
    return SignInRuleList(items=[_shown(rule) for rule in await sign_in_rules.every(rt=call.rt)])


async def _show(call: Call[None, Nothing]) -> SignInRuleOut:
    return _shown(await sign_in_rules.find(call.path["rule"], rt=call.rt))


async def _add(call: Call[NewSignInRuleIn, Nothing]) -> SignInRuleOut:
    new = _new(call.body.name, call.body)
    return _shown(await sign_in_rules.put(new, only="new", rt=call.rt, caller=call.caller))


async def _replace(call: Call[SignInRuleIn, Nothing]) -> SignInRuleOut:
    new = _new(call.path["rule"], call.body)
    return _shown(await sign_in_rules.put(new, only="known", rt=call.rt, caller=call.caller))


async def _delete(call: Call[None, Nothing]) -> Ended:
    await sign_in_rules.delete(call.path["rule"], rt=call.rt, caller=call.caller)
    return Ended(changed=True)


async def _explain(call: Call[None, JourneyIn]) -> JourneyOut:
    asked = call.query
    question = explaining.Question(
        user=asked.user,
        client=asked.client,
        audience=asked.resource,
        address=asked.address or "",
        new_device=asked.new_device,
    )
    found = await explaining.explain(question, rt=call.rt, caller=call.caller)
    return JourneyOut(
        user=found.user.username,
        client_id=found.client.id if found.client is not None else None,
        settings=found.default,
        rules=[_shown(rule) for rule in found.matching],
        other_rules=[rule.name for rule in found.others],
        acr=found.acr,
        has=found.has,
        steps=[StepOut(method=s.method, others=s.others, set_up_first=s.enrol, why=s.why) for s in found.steps],
        ends_with=found.ends_with,
        missing=found.missing,
    )


_READ, _WRITE = "journeys:read", "journeys:write"
OPERATIONS = (
    Operation(
        id="sign_in_rules_list",
        method="GET",
        path="/sign-in-rules",
        scope=_READ,
        summary="List the sign-in rules.",
        does=_list,
        answer=SignInRuleList,
    ),
    Operation(
        id="sign_in_rules_add",
        method="POST",
        path="/sign-in-rules",
        scope=_WRITE,
        summary="Ask for more where all of this holds, from the next step of any sign-in on.",
        body=NewSignInRuleIn,
        does=_add,
        answer=SignInRuleOut,
        created=True,
        changes=True,
        errors=(AlreadyExists, NotAllowed, NotFound, ExceedsPowers),
        example={"name": "admins", "requires": "password and totp", "role": "admin"},
        gives={"rule": "/name"},
    ),
    Operation(
        id="sign_in_rules_show",
        method="GET",
        path="/sign-in-rules/{rule}",
        scope=_READ,
        summary="Show a sign-in rule.",
        does=_show,
        answer=SignInRuleOut,
        errors=(NotFound,),
    ),
    Operation(
        id="sign_in_rules_replace",
        method="PUT",
        path="/sign-in-rules/{rule}",
        scope=_WRITE,
        summary="Replace everything of a sign-in rule but its name.",
        body=SignInRuleIn,
        does=_replace,
        of=_show,
        answer=SignInRuleOut,
        changes=True,
        errors=(NotAllowed, NotFound, ExceedsPowers),
        example={"requires": "password and totp", "outside": "10.0.0.0/8"},
    ),
    Operation(
        id="sign_in_rules_delete",
        method="DELETE",
        path="/sign-in-rules/{rule}",
        scope=_WRITE,
        summary="Take a sign-in rule away; the settings and the other rules still hold.",
        does=_delete,
        of=_show,
        answer=Ended,
        changes=True,
        errors=(NotFound, ExceedsPowers),
    ),
    Operation(
        id="sign_in_rules_explain",
        method="GET",
        path="/effective-journey",
        scope=_READ,
        summary="Which steps a sign-in would ask of somebody, and why.",
        query=JourneyIn,
        does=_explain,
        answer=JourneyOut,
        errors=(NotFound,),
    ),
)
