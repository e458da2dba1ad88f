"""Accounts: add, find, list, disable, enable, and set a password."""

from dataclasses import dataclass, field, replace

from ...domain import ids
from ...domain.email_address import address_key, check_email
from ...domain.errors import AlreadyExists, NotAllowed, NotFound
from ...domain.user import User, check_role, check_username, username_key
from ...ports.store import UniqueViolation
from ...ports.transaction import Tx
from .. import links, mailing, notices
from ..endings import end_everything_of_user
from ..new_password import PASSWORD, password_credential
from ..role_scopes import end_what_roles_forbid
from ..runtime import Caller, Runtime
from . import policies, powers
from .changing import KEEP, Keep, chosen
from .paging import LARGEST_PAGE, Page, page_of


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """What an administrator says of a new account. Without a password nobody can sign in with it yet."""

    username: str
    email: str | None = None
    roles: tuple[str, ...] = ()
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class UserChange:
    """What to change of an account; the rest stays."""

    email: str | Keep | None = KEEP
    roles: tuple[str, ...] | Keep = KEEP
    policy: str | Keep | None = KEEP


@dataclass(frozen=True, slots=True)
class Switched:
    """An account after it was disabled or enabled. `changed` is False where it already was so; `ended`: sessions and grants."""

    user: User
    changed: bool
    ended: int = 0


async def add(new: NewUser, *, rt: Runtime, caller: Caller) -> User:
    """Make an account, with its password where one is given.

    Raises:
        NotAllowed: A value that the rules of the domain forbid.
        ExceedsPowers: A role that holds more than the caller has.
        AlreadyExists: The user name is taken, in whatever case it is written.
        Busy: The hashing queue is full.
    """
    username = check_username(new.username)
    if ids.looks_like("usr", username):
        # Commands take the id or the name, so a name must never be somebody's id.
        raise NotAllowed("This user name has the shape of an id; take another one.")
    email = check_email(new.email) if new.email is not None else None
    roles = tuple(dict.fromkeys(check_role(role) for role in new.roles))
    now = rt.clock()
    user = User(id=rt.new_id("usr"), username=username, email=email, roles=roles, created_at=now, updated_at=now)
    key = username_key(username)
    if await rt.store.read.users.by_username_key(key) is not None:
        raise _taken(username)  # before the slow hash; the unit's own constraint decides a race
    credential = await password_credential(user, new.password, rt=rt, now=now) if new.password is not None else None
    event = rt.event("user.added", user.id, actor=caller.actor, caller=caller, now=now, details={"username": username})

    async def unit(tx: Tx) -> None:
        await powers.over_roles(tx, roles, caller=caller)
        await tx.users.add(user, username_key=key)
        if credential is not None:
            await tx.credentials.put(credential)
        await tx.audit.append(event)

    try:
        await rt.store.write(unit)
    except UniqueViolation:
        raise _taken(username) from None
    return user


async def find(name_or_id: str, *, rt: Runtime) -> User:
    """The account of that id or user name.

    Raises:
        NotFound: There is none.
    """
    users = rt.store.read.users
    user = await users.get(name_or_id) if ids.looks_like("usr", name_or_id) else None
    if user is None:
        user = await users.by_username_key(username_key(name_or_id))
    if user is None:
        raise _no_such(name_or_id)
    return user


async def page(*, after: str = "", limit: int = LARGEST_PAGE, rt: Runtime) -> Page[User]:
    """Accounts in the order of their names."""
    found = await rt.store.read.users.page(after=after, limit=limit)
    return page_of(found, limit=limit, last_key=username_key(found[-1].username) if found else "")


async def policy_of(user: User, *, rt: Runtime) -> str | None:
    """The name of the policy attached to somebody."""
    return await rt.store.read.users.policy_of(user.id)


async def authenticators_of(user: User, *, rt: Runtime) -> tuple[str, ...]:
    """Names of the authenticators with which this person can sign in."""
    return tuple([name for name in rt.authenticators if await rt.store.read.credentials.of_user(user.id, name)])


