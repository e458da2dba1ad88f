"""Resources at the API."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from ...domain.client import Resource
from ...domain.errors import AlreadyExists, InUse, NotAllowed, NotFound
from ...domain.transaction import TransactionType
from ...flows.admin import leaving, resources
from ...flows.admin.resource_rules import MOST_SCOPES
from . import pages
from .fields import Audience, PolicyName, Reference, Scope
from .operations import Call, Ended, Nothing, Operation, Paged, Thing, Wire, keep

ScopeText = Annotated[str, Meta(max_length=200, description="What people are asked to agree to.")]
ScopeTexts = Annotated[dict[Scope, ScopeText], Meta(max_length=MOST_SCOPES)]


class TransactionOut(Wire):
    """What people approve one by one: the action that the ticket is for, and the text that they read."""

    action: Annotated[str, Meta(min_length=1, max_length=200)]
    text: Annotated[str, Meta(min_length=1, max_length=500)]


Transactions = Annotated[
    dict[Annotated[str, Meta(min_length=1, max_length=64)], TransactionOut], Meta(max_length=MOST_SCOPES)
]


class NewResourceIn(Wire):
    """An API or a site that tokens are for. `client`: who may introspect its tokens."""

    audience: Audience
    scopes: ScopeTexts = msgspec.field(default_factory=dict)
    format: Literal["jwt", "opaque"] = "jwt"
    policy: PolicyName | None = None
    client: Reference | None = None
    verifier: Literal["admit"] | None = None
    transactions: Transactions = msgspec.field(default_factory=dict)
    personal_tokens: bool = False


class ResourceChangeIn(Wire):
    """What to change, for grants from now on; scopes and transactions as they are to be, null takes away."""

    scopes: ScopeTexts | UnsetType = UNSET
    format: Literal["jwt", "opaque"] | UnsetType = UNSET
    policy: PolicyName | UnsetType | None = UNSET
    client: Reference | UnsetType | None = UNSET
    verifier: Literal["admit"] | UnsetType | None = UNSET
    transactions: Transactions | UnsetType = UNSET
    personal_tokens: bool | UnsetType = UNSET


class ResourceOut(Thing):
    """An API or a site. `client_id`: who may introspect its tokens."""

    audience: str
    scopes: dict[str, str]
    format: str
    policy: str | None
    client_id: str | None
    verifier: str | None
    transactions: dict[str, TransactionOut]
    personal_tokens: bool
    created_at: int


class ResourcePage(Wire):
    """Resources in the order of their audiences."""

    items: list[ResourceOut]
    next: str | None


def _shown(resource: Resource) -> ResourceOut:
    return ResourceOut(
        audience=resource.audience,
        scopes=resource.scopes,
        format=resource.format,
        policy=resource.policy,
        client_id=resource.client_id,
        verifier=resource.verifier,
        transactions={
            name: TransactionOut(action=each.action, text=each.text) for name, each in resource.transactions.items()
        },
        personal_tokens=resource.personal_tokens,
        created_at=resource.created_at,
    )


def _types(given: dict[str, TransactionOut]) -> dict[str, TransactionType]:
    return {name: TransactionType(action=each.action, text=each.text) for name, each in given.items()}


async def _list(call: Call[None, Paged]) -> ResourcePage:
    page = await resources.page(after=pages.after(call.query), limit=call.query.limit, rt=call.rt)
    return ResourcePage(items=[_shown(resource) for resource in page.items], next=pages.cursor(page.next_after))


async def _show(call: Call[None, Nothing]) -> ResourceOut:
    return _shown(await resources.find(call.path["audience"], rt=call.rt))


async def _add(call: Call[NewResourceIn, Nothing]) -> ResourceOut:
    body = call.body
    new = resources.NewResource(
        audience=body.audience,
        scopes=body.scopes,
        format=body.format,
        policy=body.policy,
        client=body.client,
        verifier=body.verifier,
        transactions=_types(body.transactions),
        personal_tokens=body.personal_tokens,
    )
    return _shown(await resources.add(new, rt=call.rt, caller=call.caller))


async def _update(call: Call[ResourceChangeIn, Nothing]) -> ResourceOut:
    body = call.body
    found = await resources.find(call.path["audience"], rt=call.rt)
    wanted = _shown(found).transactions if isinstance(body.transactions, UnsetType) else body.transactions
    change = resources.ResourceChange(
        scopes=keep(body.scopes),
        format=keep(body.format),
        policy=keep(body.policy),
        client=keep(body.client),
        verifier=keep(body.verifier),
        transactions=_types(wanted),
        personal_tokens=keep(body.personal_tokens),
        drop_transactions=tuple(sorted(found.transactions.keys() - wanted.keys())),
    )
    return _shown(await resources.update(call.path["audience"], change, rt=call.rt, caller=call.caller))


async def _delete(call: Call[None, Nothing]) -> Ended:
    _, ended = await leaving.delete_resource(call.path["audience"], rt=call.rt, caller=call.caller)
    return Ended(changed=True, ended=ended)


_READ, _WRITE = "resources:read", "resources:write"
OPERATIONS = (
    Operation(
        id="resources_list",
        method="GET",
        path="/resources",
        scope=_READ,
        summary="List APIs and sites that tokens are for.",
        query=Paged,
        does=_list,
        answer=ResourcePage,
    ),
    Operation(
        id="resources_add",
        method="POST",
        path="/resources",
        scope=_WRITE,
        summary="Add an API or a site.",
        body=NewResourceIn,
        does=_add,
        answer=ResourceOut,
        created=True,
        changes=True,
        errors=(AlreadyExists, NotAllowed, NotFound),
        example={"audience": "https://api.example.com", "scopes": {"orders:read": "See your orders"}},
        gives={"audience": "/audience"},
    ),
    Operation(
        id="resources_show",
        method="GET",
        path="/resources/{audience}",
        scope=_READ,
        summary="Show a resource; its audience is URL-encoded, with every slash.",
        does=_show,
        answer=ResourceOut,
        errors=(NotFound,),
    ),
    Operation(
        id="resources_update",
        method="PATCH",
        path="/resources/{audience}",
        scope=_WRITE,
        summary="Change a resource, for grants from now on.",
        body=ResourceChangeIn,
        does=_update,
        of=_show,
        answer=ResourceOut,
        changes=True,
        errors=(NotFound, NotAllowed),
        example={"format": "opaque"},
    ),
    Operation(
        id="resources_delete",
        method="DELETE",
        path="/resources/{audience}",
        scope=_WRITE,
        summary="Delete a resource that no client may ask tokens for; what was granted for it ends at once.",
        does=_delete,
        of=_show,
        long=True,
        answer=Ended,
        changes=True,
        errors=(NotFound, NotAllowed, InUse),
    ),
)
