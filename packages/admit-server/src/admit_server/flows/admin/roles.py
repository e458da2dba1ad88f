"""Roles that carry scopes or a policy: add, find, list, update, delete. A user may have others: words that only tokens carry."""

from dataclasses import dataclass, replace

from ...domain.administration import ADMIN_ROLE
from ...domain.errors import AlreadyExists, InvalidScope, NotAllowed, NotFound
from ...domain.scopes import OPENID, format_scope, parse_scope
from ...domain.user import check_role
from ...ports.roles import Role
from ...ports.store import UniqueViolation
from ...ports.transaction import Tx
from ..runtime import Caller, Runtime
from . import policies, powers
from .changing import KEEP, Keep, chosen
from .paging import LARGEST_PAGE, Page, page_of


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleChange:
    """What to change of a role; the rest stays."""

    policy: str | Keep | None = KEEP
    scopes: frozenset[str] | Keep = KEEP


async def add(
    name: str, *, policy: str | None, scopes: frozenset[str] = frozenset(), rt: Runtime, caller: Caller
) -> Role:
    """Give a role a meaning of its own.

    Args:
        name: The word.
        policy: Limits on the tokens of who has it.
        scopes: From now on only for who has one of the roles that name them; at the administration API, what they may do.
        rt: What flows use.
        caller: Who acts.

    Raises:
        NotAllowed: A name or a scope that can't be one.
        ExceedsPowers: The role would have more than the caller.
        NotFound: The policy does not exist.
        AlreadyExists: There is one of that name.
    """
    now = rt.clock()
    role = Role(name=check_role(name), scopes=check_scopes(scopes), policy=policy, created_at=now)
    event = rt.event(
        "role.added",
        role.name,
        actor=caller.actor,
        caller=caller,
        now=now,
        details={"policy": policy or "", "scopes": format_scope(scopes)},
    )
    powers.over_scopes(role.scopes, f"the role {name!r}", caller=caller)

    async def unit(tx: Tx) -> None:
        if policy is not None:
            await policies.require(tx, policy)
        await tx.roles.add(role)
        await tx.audit.append(event)

    try:
        await rt.store.write(unit)
    except UniqueViolation:
        raise AlreadyExists(f"There is a role {name!r} already; `admit role update {name}` changes it.") from None
    return role


def check_scopes(scopes: frozenset[str]) -> frozenset[str]:
    """Raises:
    NotAllowed: A word that can be no scope, or OpenID Connect's own, which are everybody's.
    """
    try:
        if parse_scope(format_scope(scopes)) != scopes:
            raise InvalidScope
    except InvalidScope:
        raise NotAllowed(
            "A role's scopes are at most 64 words of printable ASCII without spaces, quotes or \\."
        ) from None
    if own := scopes & OPENID:
        raise NotAllowed(f"{format_scope(own)} are OpenID Connect's own and everybody's; a role can't hold them.")
    return scopes


async def find(name: str, *, rt: Runtime) -> Role:
    """The role of that name.

    Raises:
        NotFound: There is none.
    """
    return await _require(rt.store.read, name)


async def page(*, after: str = "", limit: int = LARGEST_PAGE, rt: Runtime) -> Page[Role]:
    """Roles in the order of their names."""
    found = await rt.store.read.roles.page(after=after, limit=limit)
    return page_of(found, limit=limit, last_key=found[-1].name if found else "")


async def update(name: str, change: RoleChange, *, rt: Runtime, caller: Caller) -> Role:
    """Attach another policy, or give the role other scopes. Sign-ins and refreshed tokens from now on obey it.

    Personal tokens obey its scopes at their next use.

    Raises:
        NotFound: The role or the policy does not exist.
        NotAllowed: A scope that can't be one, or other scopes for the built-in role.
        ExceedsPowers: The role has, or would have, more than the caller.
    """
    if not isinstance(change.scopes, Keep):
        check_scopes(change.scopes)
        if name == ADMIN_ROLE:
            raise NotAllowed("The scopes of the role admin are built in: all of the administration API.")
    event = rt.event("role.updated", name, actor=caller.actor, caller=caller, now=rt.clock())

    async def unit(tx: Tx) -> Role:
        found = await _require(tx, name)
        role = replace(found, policy=chosen(change.policy, found.policy), scopes=chosen(change.scopes, found.scopes))
        powers.over_scopes(found.scopes | role.scopes, f"the role {name!r}", caller=caller)
        if role.policy is not None:
            await policies.require(tx, role.policy)
        await tx.roles.update(role)
        told: dict[str, str | int | bool | None] = {"policy": role.policy or "", "scopes": format_scope(role.scopes)}
        await tx.audit.append(replace(event, details=told))
        return role

    return await rt.store.write(unit)


async def delete(name: str, *, rt: Runtime, caller: Caller) -> None:
    """Take a role's meaning away. Who has it keeps the word; policy and scopes no longer come with it.

    A scope that no other role names is for everybody from then on.

    Raises:
        NotFound: There is none.
        NotAllowed: The built-in one.
        ExceedsPowers: The role has more than the caller.
    """
    if name == ADMIN_ROLE:
        raise NotAllowed(
            "The role admin is built in. Take it from people instead: `admit user update NAME --role ...`."
        )
    event = rt.event("role.deleted", name, actor=caller.actor, caller=caller, now=rt.clock())

    async def unit(tx: Tx) -> None:
        found = await _require(tx, name)
        powers.over_scopes(found.scopes, f"the role {name!r}", caller=caller)
        await tx.roles.remove(name)
        await tx.audit.append(event)

    await rt.store.write(unit)


async def _require(tx: Tx, name: str) -> Role:
    role = await tx.roles.get(name)
    if role is None:
        raise NotFound(f"There is no role {name!r} with a meaning of its own; `admit role add {name}` makes it.")
    return role
