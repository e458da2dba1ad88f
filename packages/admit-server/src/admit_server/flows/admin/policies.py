"""Named token policies: set, find, list."""

import re
from dataclasses import dataclass

from ...domain.errors import NotAllowed, NotFound
from ...domain.token_policy import TokenPolicy
from ...ports.transaction import Tx
from ..effective import limits_of
from ..runtime import Caller, Runtime

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}\Z")


@dataclass(frozen=True, slots=True)
class NamedPolicy:
    """A policy under the name by which clients and resources refer to it."""

    name: str
    limits: TokenPolicy


async def set_policy(name: str, limits: TokenPolicy, *, rt: Runtime, caller: Caller) -> bool:
    """Write all limits of a policy; those not given are unlimited. True when the name is new.

    Tokens issued from now on obey it; those that exist keep what they were issued by.

    Raises:
        NotAllowed: A name that can't be one.
    """
    if not _NAME.match(name):
        raise NotAllowed(f"A policy's name is a lower-case word of letters, digits and `_.-`, not {name!r}.")
    limits_of(limits)  # refuses what is not written as it has to be
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
        await tx.policies.set(name, limits, now=now)
        await tx.audit.append(event)
        return is_new

    return await rt.store.write(unit)


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
