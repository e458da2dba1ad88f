"""Policies at the API, and what applies to whom."""

from typing import Any

from ...domain.errors import AlreadyExists, InUse, NotAllowed, NotFound
from ...flows.admin import policies
from ...flows.admin.effective import effective
from ...flows.admin.policies import NamedPolicy
from ...flows.admin.written_limits import Limits, written
from .fields import Audience, PolicyName, Reference
from .operations import Call, Ended, Nothing, Operation, Thing, Wire


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


def _shown(policy: NamedPolicy) -> PolicyOut:
    return PolicyOut(name=policy.name, limits=written(policy.limits))


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
