"""What every installation has: the API as a resource, the role admin, and the client of tokens issued by hand."""

from dataclasses import replace

from ...domain.administration import ADMIN_CLIENT, ADMIN_ROLE, ALL, API_SCOPES, api_audience
from ...domain.client import Client, Resource
from ...domain.errors import NotAllowed
from ...ports.roles import Role
from ...ports.store import UniqueViolation
from ...ports.transaction import Tx
from ..runtime import Caller, Runtime

CLIENT_NAME = "Administration by hand"


async def ensure(rt: Runtime) -> None:
    """Make what is missing, and correct what an older version or another issuer left. Writes nothing where all is as it should be."""
    read, now, audience = rt.store.read, rt.clock(), api_audience(rt.issuer)
    resource = Resource(
        audience=audience, scopes=API_SCOPES, format="opaque", policy=None, client_id=None, created_at=now
    )
    role = Role(name=ADMIN_ROLE, scopes=ALL, policy=None, created_at=now)
    client = Client(
        id=ADMIN_CLIENT,
        name=CLIENT_NAME,
        kind="confidential",
        first_party=True,
        secret_digest=None,
        redirect_uris=(),
        post_logout_redirect_uris=(),
        grant_types=frozenset(),
        scopes=ALL,
        audiences=(audience,),
        pkce_required=True,
        policy=None,
        created_at=now,
    )
    found = (await read.resources.get(audience), await read.roles.get(ADMIN_ROLE), await read.clients.get(ADMIN_CLIENT))
    if (
        found[0] is not None
        and found[0].scopes == API_SCOPES
        and found[0].format == "opaque"
        and found[1] is not None
        and found[1].scopes == ALL
        and found[2] is not None
        and (found[2].scopes, found[2].audiences) == (ALL, client.audiences)
    ):
        return
    event = rt.event("built_in.made", audience, actor="server", caller=Caller(), now=now)

    async def unit(tx: Tx) -> None:
        if (old := await tx.resources.get(audience)) is None:
            await tx.resources.add(resource)
        else:
            await tx.resources.update(replace(old, scopes=API_SCOPES, format="opaque"))
        if (had := await tx.roles.get(ADMIN_ROLE)) is None:
            await tx.roles.add(role)
        else:
            await tx.roles.update(replace(had, scopes=ALL))
        if (was := await tx.clients.get(ADMIN_CLIENT)) is None:
            await tx.clients.add(client, origins=frozenset())
        else:
            for former in frozenset(was.audiences) - {audience}:
                await tx.resources.remove(former)  # the server had another address
            await tx.clients.update(replace(was, scopes=ALL, audiences=(audience,)), origins=frozenset())
        await tx.audit.append(event)

    try:
        await rt.store.write(unit)
    except UniqueViolation:
        pass  # another process makes them at this very moment


def refuse_resource(audience: str, *, rt: Runtime) -> None:
    """Raises:
    NotAllowed: It is the administration API.
    """
    if audience == api_audience(rt.issuer):
        raise NotAllowed(f"{audience} is the administration API: it is built in and stays as it is.")
