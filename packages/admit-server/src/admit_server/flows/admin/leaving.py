"""Deleting people, clients and resources: nothing new, everything of them ends, then their rows go.

In several units each: the first keeps them from anything new, so one that is interrupted may be repeated.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from ...domain.client import Client, Resource
from ...domain.errors import InUse, NotAllowed
from ...domain.user import User
from ...ports.store import ReferenceViolation
from ...ports.transaction import Tx
from ..endings import end_everything_of_user, end_grant, end_session
from ..runtime import Caller, Runtime
from . import clients, powers, resources, users
from .built_in import refuse_resource
from .client_rules import is_built_in

REASON = "client_deleted"
# So few rows a unit that other writers wait for milliseconds only.
BATCH = 200
_Alive = Callable[[Tx, int], Awaitable[list[str]]]
_Forget = Callable[[Tx, int], Awaitable[int]]


async def delete_client(name: str, *, rt: Runtime, caller: Caller) -> tuple[Client, int]:
    """Delete a client; every grant of it ends, and with it its tokens, everywhere. The client, and how many grants ended.

    Raises:
        NotFound: There is none.
        NotAllowed: It is built in.
        InUse: A resource has its tokens introspected by it.
        ExceedsPowers: It may do more at the administration API than the caller.
    """
    client = await clients.find(name, rt=rt)
    if is_built_in(client):
        raise NotAllowed(f"The client {client.id} is built in and stays.")
    powers.over_client(client, rt=rt, caller=caller)
    await _refuse_if_needed(client, rt=rt)
    deleted = rt.event("client.deleted", client.id, actor=caller.actor, caller=caller, now=rt.clock())

    async def refuse(tx: Tx) -> None:
        await tx.clients.disable(client.id, at=rt.clock())

    async def alive(tx: Tx, now: int) -> list[str]:
        return await tx.grants.alive_of_client(client.id, limit=BATCH, now=now)

    async def forget(tx: Tx, now: int) -> int:
        return await tx.grants.forget_of_client(client.id, limit=BATCH, now=now)

    await rt.store.write(refuse)
    ended = 0
    while True:
        ended += await _end_all(alive, forget, reason=REASON, rt=rt)

        async def remove(tx: Tx, told: int = ended) -> None:
            if await tx.clients.remove(client.id):
                await tx.audit.append(replace(deleted, details={"name": client.name, "ended": told}))

        try:
            await rt.store.write(remove)
            return client, ended
        except ReferenceViolation:
            # A sign-in that was under way has made a grant meanwhile, or somebody a resource.
            await _refuse_if_needed(client, rt=rt)


async def delete_user(name: str, *, rt: Runtime, caller: Caller) -> tuple[User, int]:
    """Delete an account; every session and grant of it ends, everywhere. The account as it was, and how many ended.

    What the audit log and kept refusals tell of its id stays.

    Raises:
        NotFound: There is none.
        ExceedsPowers: Somebody who may more than the caller.
    """
    user, nonce = await users.find(name, rt=rt), rt.nonce()
    deleted = rt.event("user.deleted", user.id, actor=caller.actor, caller=caller, now=rt.clock())

    async def refuse(tx: Tx) -> int:
        await powers.over_user(tx, user, caller=caller)
        now = rt.clock()
        await tx.users.set_disabled(user.id, at=now, now=now)
        return await end_everything_of_user(tx, user.id, reason="user_deleted", nonce=nonce, now=now)

    async def forget(tx: Tx, now: int) -> int:
        gone = await tx.grants.forget_of_user(user.id, limit=BATCH, now=now)
        return gone or await tx.sessions.forget_of_user(user.id, limit=BATCH, now=now)

    async def alive(tx: Tx, now: int) -> list[str]:
        return await tx.grants.alive_of_user(user.id, now=now)

    ended = await rt.store.write(refuse)
    rt.on_revocation()
    while True:
        ended += await _end_all(alive, forget, reason="user_deleted", rt=rt)

        async def remove(tx: Tx, told: int = ended) -> None:
            if await tx.users.remove(user.id):
                await tx.audit.append(replace(deleted, details={"username": user.username, "ended": told}))

        try:
            await rt.store.write(remove)
            return user, ended
        except ReferenceViolation:
            continue  # a sign-in that was under way has made a session meanwhile


async def delete_resource(audience: str, *, rt: Runtime, caller: Caller) -> tuple[Resource, int]:
    """Delete a resource; every grant for it ends. The resource, and how many grants ended.

    Raises:
        NotFound: There is none.
        NotAllowed: It is the administration API.
        InUse: A client may ask for tokens for it.
    """
    refuse_resource(audience, rt=rt)
    resource = await resources.find(audience, rt=rt)
    event = rt.event("resource.deleted", audience, actor=caller.actor, caller=caller, now=rt.clock())

    async def remove(tx: Tx) -> None:
        if using := await _clients_for(tx, audience):
            raise InUse(f"{', '.join(using)} may ask for tokens for {audience}; take it from their audiences first.")
        if await tx.resources.remove(audience):
            await tx.audit.append(event)

    async def alive(tx: Tx, now: int) -> list[str]:
        return await tx.grants.alive_for(audience, limit=BATCH, now=now)

    async def forget(tx: Tx, now: int) -> int:
        return 0

    await rt.store.write(remove)
    return resource, await _end_all(alive, forget, reason="resource_deleted", rt=rt)


async def _clients_for(tx: Tx, audience: str) -> list[str]:
    found: list[str] = []
    after = ""
    while page := await tx.clients.page(after=after, limit=BATCH):
        found += [client.name for client in page if audience in client.audiences]
        after = page[-1].name
    return found[:5]


async def _refuse_if_needed(client: Client, *, rt: Runtime) -> None:
    if reading := await rt.store.read.resources.by_client(client.id):
        audiences = ", ".join(resource.audience for resource in reading)
        raise InUse(
            f"Client {client.name!r} introspects the tokens of {audiences}; without it they could not be used any more, so it stays."
        )


async def _end_all(alive: _Alive, forget: _Forget, *, reason: str, rt: Runtime) -> int:
    ended = 0
    while True:
        now, nonce = rt.clock(), rt.nonce()

        async def end_some(tx: Tx, now: int = now, nonce: str = nonce) -> int:
            some = await alive(tx, now)
            for grant_id in some:
                grant = await tx.grants.get(grant_id)
                await end_grant(tx, grant_id, reason=reason, nonce=nonce, now=now)
                session = await tx.sessions.get(grant.session_id) if grant and grant.session_id else None
                if session is not None and not session.in_browser:
                    await end_session(tx, session.id, reason=reason, nonce=nonce, now=now)
            return len(some)

        async def forget_some(tx: Tx, now: int = now) -> int:
            return await forget(tx, now)

        some = await rt.store.write(end_some)
        ended += some
        rt.on_revocation()
        if not some and not await rt.store.write(forget_some):
            return ended
