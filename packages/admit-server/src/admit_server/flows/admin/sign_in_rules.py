"""Sign-in rules: set, find, list, delete."""

from dataclasses import dataclass
from typing import Literal

from ...domain.errors import AlreadyExists, NotAllowed, NotFound
from ...domain.requirement import names_of, not_loaded, parse_requirement
from ...domain.sign_in_rule import MOST_RULES, SignInRule, check_sign_in_rule
from ...ports.transaction import Tx
from ..runtime import Caller, Runtime
from . import clients, powers


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSignInRule:
    """A rule as an administrator writes it; see `SignInRule`."""

    name: str
    requires: str
    client: str | None = None
    audience: str | None = None
    role: str | None = None
    network: str | None = None
    outside: str | None = None
    risk: str | None = None


async def put(
    new: NewSignInRule, *, only: Literal["new", "known"] | None = None, rt: Runtime, caller: Caller
) -> SignInRule:
    """Set a rule; one of that name is replaced. It holds from the next step of any sign-in on. `only`: refuse the other case.

    Raises:
        NotAllowed: A part of it is not written as it has to be, names an authenticator that is not loaded, or there are too many.
        NotFound: The client or the resource does not exist; or see `only`.
        AlreadyExists: See `only`.
        ExceedsPowers: It is, or was, for people of a role that holds more than the caller.
    """
    now = rt.clock()
    client = await clients.find(new.client, rt=rt) if new.client is not None else None
    rule = check_sign_in_rule(
        SignInRule(
            name=new.name,
            requires=new.requires.strip(),
            client_id=client.id if client is not None else None,
            audience=new.audience,
            role=new.role,
            network=new.network,
            outside=new.outside,
            risk=new.risk,
            created_at=now,
            updated_at=now,
        )
    )
    unknown = [name for name in names_of(parse_requirement(rule.requires)) if name not in rt.authenticators]
    if unknown:
        raise NotAllowed(not_loaded(unknown[0], rt.authenticators))
    event = rt.event("sign_in_rule.set", rule.name, actor=caller.actor, caller=caller, now=now, details=_details(rule))

    async def unit(tx: Tx) -> SignInRule:
        if rule.audience is not None and await tx.resources.get(rule.audience) is None:
            raise NotFound(f"There is no resource {rule.audience!r}; `admit resource list` shows them.")
        before = await tx.sign_in_rules.all()
        was = next((each for each in before if each.name == rule.name), None)
        if only == "new" and was is not None:
            raise AlreadyExists(f"There is a sign-in rule {rule.name!r} already.")
        if only == "known" and was is None:
            raise _no_such(rule.name)
        await _over(tx, was, rule, caller=caller)
        if len(before) >= MOST_RULES and was is None:
            raise NotAllowed(f"There are {MOST_RULES} sign-in rules, the most there may be.")
        await tx.sign_in_rules.put(rule)
        await tx.audit.append(event)
        return next(each for each in await tx.sign_in_rules.all() if each.name == rule.name)

    return await rt.store.write(unit)


async def every(*, rt: Runtime) -> list[SignInRule]:
    """All rules, in the order of their names."""
    return await rt.store.read.sign_in_rules.all()


async def find(name: str, *, rt: Runtime) -> SignInRule:
    """The rule of that name.

    Raises:
        NotFound: There is none.
    """
    for rule in await every(rt=rt):
        if rule.name == name:
            return rule
    raise _no_such(name)


async def nobody_has(rule: SignInRule, *, rt: Runtime) -> bool:
    """Whether the rule is for a role that nobody has, and of which nothing else is known: perhaps it was written wrongly."""
    tx = rt.store.read
    return rule.role is not None and await tx.roles.get(rule.role) is None and not await tx.users.any_of_role(rule.role)


async def delete(name: str, *, rt: Runtime, caller: Caller) -> None:
    """Take a rule away.

    Raises:
        NotFound: There is none.
        ExceedsPowers: It is for people of a role that holds more than the caller.
    """
    event = rt.event("sign_in_rule.deleted", name, actor=caller.actor, caller=caller, now=rt.clock())

    async def unit(tx: Tx) -> None:
        was = next((each for each in await tx.sign_in_rules.all() if each.name == name), None)
        await _over(tx, was, caller=caller)
        if not await tx.sign_in_rules.remove(name):
            raise _no_such(name)
        await tx.audit.append(event)

    await rt.store.write(unit)


async def _over(tx: Tx, *rules: SignInRule | None, caller: Caller) -> None:
    """What people of a role have to prove is changed by who may at least as much: else a helper opens the way to them."""
    roles = tuple(rule.role for rule in rules if rule is not None and rule.role is not None)
    await powers.over_roles(tx, roles, caller=caller)


def _details(rule: SignInRule) -> dict[str, str | int | bool | None]:
    return {
        "requires": rule.requires,
        "client": rule.client_id,
        "resource": rule.audience,
        "role": rule.role,
        "network": rule.network,
        "outside": rule.outside,
        "risk": rule.risk,
    }


def _no_such(name: str) -> NotFound:
    return NotFound(f"There is no sign-in rule {name!r}; `admit journey list` shows them.")
