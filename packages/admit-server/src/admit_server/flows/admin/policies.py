"""Named token policies: set, find, list, delete."""

import re
from dataclasses import dataclass
from typing import Literal

from ...domain.errors import AlreadyExists, InUse, NotAllowed, NotFound
from ...domain.token_policy import BROWSER_NAME, TokenPolicy
from ...ports.store import ReferenceViolation
from ...ports.transaction import Tx
from ..effective import limits_of
from ..rule_set import check_policy
from ..runtime import Caller, Runtime

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}\Z")
MOST_ENTRIES, MOST_NAMED = 50, 5
LEAST_AUTH_AGE_S = 30


@dataclass(frozen=True, slots=True)
class NamedPolicy:
    """A policy under the name by which clients and resources refer to it."""

    name: str
    limits: TokenPolicy


async def set_policy(
    name: str, limits: TokenPolicy, *, only: Literal["new", "known"] | None = None, rt: Runtime, caller: Caller
) -> bool:
    """Write all limits of a policy; those not given are unlimited. True when the name is new. `only`: refuse the other case.

    Tokens issued from now on obey it; those that exist keep what they were issued by.

    Raises:
        AlreadyExists, NotFound: See `only`.
        NotAllowed: A name that can't be one, or an entry that is not written as it has to be.
    """
    if not _NAME.match(name):
        raise NotAllowed(f"A policy's name is a lower-case word of letters, digits and `_.-`, not {name!r}.")
    check(limits)
    now = rt.clock()
    event = rt.event(
        "policy.set",
        name,
        actor=caller.actor,
        caller=caller,
        now=now,
        details={name: str(value) for name, value in limits.as_dict().items()},
    )

    async def unit(tx: Tx) -> bool:
        is_new = await tx.policies.get(name) is None
        if only == "new" and not is_new:
            raise AlreadyExists(f"There is a policy {name!r} already.")
        if only == "known" and is_new:
            await require(tx, name)
        for each in await tx.check_rules.all():
            if each.rule.policy == name:
                check_policy(limits, name=name, public=each.rule.public)
        await tx.policies.set(name, limits, now=now)
        await tx.audit.append(event)
        return is_new

    return await rt.store.write(unit)


def check(limits: TokenPolicy) -> None:
    """Refuse limits that could not be kept.

    Raises:
        NotAllowed: An entry that is not written as it has to be, or too many of them.
    """
    if limits.max_auth_age_s is not None and limits.max_auth_age_s < LEAST_AUTH_AGE_S:
        raise NotAllowed(f"max_auth_age_s must be {LEAST_AUTH_AGE_S} or more: signing in takes a moment.")
    for name in ("actions", "networks", "hours"):
        if sum(map(len, getattr(limits, name))) > MOST_ENTRIES:
            raise NotAllowed(f"A policy has at most {MOST_ENTRIES} {name}: they travel in every token.")
    limits_of(limits)


async def delete(name: str, *, rt: Runtime, caller: Caller) -> None:
    """Remove a policy that nothing refers to. Grants that were made by it keep its limits.

    Raises:
        NotFound: There is none.
        InUse: Something refers to it: to take it away would loosen that.
        NotAllowed: It is built in.
    """
    if name == BROWSER_NAME:
        raise NotAllowed(
            f"The policy {name!r} is built in: new clients may need it. `admit policy set {name}` changes it."
        )
    event = rt.event("policy.deleted", name, actor=caller.actor, caller=caller, now=rt.clock())

    async def unit(tx: Tx) -> None:
        await require(tx, name)
        if users := await tx.policies.used_by(name, limit=MOST_NAMED + 1):
            raise _in_use(name, users)
        await tx.policies.remove(name)
        await tx.audit.append(event)

    try:
        await rt.store.write(unit)
    except ReferenceViolation:  # somebody attached it in this very moment
        raise _in_use(name, await rt.store.read.policies.used_by(name, limit=MOST_NAMED + 1)) from None


async def find(name: str, *, rt: Runtime) -> NamedPolicy:
    """The policy of that name.

    Raises:
        NotFound: There is none.
    """
    return NamedPolicy(name, await require(rt.store.read, name))


async def every(*, rt: Runtime) -> list[NamedPolicy]:
    """All policies in the order of their names."""
    return [NamedPolicy(name, limits) for name, limits in await rt.store.read.policies.all()]


async def require(tx: Tx, name: str) -> TokenPolicy:
    """The limits of a policy that somebody refers to.

    Raises:
        NotFound: There is none.
    """
    limits = await tx.policies.get(name)
    if limits is None:
        raise NotFound(f"There is no policy {name!r}; make it with `admit policy set {name}`.")
    return limits


def _in_use(name: str, users: list[str]) -> InUse:
    shown = ", ".join(users[:MOST_NAMED]) + (" and others" if len(users) > MOST_NAMED else "")
    return InUse(f"The policy {name!r} is in use by {shown or 'something'}; take it from there first (--no-policy).")
