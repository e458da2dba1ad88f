"""Applications: add, find, list."""

import re
from dataclasses import dataclass, field

from ...domain import ids
from ...domain.client import Client, ClientKind, check_grant_types
from ...domain.errors import AlreadyExists, NotAllowed, NotFound
from ...domain.redirect_uris import check_redirect_uri, is_page, origin_of
from ...domain.scopes import OPENID, format_scope
from ...domain.token_policy import BROWSER_NAME
from ...ports.store import UniqueViolation
from ...ports.transaction import Tx
from ...tokens import opaque
from ..runtime import Caller, Runtime
from . import policies
from .paging import LARGEST_PAGE, Page, page_of

NAME_MAX = 100
_CHOSEN_ID = re.compile(r"[A-Za-z0-9._~-]{1,64}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewClient:
    """What an administrator says of a new client. None: as fits the rest (see `default_grant_types`, `_scopes`).

    Attributes:
        client_id: Chosen by the administrator; None draws one.
        audiences: Resources that it may ask tokens for.
        scopes: At most those of its audiences, and `openid profile email`.
        default_policy: Where no policy is named: whether pages in a browser have the built-in one.
    """

    name: str
    client_id: str | None = None
    kind: ClientKind = "confidential"
    first_party: bool = False
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    grant_types: frozenset[str] | None = None
    scopes: frozenset[str] | None = None
    audiences: tuple[str, ...] = ()
    policy: str | None = None
    default_policy: bool = True
    pkce_required: bool = True


@dataclass(frozen=True, slots=True)
class AddedClient:
    """The client, and its secret: shown once, stored as a digest only. None for a public one."""

    client: Client
    secret: str | None = field(repr=False)


async def add(new: NewClient, *, rt: Runtime, caller: Caller) -> AddedClient:
    """Make a client.

    Raises:
        NotAllowed: A value that the rules of the domain forbid.
        NotFound: A resource or the policy does not exist.
        AlreadyExists: The name or the id is taken.
    """
    name, kind = _check_name(new.name), new.kind
    client_id = _check_id(new.client_id) if new.client_id is not None else rt.new_id("cli")
    policy = new.policy if new.policy is not None else default_policy(new)
    if kind == "public" and not new.pkce_required:
        # RFC 9700 section 2.1.1: public clients MUST use PKCE.
        raise NotAllowed("PKCE can be switched off for confidential clients only.")
    grant_types = new.grant_types if new.grant_types is not None else default_grant_types(new)
    check_grant_types(grant_types, kind=kind)
    redirect_uris = tuple(dict.fromkeys(check_redirect_uri(uri) for uri in new.redirect_uris))
    after_logout = tuple(dict.fromkeys(check_redirect_uri(uri) for uri in new.post_logout_redirect_uris))
    audiences = tuple(dict.fromkeys(new.audiences))
    secret = opaque.mint("cs", rt.entropy(opaque.SECRET_BYTES)) if kind == "confidential" else None
    now = rt.clock()
    origins = frozenset(origin for uri in redirect_uris if (origin := origin_of(uri)) is not None)
    event = rt.event(
        "client.added",
        client_id,
        actor=caller.actor,
        caller=caller,
        now=now,
        details={"name": name, "kind": kind, "first_party": new.first_party},
    )

    async def unit(tx: Tx) -> Client:
        await _refuse_taken(tx, client_id=client_id, name=name)
        if policy is not None:
            await policies.require(tx, policy)
        client = Client(
            id=client_id,
            name=name,
            kind=kind,
            first_party=new.first_party,
            secret_digest=opaque.digest(secret) if secret is not None else None,
            redirect_uris=redirect_uris,
            post_logout_redirect_uris=after_logout,
            grant_types=grant_types,
            scopes=await _scopes(tx, new.scopes, audiences=audiences, grant_types=grant_types),
            audiences=audiences,
            pkce_required=new.pkce_required,
            policy=policy,
            created_at=now,
        )
        await tx.clients.add(client, origins=origins)
        await tx.audit.append(event)
        return client

    try:
        return AddedClient(await rt.store.write(unit), secret)
    except UniqueViolation:
        raise AlreadyExists(f"There is a client {name!r} or {client_id!r} already; take another name.") from None


async def find(name_or_id: str, *, rt: Runtime) -> Client:
    """The client of that id or name.

    Raises:
        NotFound: There is none.
    """
    clients = rt.store.read.clients
    client = await clients.get(name_or_id) or await clients.by_name(name_or_id)
    if client is None:
        raise NotFound(f"There is no client {name_or_id!r}; `admit client list` shows all.")
    return client


async def page(*, after: str = "", limit: int = LARGEST_PAGE, rt: Runtime) -> Page[Client]:
    """Clients in the order of their names."""
    found = await rt.store.read.clients.page(after=after, limit=limit)
    return page_of(found, limit=limit, last_key=found[-1].name if found else "")


def default_grant_types(new: NewClient) -> frozenset[str]:
    """Where people sign in: codes and refresh tokens. A service with nothing but its secret: its own credentials."""
    if new.kind == "public" or new.first_party or new.redirect_uris:
        return frozenset({"authorization_code", "refresh_token"})
    return frozenset({"client_credentials"})


def default_policy(new: NewClient) -> str | None:
    """The built-in policy, for a client that is nothing but pages in browsers; None for all others."""
    only_pages = bool(new.redirect_uris) and all(is_page(uri) for uri in new.redirect_uris)
    return BROWSER_NAME if new.default_policy and new.kind == "public" and only_pages else None


def remarks(client: Client) -> tuple[str, ...]:
    """What a client, though allowed, can't be used for as it is."""
    found: list[str] = []
    signs_in = "authorization_code" in client.grant_types
    if signs_in and not client.redirect_uris and not client.first_party:
        found.append("It has no redirect URI, so nobody can sign in with it in a browser (--redirect-uri).")
    if signs_in and not client.audiences:
        found.append("It has no audience, so it can get no access token (--audience).")
    if client.policy == BROWSER_NAME:
        found.append(
            "Its tickets end when its page stops renewing its lease (policy browser); admit-browser renews it. For another app: "
            "--no-policy."
        )
    return tuple(found)


async def _scopes(
    tx: Tx, chosen: frozenset[str] | None, *, audiences: tuple[str, ...], grant_types: frozenset[str]
) -> frozenset[str]:
    available: frozenset[str] = frozenset()
    for audience in audiences:
        resource = await tx.resources.get(audience)
        if resource is None:
            raise NotFound(f"There is no resource {audience!r}; add it first with `admit resource add {audience}`.")
        available |= frozenset(resource.scopes)
    if chosen is None:
        return available | OPENID if "authorization_code" in grant_types else available
    if unknown := chosen - available - OPENID:
        where = f"the audiences {', '.join(audiences)}" if audiences else "any audience: name one with --audience"
        raise NotAllowed(f"Not among the scopes of {where}: {format_scope(unknown)}.")
    return chosen


async def _refuse_taken(tx: Tx, *, client_id: str, name: str) -> None:
    # Commands take the id or the name, so neither may be another client's other one.
    for text in (name, client_id):
        other = await tx.clients.get(text) or await tx.clients.by_name(text)
        if other is not None:
            raise AlreadyExists(
                f"There is a client {text!r} already; `admit client show {text}` shows it. Take another name or id."
            )


def _check_name(name: str) -> str:
    text = name.strip()
    if not 1 <= len(text) <= NAME_MAX or not text.isprintable():
        raise NotAllowed(f"A client's name has 1 to {NAME_MAX} printable characters; people see it when they sign in.")
    return text


def _check_id(client_id: str) -> str:
    if not _CHOSEN_ID.match(client_id):
        raise NotAllowed(f"A client id has 1 to 64 characters of A-Z a-z 0-9 . _ ~ -, not {client_id!r}.")
    # RFC 9700 section 4.15: a client id must never be mistaken for the subject of a person's token.
    if ids.looks_like("usr", client_id):
        raise NotAllowed("This client id has the shape of a user's id; take another one.")
    return client_id
