"""Roles at the API."""

from msgspec import UNSET, UnsetType

from ...domain.errors import AlreadyExists, ExceedsPowers, NotAllowed, NotFound
from ...flows.admin import roles
from ...ports.roles import Role
from . import fields, pages
from .fields import PolicyName, Scopes
from .operations import Call, Ended, Nothing, Operation, Paged, Thing, Wire, keep


class NewRoleIn(Wire):
    """A role. From now on its scopes are only for who has it, or another role that names them."""

    name: fields.Role
    scopes: Scopes = ()
    policy: PolicyName | None = None


class RoleChangeIn(Wire):
    """What to change; `scopes` as they are to be from now on, null takes the policy away."""

    scopes: Scopes | UnsetType = UNSET
    policy: PolicyName | UnsetType | None = UNSET


class RoleOut(Thing):
    """A role with a meaning of its own."""

    name: str
    scopes: list[str]
    policy: str | None
    created_at: int


class RolePage(Wire):
    """Roles in the order of their names."""

    items: list[RoleOut]
    next: str | None


def _shown(role: Role) -> RoleOut:
    return RoleOut(name=role.name, scopes=sorted(role.scopes), policy=role.policy, created_at=role.created_at)


async def _list(call: Call[None, Paged]) -> RolePage:
    page = await roles.page(after=pages.after(call.query), limit=call.query.limit, rt=call.rt)
    return RolePage(items=[_shown(role) for role in page.items], next=pages.cursor(page.next_after))


async def _show(call: Call[None, Nothing]) -> RoleOut:
    return _shown(await roles.find(call.path["role"], rt=call.rt))


async def _add(call: Call[NewRoleIn, Nothing]) -> RoleOut:
    body, scopes = call.body, frozenset(call.body.scopes)
    return _shown(await roles.add(body.name, policy=body.policy, scopes=scopes, rt=call.rt, caller=call.caller))


async def _update(call: Call[RoleChangeIn, Nothing]) -> RoleOut:
    scopes = call.body.scopes
    change = roles.RoleChange(
        policy=keep(call.body.policy), scopes=keep(scopes if isinstance(scopes, UnsetType) else frozenset(scopes))
    )
    return _shown(await roles.update(call.path["role"], change, rt=call.rt, caller=call.caller))


async def _delete(call: Call[None, Nothing]) -> Ended:
    await roles.delete(call.path["role"], rt=call.rt, caller=call.caller)
    return Ended(changed=True)


_READ, _WRITE = "roles:read", "roles:write"
OPERATIONS = (
    Operation(
        id="roles_list",
        method="GET",
        path="/roles",
        scope=_READ,
        summary="List roles that have scopes or a policy.",
        query=Paged,
        does=_list,
        answer=RolePage,
    ),
    Operation(
        id="roles_add",
        method="POST",
        path="/roles",
        scope=_WRITE,
        summary="Add a role.",
        body=NewRoleIn,
        does=_add,
        answer=RoleOut,
        created=True,
        changes=True,
        errors=(AlreadyExists, NotAllowed, NotFound, ExceedsPowers),
        example={"name": "auditor", "scopes": ["audit:read"]},
        gives={"role": "/name"},
    ),
    Operation(
        id="roles_show",
        method="GET",
        path="/roles/{role}",
        scope=_READ,
        summary="Show a role.",
        does=_show,
        answer=RoleOut,
        errors=(NotFound,),
    ),
    Operation(
        id="roles_update",
        method="PATCH",
        path="/roles/{role}",
        scope=_WRITE,
        summary="Change scopes or policy of a role, for sign-ins and refreshed tokens from now on.",
        body=RoleChangeIn,
        does=_update,
        of=_show,
        answer=RoleOut,
        changes=True,
        errors=(NotFound, NotAllowed, ExceedsPowers),
        example={"scopes": ["audit:read", "denials:read"]},
    ),
    Operation(
        id="roles_delete",
        method="DELETE",
        path="/roles/{role}",
        scope=_WRITE,
        summary="Delete a role; scopes that no other role names are for everybody then.",
        does=_delete,
        of=_show,
        answer=Ended,
        changes=True,
        errors=(NotFound, NotAllowed, ExceedsPowers),
    ),
)
