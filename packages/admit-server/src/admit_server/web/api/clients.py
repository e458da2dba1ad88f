"""Clients at the API."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from ...domain.client import Client
from ...domain.errors import AlreadyExists, ExceedsPowers, InUse, NotAllowed, NotFound
from ...flows.admin import clients, leaving
from ...flows.admin.changing import KEEP, Keep
from . import pages
from .fields import Audience, ClientName, PolicyName, Scopes, Uris
from .operations import Call, Ended, Nothing, Operation, Paged, Thing, Wire, keep

ClientId = Annotated[str, Meta(pattern="^[A-Za-z0-9._~-]{1,64}$", description="Default: one is drawn.")]
GrantType = Annotated[str, Meta(min_length=1, max_length=100, examples=["authorization_code"])]
GrantTypes = Annotated[tuple[GrantType, ...], Meta(max_length=20)]
Audiences = Annotated[tuple[Audience, ...], Meta(max_length=50)]
Overlap = Annotated[
    int, Meta(ge=0, le=clients.MOST_OVERLAP_S, description="The old secret passes for so many seconds more.")
]


class NewClientIn(Wire):
    """An application. Without `grant_types` and `scopes` it gets what fits the rest."""

    name: ClientName
    client_id: ClientId | None = None
    kind: Literal["public", "confidential"] = "confidential"
    first_party: bool = False
    redirect_uris: Uris = ()
    post_logout_redirect_uris: Uris = ()
    grant_types: GrantTypes | None = None
    scopes: Scopes | None = None
    audiences: Audiences = ()
    policy: PolicyName | None = None
    pkce_required: bool = True


class ClientChangeIn(Wire):
    """What to change, for sign-ins from now on; lists as they are to be. Scopes that the audiences do not have fall away."""

    name: ClientName | UnsetType = UNSET
    first_party: bool | UnsetType = UNSET
    redirect_uris: Uris | UnsetType = UNSET
    post_logout_redirect_uris: Uris | UnsetType = UNSET
    grant_types: GrantTypes | UnsetType = UNSET
    scopes: Scopes | UnsetType = UNSET
    audiences: Audiences | UnsetType = UNSET
    policy: PolicyName | UnsetType | None = UNSET
    pkce_required: bool | UnsetType = UNSET


class NewSecretIn(Wire):
    """How long the old secret passes beside the new one, so that nothing fails meanwhile."""

    overlap_s: Overlap = 0


class ClientOut(Thing):
    """An application."""

    client_id: str
    name: str
    kind: str
    first_party: bool
    redirect_uris: tuple[str, ...]
    post_logout_redirect_uris: tuple[str, ...]
    grant_types: list[str]
    scopes: list[str]
    audiences: tuple[str, ...]
    policy: str | None
    pkce_required: bool
    created_at: int
    disabled_at: int | None
    old_secret_until: int | None


class AddedClientOut(Wire):
    """The application and its secret, which is never shown again; null for a public one and in a dry run."""

    client: ClientOut
    client_secret: str | None


class ClientPage(Wire):
    """Applications in the order of their names."""

    items: list[ClientOut]
    next: str | None


def _shown(client: Client) -> ClientOut:
    return ClientOut(
        client_id=client.id,
        name=client.name,
        kind=client.kind,
        first_party=client.first_party,
        redirect_uris=client.redirect_uris,
        post_logout_redirect_uris=client.post_logout_redirect_uris,
        grant_types=sorted(client.grant_types),
        scopes=sorted(client.scopes),
        audiences=client.audiences,
        policy=client.policy,
        pkce_required=client.pkce_required,
        created_at=client.created_at,
        disabled_at=client.disabled_at,
        old_secret_until=client.old_secret_until,
    )


def _set(values: tuple[str, ...] | UnsetType) -> frozenset[str] | Keep:
    return KEEP if isinstance(values, UnsetType) else frozenset(values)


async def _list(call: Call[None, Paged]) -> ClientPage:
    page = await clients.page(after=pages.after(call.query), limit=call.query.limit, rt=call.rt)
    return ClientPage(items=[_shown(client) for client in page.items], next=pages.cursor(page.next_after))


async def _show(call: Call[None, Nothing]) -> ClientOut:
    return _shown(await clients.find(call.path["client"], rt=call.rt))


async def _add(call: Call[NewClientIn, Nothing]) -> AddedClientOut:
    body = call.body
    new = clients.NewClient(
        name=body.name,
        client_id=body.client_id,
        kind=body.kind,
        first_party=body.first_party,
        redirect_uris=body.redirect_uris,
        post_logout_redirect_uris=body.post_logout_redirect_uris,
        grant_types=frozenset(body.grant_types) if body.grant_types is not None else None,
        scopes=frozenset(body.scopes) if body.scopes is not None else None,
        audiences=body.audiences,
        policy=body.policy,
        pkce_required=body.pkce_required,
    )
    added = await clients.add(new, rt=call.rt, caller=call.caller)
    return AddedClientOut(client=_shown(added.client), client_secret=added.secret)


async def _update(call: Call[ClientChangeIn, Nothing]) -> ClientOut:
    body = call.body
    change = clients.ClientChange(
        name=keep(body.name),
        first_party=keep(body.first_party),
        redirect_uris=keep(body.redirect_uris),
        post_logout_redirect_uris=keep(body.post_logout_redirect_uris),
        grant_types=_set(body.grant_types),
        scopes=_set(body.scopes),
        audiences=keep(body.audiences),
        policy=keep(body.policy),
        pkce_required=keep(body.pkce_required),
    )
    return _shown(await clients.update(call.path["client"], change, rt=call.rt, caller=call.caller))


async def _rotate(call: Call[NewSecretIn, Nothing]) -> AddedClientOut:
    name, overlap_s = call.path["client"], call.body.overlap_s
    done = await clients.rotate_secret(name, overlap_s=overlap_s, rt=call.rt, caller=call.caller)
    return AddedClientOut(client=_shown(done.client), client_secret=done.secret)


async def _delete(call: Call[None, Nothing]) -> Ended:
    _, ended = await leaving.delete_client(call.path["client"], rt=call.rt, caller=call.caller)
    return Ended(changed=True, ended=ended)


_READ, _WRITE = "clients:read", "clients:write"
OPERATIONS = (
    Operation(
        id="clients_list",
        method="GET",
        path="/clients",
        scope=_READ,
        summary="List applications, in the order of their names.",
        query=Paged,
        does=_list,
        answer=ClientPage,
    ),
    Operation(
        id="clients_add",
        method="POST",
        path="/clients",
        scope=_WRITE,
        summary="Add an application; its secret is shown this once.",
        body=NewClientIn,
        does=_add,
        answer=AddedClientOut,
        created=True,
        changes=True,
        errors=(AlreadyExists, NotAllowed, NotFound, ExceedsPowers),
        example={"name": "Shop", "redirect_uris": ["https://shop.example.com/cb"]},
        gives={"client": "/client/client_id"},
    ),
    Operation(
        id="clients_show",
        method="GET",
        path="/clients/{client}",
        scope=_READ,
        summary="Show an application, by its id or name.",
        does=_show,
        answer=ClientOut,
        errors=(NotFound,),
    ),
    Operation(
        id="clients_update",
        method="PATCH",
        path="/clients/{client}",
        scope=_WRITE,
        summary="Change an application, for sign-ins from now on.",
        body=ClientChangeIn,
        does=_update,
        of=_show,
        answer=ClientOut,
        changes=True,
        errors=(NotFound, NotAllowed, AlreadyExists, ExceedsPowers),
        example={"redirect_uris": ["https://shop.example.com/cb2"]},
    ),
    Operation(
        id="clients_rotate_secret",
        method="POST",
        path="/clients/{client}/secret",
        scope=_WRITE,
        summary="Give an application a new secret, shown this once.",
        body=NewSecretIn,
        body_required=False,
        does=_rotate,
        answer=AddedClientOut,
        created=True,
        changes=True,
        errors=(NotFound, NotAllowed, ExceedsPowers),
        example={"overlap_s": 3600},
    ),
    Operation(
        id="clients_delete",
        method="DELETE",
        path="/clients/{client}",
        scope=_WRITE,
        summary="Delete an application; what it was granted ends at once.",
        does=_delete,
        of=_show,
        long=True,
        answer=Ended,
        changes=True,
        errors=(NotFound, NotAllowed, InUse, ExceedsPowers),
    ),
)
