"""Grants: what was allowed to whom. Ending one ends every token of it."""

from dataclasses import dataclass

from ...domain.errors import NotFound
from ...domain.grant import Grant
from ...ports.transaction import Tx
from ..revoke import end_grant_of_client
from ..runtime import Caller, Runtime
from . import clients, users

REASON = "ended_by_administrator"


@dataclass(frozen=True, slots=True)
class ListedGrant:
    """A grant, and the names behind its ids. None: a client's own, or somebody who is gone."""

    grant: Grant
    username: str | None
    client_name: str | None


async def page(
    *, user: str | None, client: str | None, after: str = "", limit: int = 200, rt: Runtime
) -> list[ListedGrant]:
    """Living grants in the order of their ids: of a person, of a client (id or name), or of all.

    Raises:
        NotFound: No such user or client.
    """
    owner = await users.find(user, rt=rt) if user is not None else None
    app = await clients.find(client, rt=rt) if client is not None else None
    now = rt.clock()

    async def look(tx: Tx) -> list[ListedGrant]:
        found = await tx.grants.page(
            user_id=owner.id if owner else None,
            client_id=app.id if app else None,
            alive_at=now,
            after=after,
            limit=max(1, min(limit, 200)),
        )
        return [await _listed(tx, grant) for grant in found]

    return await rt.store.view(look)


async def show(grant_id: str, *, rt: Runtime) -> ListedGrant:
    """One grant, alive or ended.

    Raises:
        NotFound: There is none, or it ended long ago.
    """
    grant = await rt.store.read.grants.get(grant_id)
    if grant is None:
        raise NotFound(f"There is no grant {grant_id[:64]!r}; `admit token list` shows those that are alive.")
    return await _listed(rt.store.read, grant)


async def end(grant_id: str, *, rt: Runtime, caller: Caller) -> bool:
    """End a grant and every token of it. False when it had ended before.

    Raises:
        NotFound: There is none.
    """
    await show(grant_id, rt=rt)
    return await end_grant_of_client(grant_id, actor=caller.actor, reason=REASON, rt=rt, caller=caller)


async def _listed(tx: Tx, grant: Grant) -> ListedGrant:
    user = await tx.users.get(grant.user_id) if grant.user_id is not None else None
    client = await tx.clients.get(grant.client_id)
    return ListedGrant(grant, user.username if user else None, client.name if client else None)