async def update(name_or_id: str, change: UserChange, *, rt: Runtime, caller: Caller) -> Switched:
    """Change address, roles or policy. Another address is told to those that the person had before.

    `ended` of the answer: grants with scopes that the roles no longer allow.

    Raises:
        NotFound: No such user or policy.
        NotAllowed: An address or a role that can't be one.
        ExceedsPowers: Somebody who may more than the caller, or a role that holds more.
    """
    email = check_email(change.email) if isinstance(change.email, str) else change.email
    roles = KEEP if isinstance(change.roles, Keep) else tuple(dict.fromkeys(check_role(r) for r in change.roles))
    user, now, nonce = await find(name_or_id, rt=rt), rt.clock(), rt.nonce()
    mails = await notices.of_another_address(user, user.email if isinstance(email, Keep) else email, rt=rt, now=now)
    event = rt.event("user.updated", user.id, actor=caller.actor, caller=caller, now=now)

    async def unit(tx: Tx) -> Switched:
        found = await tx.users.get(user.id)
        if found is None:
            raise _no_such(name_or_id)
        await powers.over_user(tx, found, caller=caller)
        changed = replace(found, email=chosen(email, found.email), roles=chosen(roles, found.roles), updated_at=now)
        await powers.over_roles(tx, changed.roles, caller=caller)
        if isinstance(change.policy, str):
            await policies.require(tx, change.policy)
        await tx.users.update(changed)
        details: dict[str, str | int | bool | None] = {}
        if changed.email != found.email:
            details["email"] = True
            await links.forget_mailed_ways_in(tx, user.id)
            if found.email is not None:  # it is given away, or lost: it opens nothing any more
                await tx.addresses.remove(user.id, address_key=address_key(found.email))
            await mailing.add(tx, mails, rt=rt)
        if not isinstance(change.policy, Keep):
            await tx.users.set_policy(user.id, change.policy, now=now)
            details["policy"] = change.policy or ""
        ended = 0
        if changed.roles != found.roles:
            ended = await end_what_roles_forbid(tx, changed, rt=rt, nonce=nonce, now=now)
            details |= {"roles": " ".join(changed.roles), "ended": ended}
        await tx.audit.append(replace(event, details=details))
        return Switched(changed, changed=True, ended=ended)

    outcome = await rt.store.write(unit)
    if outcome.ended:
        rt.on_revocation()
    return outcome


async def disable(name_or_id: str, *, rt: Runtime, caller: Caller) -> Switched:
    """Keep somebody out: no sign-in any more, and every session and grant ends in the same unit.

    Raises:
        NotFound: No such user.
        ExceedsPowers: Somebody who may more than the caller.
    """
    user, now, nonce = await find(name_or_id, rt=rt), rt.clock(), rt.nonce()
    event = rt.event("user.disabled", user.id, actor=caller.actor, caller=caller, now=now)

    async def unit(tx: Tx) -> Switched:
        await powers.over_user(tx, user, caller=caller)
        changed = await tx.users.set_disabled(user.id, at=now, now=now)
        ended = await end_everything_of_user(tx, user.id, reason="user_disabled", nonce=nonce, now=now)
        if changed or ended:
            await tx.audit.append(replace(event, details={"ended": ended}))
        return Switched(await tx.users.get(user.id) or user, changed, ended)

    outcome = await rt.store.write(unit)
    rt.on_revocation()
    return outcome


async def enable(name_or_id: str, *, rt: Runtime, caller: Caller) -> Switched:
    """Let somebody in again. What was ended stays ended.

    Raises:
        NotFound: No such user.
    """
    user, now = await find(name_or_id, rt=rt), rt.clock()
    event = rt.event("user.enabled", user.id, actor=caller.actor, caller=caller, now=now)

    async def unit(tx: Tx) -> Switched:
        await powers.over_user(tx, user, caller=caller)
        changed = await tx.users.set_disabled(user.id, at=None, now=now)
        if changed:
            await tx.audit.append(event)
        return Switched(await tx.users.get(user.id) or user, changed)

    return await rt.store.write(unit)


async def set_password(name_or_id: str, password: str, *, rt: Runtime, caller: Caller) -> Switched:
    """Give a new password; every session and grant that the old one opened ends, and every address of the person is told.

    Raises:
        NotFound: No such user.
        NotAllowed: A password that the rules forbid, or somebody else set one at the same moment.
        Busy: The hashing queue is full.
    """
    user, now, nonce = await find(name_or_id, rt=rt), rt.clock(), rt.nonce()
    fresh = await password_credential(user, password, rt=rt, now=now)
    mails = await notices.by_administration(user, "password_changed", rt=rt, now=now)
    event = rt.event("user.password_set", user.id, actor=caller.actor, caller=caller, now=now)

    async def unit(tx: Tx) -> Switched:
        await powers.over_user(tx, user, caller=caller)
        # Locks the row, so that two first passwords, or this and a sign-in, come one after the other.
        await tx.users.hold(user.id)
        stored = await tx.credentials.of_user(user.id, PASSWORD)
        if not stored:
            await tx.credentials.put(fresh)
        elif not await tx.credentials.replace(stored[0].id, data=fresh.data, version=stored[0].version, now=now):
            raise NotAllowed("Somebody else changed this password at the same moment; try again.")
        await links.forget_ways_in(tx, user.id)
        ended = await end_everything_of_user(tx, user.id, reason="password_changed", nonce=nonce, now=now)
        await mailing.add(tx, mails, rt=rt)
        await tx.audit.append(replace(event, details={"ended": ended}))
        return Switched(user, changed=True, ended=ended)

    outcome = await rt.store.write(unit)
    rt.on_revocation()
    return outcome


def _no_such(name_or_id: str) -> NotFound:
    return NotFound(f"There is no user {name_or_id!r}; `admit user list` shows all.")


def _taken(username: str) -> AlreadyExists:
    return AlreadyExists(f"There is a user {username!r} already; `admit user show {username}` shows who it is.")
