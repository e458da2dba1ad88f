"""The rules of `/check`: add, find, list, update, delete."""

from dataclasses import dataclass, replace

from ...domain.check_rule import (
    MOST_RULES,
    CheckRule,
    check_rule,
    specificity,
)
from ...domain.errors import AlreadyExists, NotAllowed, NotFound
from ...ports.transaction import Tx
from ..rule_set import check_policy, path_matcher
from ..runtime import Caller, Runtime
from . import policies


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRule:
    """A rule as an administrator writes it; see `CheckRule`. Without an audience it is public."""

    host: str = "*"
    path: str
    methods: frozenset[str] = frozenset()
    audience: str | None = None
    scopes: frozenset[str] = frozenset()
    policy: str | None = None
    action: str | None = None
    redeem: bool = False


async def add(new: NewRule, *, rt: Runtime, caller: Caller) -> CheckRule:
    """Add a rule. Every server process obeys it within a second.

    Raises:
        NotAllowed: A part of it is not written as it has to be, or can't be kept.
        NotFound: The resource or the policy does not exist.
        AlreadyExists: Another rule decides about the same requests.
    """
    now = rt.clock()
    rule = _checked(
        CheckRule(
            id=rt.new_id("rul"),
            host=new.host.lower(),
            path=new.path,
            methods=new.methods,
            audience=new.audience,
            scopes=new.scopes,
            policy=new.policy,
            action=new.action,
            redeem=new.redeem,
            created_at=now,
            updated_at=now,
        )
    )
    event = rt.event("rule.added", rule.id, actor=caller.actor, caller=caller, now=now, details=_details(rule))

    async def unit(tx: Tx) -> None:
        await tx.check_rules.lock()
        await _fits(tx, rule)
        await tx.check_rules.add(rule)
        await tx.audit.append(event)

    await rt.store.write(unit)
    return rule


async def find(rule_id: str, *, rt: Runtime) -> CheckRule:
    """The rule of that id.

    Raises:
        NotFound: There is none.
    """
    return await _require(rt.store.read, rule_id)


async def in_order(*, rt: Runtime) -> list[CheckRule]:
    """All rules, the most specific first: the first whose host and path match decides."""
    found = [each.rule for each in await rt.store.read.check_rules.all()]
    return sorted(found, key=lambda rule: (specificity(rule.place), not rule.methods, sorted(rule.methods)))


async def update(rule_id: str, new: NewRule, *, rt: Runtime, caller: Caller) -> CheckRule:
    """Replace everything of a rule but its id.

    Raises:
        NotAllowed: See `add`.
        NotFound: See `add`; or there is no such rule.
        AlreadyExists: See `add`.
    """
    now = rt.clock()
    before = await _require(rt.store.read, rule_id)
    rule = _checked(
        replace(
            before,
            host=new.host.lower(),
            path=new.path,
            methods=new.methods,
            audience=new.audience,
            scopes=new.scopes,
            policy=new.policy,
            action=new.action,
            redeem=new.redeem,
            updated_at=now,
        )
    )
    event = rt.event("rule.updated", rule.id, actor=caller.actor, caller=caller, now=now, details=_details(rule))

    async def unit(tx: Tx) -> None:
        await tx.check_rules.lock()
        await _fits(tx, rule)
        if not await tx.check_rules.update(rule):
            raise _no_such(rule_id)
        await tx.audit.append(event)

    await rt.store.write(unit)
    return rule


async def delete(rule_id: str, *, rt: Runtime, caller: Caller) -> None:
    """Take a rule away. What it let pass is then decided by a wider rule, or refused.

    Raises:
        NotFound: There is none.
    """
    event = rt.event("rule.deleted", rule_id, actor=caller.actor, caller=caller, now=rt.clock())

    async def unit(tx: Tx) -> None:
        await tx.check_rules.lock()
        if not await tx.check_rules.remove(rule_id):
            raise _no_such(rule_id)
        await tx.audit.append(event)

    await rt.store.write(unit)


def _checked(rule: CheckRule) -> CheckRule:
    path_matcher(rule.path)
    return check_rule(rule)


async def _fits(tx: Tx, rule: CheckRule) -> None:
    """Whether the rule can stand among the others, while they are locked."""
    if rule.audience is not None:
        resource = await tx.resources.get(rule.audience)
        if resource is None:
            raise NotFound(f"There is no resource {rule.audience!r}; add it with `admit resource add`.")
        if unknown := sorted(rule.scopes - resource.scopes.keys()):
            raise NotAllowed(f"The resource {rule.audience} has no scope {unknown[0]!r}.")
    if rule.policy is not None:
        check_policy(await policies.require(tx, rule.policy), name=rule.policy, public=rule.public)
    others = [each.rule for each in await tx.check_rules.all() if each.rule.id != rule.id]
    if len(others) >= MOST_RULES:
        raise NotAllowed(f"There are {MOST_RULES} rules, the most there may be; use patterns to have fewer.")
    for other in others:
        if other.place == rule.place and (other.methods & rule.methods or other.methods == rule.methods):
            raise AlreadyExists(
                f"The rule {other.id} decides about the same requests; change it, or name other methods."
            )


async def _require(tx: Tx, rule_id: str) -> CheckRule:
    rule = await tx.check_rules.get(rule_id)
    if rule is None:
        raise _no_such(rule_id)
    return rule


def _no_such(rule_id: str) -> NotFound:
    return NotFound(f"There is no rule {rule_id!r}; `admit rule list` shows them.")


def _details(rule: CheckRule) -> dict[str, str | int | bool | None]:
    return {
        "host": rule.host,
        "path": rule.path,
        "methods": " ".join(sorted(rule.methods)),
        "resource": rule.audience,
        "scopes": " ".join(sorted(rule.scopes)),
        "policy": rule.policy,
        "action": rule.action,
        "redeem": rule.redeem,
    }
