"""Users at the API."""

from typing import Annotated

from msgspec import Meta

from ...domain.errors import AlreadyExists, ExceedsPowers, NotAllowed, NotFound
from ...domain.user import User
from ...flows.admin import users
from . import pages
from .operations import Call, Nothing, Operation, Paged, Thing, Wire

Username = Annotated[
    str, Meta(min_length=1, max_length=64, description="To sign in with; no spaces.", examples=["alice"])
]
Email = Annotated[str, Meta(min_length=3, max_length=254, examples=["alice@example.com"])]
Role = Annotated[str, Meta(pattern="^[a-z][a-z0-9_.:-]{0,63}$", examples=["editor"])]
Roles = Annotated[tuple[Role, ...], Meta(max_length=50)]
Password = Annotated[str, Meta(min_length=15, max_length=1024, description="At least 15 characters; a few words.")]


class NewUserIn(Wire):
    """A new account. Without a password nobody can sign in with it yet."""

    username: Username
    email: Email | None = None
    roles: Roles = ()
    password: Password | None = None


class UserOut(Thing):
    """An account. Times are seconds, UTC."""

    user_id: str
    username: str
    email: str | None
    roles: tuple[str, ...]
    disabled: bool
    created_at: int
    updated_at: int
    disabled_at: int | None


class UserPage(Wire):
    """Accounts in the order of their names."""

    items: list[UserOut]
    next: str | None


def shown(user: User) -> UserOut:
    """An account on the wire."""
    return UserOut(
        user_id=user.id,
        username=user.username,
        email=user.email,
        roles=user.roles,
        disabled=user.disabled_at is not None,
        created_at=user.created_at,
        updated_at=user.updated_at,
        disabled_at=user.disabled_at,
    )


async def _list(call: Call[None, Paged]) -> UserPage:
    page = await users.page(after=pages.after(call.query), limit=call.query.limit, rt=call.rt)
    return UserPage(items=[shown(user) for user in page.items], next=pages.cursor(page.next_after))


async def _show(call: Call[None, Nothing]) -> UserOut:
    return shown(await users.find(call.path["user"], rt=call.rt))


async def _add(call: Call[NewUserIn, Nothing]) -> UserOut:
    body = call.body
    new = users.NewUser(username=body.username, email=body.email, roles=body.roles, password=body.password)
    return shown(await users.add(new, rt=call.rt, caller=call.caller))


OPERATIONS = (
    Operation(
        id="users_list",
        method="GET",
        path="/users",
        scope="users:read",
        summary="List accounts, in the order of their names.",
        query=Paged,
        does=_list,
        answer=UserPage,
    ),
    Operation(
        id="users_add",
        method="POST",
        path="/users",
        scope="users:write",
        summary="Add an account.",
        body=NewUserIn,
        does=_add,
        answer=UserOut,
        created=True,
        changes=True,
        errors=(AlreadyExists, NotAllowed, ExceedsPowers),
        example={"username": "alice", "email": "alice@example.com", "roles": ["editor"]},
    ),
    Operation(
        id="users_show",
        method="GET",
        path="/users/{user}",
        scope="users:read",
        summary="Show an account, by its id or user name.",
        does=_show,
        answer=UserOut,
        errors=(NotFound,),
    ),
)
