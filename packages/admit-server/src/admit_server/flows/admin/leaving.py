"""Deleting a client: nothing new, everything of it ends, then its rows go."""

from dataclasses import replace

from ...domain.client import Client
from ...domain.errors import NotAllowed
from ...ports.store import ReferenceViolation
from ...ports.transaction import Tx
from ..endings import end_grant, end_session
from ..runtime import Caller, Runtime
from . import built_in, clients

REASON = "client_deleted"
# So few rows a unit that other writers wait for milliseconds only.
BATCH = 200


async def delete_client(name: str, *, rt: Runtime, caller: Caller) -> tuple[Client, int]:
    """Delete a client; every grant of it ends, and with it its tokens, everywhere. The client, and how many grants ended.

    In several units: the first one keeps it from anything new, so one that is interrupted may be repeated.

    Raises:
        NotFound: There is none.
        NotAllowed: A resource has its tokens introspected by it.
    """
    client = await clients.find(name, rt=rt)
    built_in.refuse_client(client)
    await _refuse_if_needed(client, rt=rt)
    deleted = rt.event("client.deleted", client.id, actor=caller.actor, caller=caller, now=rt.clock())

    async def refuse(tx: Tx) -> None:
        await tx.clients.disable(client.id, at=rt.clock())

    await rt.store.write(refuse)
    ended = 0
    while True:
        ended += await _end_all(client, rt=rt)

        async def remove(tx: Tx, told: int = ended) -> None:
            if await tx.clients.remove(client.id):
                await tx.audit.append(replace(deleted, details={"name": client.name, "ended": told}))

        try:
            await rt.store.write(remove)
            return client, ended
        except ReferenceViolation:
            # A sign-in that was under way has made a grant meanwhile, or somebody a resource.
            await _refuse_if_needed(client, rt=rt)


async def _refuse_if_needed(client: Client, *, rt: Runtime) -> None:
    if reading := await rt.store.read.resources.by_client(client.id):
        audiences = ", ".join(resource.audience for resource in reading)
        raise NotAllowed(
            f"Client {client.name!r} introspects the tokens of {audiences}; without it they could not be used any more, so it stays."
        )


async def _end_all(client: Client, *, rt: Runtime) -> int:
    ended = 0
    while True:
        now, nonce = rt.clock(), rt.nonce()

        async def end_some(tx: Tx, now: int = now, nonce: str = nonce) -> int:
            alive = await tx.grants.alive_of_client(client.id, limit=BATCH, now=now)
            for grant_id in alive:
                grant = await tx.grants.get(grant_id)
                await end_grant(tx, grant_id, reason=REASON, nonce=nonce, now=now)
                session = await tx.sessions.get(grant.session_id) if grant and grant.session_id else None
                if session is not None and not session.in_browser:
                    await end_session(tx, session.id, reason=REASON, nonce=nonce, now=now)
            return len(alive)

        async def forget_some(tx: Tx, now: int = now) -> int:
            return await tx.grants.forget_of_client(client.id, limit=BATCH, now=now)

        some = await rt.store.write(end_some)
        ended += some
        rt.on_revocation()
        if not some and not await rt.store.write(forget_some):
            return ended
