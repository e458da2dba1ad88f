"""Users at the API."""

from typing import Any

from msgspec import UNSET, UnsetType

from ...domain.errors import AlreadyExists, ExceedsPowers, NotAllowed, NotFound
from ...domain.user import User
from ...flows.admin import leaving, users
from . import pages
from .fields import Email, Password, PolicyName, Roles, Username
from .operations import Call, Ended, Nothing, Operation, Paged, Thing, Wire, keep


class NewUserIn(Wire):
    """A new account. Without a password nobody can sign in with it yet."""

    username: Username
    email: Email | None = None
    roles: Roles = ()
    password: Password | None = None


class UserChangeIn(Wire):
    """What to change; `roles` and `policy` as they are to be from now on, null takes away."""

    email: Email | UnsetType | None = UNSET
    roles: Roles | UnsetType = UNSET
    policy: PolicyName | UnsetType | None = UNSET


class PasswordIn(Wire):
    """A new password. Every session and grant that the old one opened ends."""

    password: Password


class UserOut(Thing):
    """An account. Times are seconds, UTC."""

    user_id: str
    username: str
    email: str | None
    roles: tuple[str, ...]
    policy: str | None
    disabled: bool
    created_at: int
    updated_at: int
    disabled_at: int | None


class UserPage(Wire):
    """Accounts in the order of their names."""

    items: list[UserOut]
    next: str | None


def shown(user: User, policy: str | None) -> UserOut:
    """An account on the wire."""
    return UserOut(
        user_id=user.id,
        username=user.username,
        email=user.email,
        roles=user.roles,
        policy=policy,
        disabled=user.disabled_at is not None,
        created_at=user.created_at,
        updated_at=user.updated_at,
        disabled_at=user.disabled_at,
    )


async def _list(call: Call[None, Paged]) -> UserPage:
    page = await users.page(after=pages.after(call.query), limit=call.query.limit, rt=call.rt)
    items = [shown(user, await users.policy_of(user, rt=call.rt)) for user in page.items]
    return UserPage(items=items, next=pages.cursor(page.next_after))


async def _show(call: Call[Any, Nothing]) -> UserOut:
    user = await users.find(call.path["user"], rt=call.rt)
    return shown(user, await users.policy_of(user, rt=call.rt))


async def _add(call: Call[NewUserIn, Nothing]) -> UserOut:
    body = call.body
    new = users.NewUser(username=body.username, email=body.email, roles=body.roles, password=body.password)
    return shown(await users.add(new, rt=call.rt, caller=call.caller), None)


async def _update(call: Call[UserChangeIn, Nothing]) -> UserOut:
    body = call.body
    change = users.UserChange(email=keep(body.email), roles=keep(body.roles), policy=keep(body.policy))
    await users.update(call.path["user"], change, rt=call.rt, caller=call.caller)
    return await _show(call)


async def _disable(call: Call[None, Nothing]) -> Ended:
    done = await users.disable(call.path["user"], rt=call.rt, caller=call.caller)
    return Ended(changed=done.changed, ended=done.ended)


async def _enable(call: Call[None, Nothing]) -> Ended:
    done = await users.enable(call.path["user"], rt=call.rt, caller=call.caller)
    return Ended(changed=done.changed, ended=done.ended)


async def _set_password(call: Call[PasswordIn, Nothing]) -> Ended:
    done = await users.set_password(call.path["user"], call.body.password, rt=call.rt, caller=call.caller)
    return Ended(changed=done.changed, ended=done.ended)


async def _delete(call: Call[None, Nothing]) -> Ended:
    _, ended = await leaving.delete_user(call.path["user"], rt=call.rt, caller=call.caller)
    return Ended(changed=True, ended=ended)


_READ, _WRITE = "users:read", "users:write"
OPERATIONS = (
    Operation(
        id="users_list",
        method="GET",
        path="/users",
        scope=_READ,
        summary="List accounts, in the order of their names.",
        query=Paged,
        does=_list,
        answer=UserPage,
    ),
    Operation(
        id="users_add",
        method="POST",
        path="/users",
        scope=_WRITE,
        summary="Add an account.",
        body=NewUserIn,
        does=_add,
        answer=UserOut,
        created=True,
        changes=True,
        errors=(AlreadyExists, NotAllowed, ExceedsPowers),
        example={"username": "alice", "email": "alice@example.com", "roles": ["editor"]},
        gives={"user": "/user_id"},
    ),
    Operation(
        id="users_show",
        method="GET",
        path="/users/{user}",
        scope=_READ,
        summary="Show an account, by its id or user name.",
        does=_show,
        answer=UserOut,
        errors=(NotFound,),
    ),
    Operation(
        id="users_update",
        method="PATCH",
        path="/users/{user}",
        scope=_WRITE,
        summary="Change address, roles or policy.",
        description="Grants with scopes that the new roles do not allow end at once.",
        body=UserChangeIn,
        does=_update,
        of=_show,
        answer=UserOut,
        changes=True,
        errors=(NotFound, NotAllowed, ExceedsPowers),
        example={"roles": ["editor", "auditor"]},
    ),
    Operation(
        id="users_disable",
        method="POST",
        path="/users/{user}/disable",
        scope=_WRITE,
        summary="Keep somebody out; every session and grant ends at once.",
        does=_disable,
        answer=Ended,
        changes=True,
        errors=(NotFound, ExceedsPowers),
    ),
    Operation(
        id="users_enable",
        method="POST",
        path="/users/{user}/enable",
        scope=_WRITE,
        summary="Let somebody in again. What was ended stays ended.",
        does=_enable,
        answer=Ended,
        changes=True,
        errors=(NotFound, ExceedsPowers),
    ),
    Operation(
        id="users_set_password",
        method="POST",
        path="/users/{user}/password",
        scope=_WRITE,
        summary="Give a new password; every session and grant ends at once.",
        body=PasswordIn,
        does=_set_password,
        answer=Ended,
        changes=True,
        errors=(NotFound, NotAllowed, ExceedsPowers),
        example={"password": "a few words in a row"},
    ),
    Operation(
        id="users_delete",
        method="DELETE",
        path="/users/{user}",
        scope=_WRITE,
        summary="Delete an account; every session and grant of it ends at once.",
        does=_delete,
        of=_show,
        long=True,
        answer=Ended,
        changes=True,
        errors=(NotFound, ExceedsPowers),
    ),
)
