"""Policies at the API, and what applies to whom."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from ...domain.errors import AlreadyExists, InUse, NotAllowed, NotFound
from ...domain.token_policy import DAY_S, TokenPolicy
from ...flows.admin import policies
from ...flows.admin.effective import effective
from ...flows.admin.policies import NamedPolicy
from .fields import Audience, PolicyName, Reference
from .operations import Call, Ended, Nothing, Operation, Thing, Wire

_YEARS = 3650 * DAY_S
Day = Annotated[int, Meta(ge=10, le=DAY_S)]
Family = Annotated[int, Meta(ge=60, le=_YEARS)]
Entry = Annotated[str, Meta(min_length=1, max_length=200)]
Groups = Annotated[
    list[Annotated[list[Entry], Meta(min_length=1, max_length=50)]],
    Meta(max_length=20, description="Every group has to allow; a group allows what any of its entries allows."),
]
Acr = Literal["urn:admit:acr:1fa", "urn:admit:acr:2fa", "urn:admit:acr:phr"]


class Limits(Wire, omit_defaults=True):
    """Limits on tokens; what is not there is not limited. Those in seconds end in `_s`."""

    lifetime_s: Annotated[int, Meta(ge=30, le=DAY_S)] | None = None
    idle_timeout_s: Day | None = None
    max_uses: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    end_with_session: bool = False
    lease_s: Annotated[int, Meta(ge=15, le=DAY_S)] | None = None
    actions: Groups = msgspec.field(default_factory=list)
    networks: Groups = msgspec.field(default_factory=list)
    hours: Groups = msgspec.field(default_factory=list)
    binding: Annotated[list[Literal["dpop", "mtls"]], Meta(max_length=2)] = msgspec.field(default_factory=list)
    acr: Acr | None = None
    max_auth_age_s: Annotated[int, Meta(ge=0, le=_YEARS)] | None = None
    max_sessions: Annotated[int, Meta(ge=1, le=1000)] | None = None
    deny_new_session: bool = False
    format: Literal["opaque"] | None = None
    refresh_lifetime_s: Family | None = None
    refresh_idle_s: Family | None = None
    refresh_reuse_window_s: Annotated[int, Meta(ge=0, le=300)] | None = None

    def as_policy(self) -> TokenPolicy:
        """The limits as the flows take them."""
        return TokenPolicy.from_dict(msgspec.to_builtins(self))


class NewPolicyIn(Wire):
    """A policy under the name by which others refer to it."""

    name: PolicyName
    limits: Limits


class PolicyOut(Thing):
    """A policy."""

    name: str
    limits: Limits


class PolicyList(Wire):
    """All policies, in the order of their names."""

    items: list[PolicyOut]


class WhomIn(Wire):
    """To whom it would apply; who is not named adds no rule."""

    user: Reference | None = None
    client: Reference | None = None
    resource: Audience | None = None


class OriginOut(Wire):
    """A limit, and the rules that set it."""

    name: str
    value: Any
    set_by: tuple[str, ...]


class EffectiveOut(Wire):
    """What applies: the names of all rules, and each limit."""

    rules: tuple[str, ...]
    limits: list[OriginOut]
    format: str | None
    format_because: str | None


def limits_out(policy: TokenPolicy) -> Limits:
    """Limits on the wire."""
    return msgspec.convert(policy.as_dict(), Limits)


def _shown(policy: NamedPolicy) -> PolicyOut:
    return PolicyOut(name=policy.name, limits=limits_out(policy.limits))


async def _list(call: Call[None, Nothing]) -> PolicyList:
    return PolicyList(items=[_shown(policy) for policy in await policies.every(rt=call.rt)])


async def _show(call: Call[Any, Nothing]) -> PolicyOut:
    return _shown(await policies.find(call.path["policy"], rt=call.rt))


async def _add(call: Call[NewPolicyIn, Nothing]) -> PolicyOut:
    name, limits = call.body.name, call.body.limits.as_policy()
    await policies.set_policy(name, limits, only="new", rt=call.rt, caller=call.caller)
    return _shown(NamedPolicy(name, limits))


async def _set(call: Call[Limits, Nothing]) -> PolicyOut:
    limits = call.body.as_policy()
    await policies.set_policy(call.path["policy"], limits, only="known", rt=call.rt, caller=call.caller)
    return await _show(call)


async def _delete(call: Call[None, Nothing]) -> Ended:
    await policies.delete(call.path["policy"], rt=call.rt, caller=call.caller)
    return Ended(changed=True)


async def _effective(call: Call[None, WhomIn]) -> EffectiveOut:
    asked = call.query
    found = await effective(user=asked.user, client=asked.client, resource=asked.resource, rt=call.rt)
    return EffectiveOut(
        rules=found.rules,
        limits=[OriginOut(name=one.name, value=one.value, set_by=one.set_by) for one in found.limits],
        format=found.format,
        format_because=found.format_because,
    )


_READ, _WRITE = "policies:read", "policies:write"
OPERATIONS = (
    Operation(
        id="policies_list",
        method="GET",
        path="/policies",
        scope=_READ,
        summary="List all policies.",
        does=_list,
        answer=PolicyList,
    ),
    Operation(
        id="policies_add",
        method="POST",
        path="/policies",
        scope=_WRITE,
        summary="Add a policy.",
        body=NewPolicyIn,
        does=_add,
        answer=PolicyOut,
        created=True,
        changes=True,
        errors=(AlreadyExists, NotAllowed),
        example={"name": "short", "limits": {"lifetime_s": 300, "max_uses": 1}},
        gives={"policy": "/name"},
    ),
    Operation(
        id="policies_show",
        method="GET",
        path="/policies/{policy}",
        scope=_READ,
        summary="Show a policy.",
        does=_show,
        answer=PolicyOut,
        errors=(NotFound,),
    ),
    Operation(
        id="policies_set",
        method="PUT",
        path="/policies/{policy}",
        scope=_WRITE,
        summary="Replace all limits of a policy, for grants from now on.",
        body=Limits,
        does=_set,
        of=_show,
        answer=PolicyOut,
        changes=True,
        errors=(NotFound, NotAllowed),
        example={"lifetime_s": 300, "networks": [["192.0.2.0/24"]]},
    ),
    Operation(
        id="policies_delete",
        method="DELETE",
        path="/policies/{policy}",
        scope=_WRITE,
        summary="Delete a policy that nothing refers to.",
        does=_delete,
        of=_show,
        answer=Ended,
        changes=True,
        errors=(NotFound, InUse),
    ),
    Operation(
        id="policies_effective",
        method="GET",
        path="/effective-policy",
        scope=_READ,
        summary="What applies to a user, a client and a resource, and which rule set each limit.",
        query=WhomIn,
        does=_effective,
        answer=EffectiveOut,
        errors=(NotFound,),
    ),
)
