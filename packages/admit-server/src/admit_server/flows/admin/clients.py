"""Applications: add, change, find, list, and give a new secret."""

from dataclasses import dataclass, field, fields, replace

from ...domain.client import Client, ClientKind
from ...domain.errors import AlreadyExists, NotAllowed, NotFound
from ...domain.token_policy import BROWSER_NAME
from ...ports.store import UniqueViolation
from ...ports.transaction import Tx
from ...tokens import opaque
from ..runtime import Caller, Runtime
from . import powers
from .changing import KEEP, Keep
from .client_rules import (
    check,
    check_id,
    default_grant_types,
    default_policy,
    fit,
    is_built_in,
    origins_of_redirects,
    refuse_taken,
)
from .paging import LARGEST_PAGE, Page, page_of

MOST_OVERLAP_S = 30 * 86_400


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientChange:
    """What to change of a client; the rest stays. Its kind never changes: who had no secret can't be given one unseen."""

    name: str | Keep = KEEP
    first_party: bool | Keep = KEEP
    redirect_uris: tuple[str, ...] | Keep = KEEP
    post_logout_redirect_uris: tuple[str, ...] | Keep = KEEP
    grant_types: frozenset[str] | Keep = KEEP
    scopes: frozenset[str] | Keep = KEEP
    audiences: tuple[str, ...] | Keep = KEEP
    policy: str | Keep | None = KEEP
    pkce_required: bool | Keep = KEEP


async def add(new: NewClient, *, rt: Runtime, caller: Caller) -> AddedClient:
    """Make a client.

    Raises:
        NotAllowed: A value that the rules of the domain forbid.
        NotFound: A resource or the policy does not exist.
        ExceedsPowers: It could do more at the administration API than the caller.
        AlreadyExists: The name or the id is taken.
    """
    client_id = check_id(new.client_id) if new.client_id is not None else rt.new_id("cli")
    secret = opaque.mint("cs", rt.entropy(opaque.SECRET_BYTES)) if new.kind == "confidential" else None
    grant_types = (
        new.grant_types
        if new.grant_types is not None
        else default_grant_types(kind=new.kind, first_party=new.first_party, redirects=bool(new.redirect_uris))
    )
    now = rt.clock()
    draft = check(
        Client(
            id=client_id,
            name=new.name,
            kind=new.kind,
            first_party=new.first_party,
            secret_digest=opaque.digest(secret) if secret is not None else None,
            redirect_uris=new.redirect_uris,
            post_logout_redirect_uris=new.post_logout_redirect_uris,
            grant_types=grant_types,
            scopes=new.scopes or frozenset(),
            audiences=new.audiences,
            pkce_required=new.pkce_required,
            policy=new.policy
            if new.policy is not None or not new.default_policy
            else default_policy(new.kind, new.redirect_uris),
            created_at=now,
        )
    )
    event = rt.event(
        "client.added",
        client_id,
        actor=caller.actor,
        caller=caller,
        now=now,
        details={"name": draft.name, "kind": new.kind, "first_party": new.first_party},
    )

    async def unit(tx: Tx) -> Client:
        await refuse_taken(tx, client_id=client_id, name=draft.name)
        client = await fit(tx, draft, scopes=new.scopes)
        powers.over_client(client, rt=rt, caller=caller)
        await tx.clients.add(client, origins=origins_of_redirects(client))
        await tx.audit.append(event)
        return client

    try:
        return AddedClient(await rt.store.write(unit), secret)
    except UniqueViolation:
        raise AlreadyExists(f"There is a client {draft.name!r} or {client_id!r} already; take another name.") from None


async def update(name_or_id: str, change: ClientChange, *, rt: Runtime, caller: Caller) -> Client:
    """Change a client, for sign-ins from now on; grants that exist keep what they have.

    Raises:
        NotFound: There is no such client, resource or policy.
        NotAllowed: A value that the rules of the domain forbid, or the built-in client.
        ExceedsPowers: It can, or could, do more at the administration API than the caller.
        AlreadyExists: The name is taken.
    """
    known = await find(name_or_id, rt=rt)
    if is_built_in(known) and change != ClientChange(policy=change.policy):
        raise NotAllowed(f"Of the built-in client {known.id} only the policy can be changed.")
    event = rt.event("client.updated", known.id, actor=caller.actor, caller=caller, now=rt.clock())
    changes = {f.name: value for f in fields(change) if not isinstance(value := getattr(change, f.name), Keep)}

    async def unit(tx: Tx) -> Client:
        found = await tx.clients.get(known.id)
        if found is None:
            raise _no_such(name_or_id)
        powers.over_client(found, rt=rt, caller=caller)
        draft = check(replace(found, **changes))
        if draft.name != found.name:
            await refuse_taken(tx, client_id=draft.name, name=draft.name)
        client = draft
        if changes.keys() & {"scopes", "audiences", "policy"}:
            client = await fit(tx, draft, scopes=draft.scopes, drop="scopes" not in changes)
        powers.over_client(client, rt=rt, caller=caller)
        await tx.clients.update(client, origins=origins_of_redirects(client))
        told: dict[str, str | int | bool | None] = {"changed": " ".join(sorted(changes))}
        if "policy" in changes:
            told["policy"] = client.policy or ""
        await tx.audit.append(replace(event, details=told))
        return client

    try:
        return await rt.store.write(unit)
    except UniqueViolation:
        raise AlreadyExists(f"There is a client {change.name!r} already; take another name.") from None


async def rotate_secret(name_or_id: str, *, overlap_s: int = 0, rt: Runtime, caller: Caller) -> AddedClient:
    """Give a confidential client a new secret, shown once. The old one passes for `overlap_s` seconds more, so that nothing fails
    while the application is given the new one; a still older one passes no more.

    Raises:
        NotFound: There is none.
        NotAllowed: A public client, the built-in one, a longer overlap than 30 days, or another rotation was quicker.
        ExceedsPowers: It may do more at the administration API than the caller.
    """
    client = await find(name_or_id, rt=rt)
    if client.secret_digest is None:
        raise NotAllowed(f"Client {client.name!r} has no secret.")
    if not 0 <= overlap_s <= MOST_OVERLAP_S:
        raise NotAllowed(f"Two secrets pass at once for at most {MOST_OVERLAP_S // 86_400} days.")
    powers.over_client(client, rt=rt, caller=caller)
    secret, now, was = opaque.mint("cs", rt.entropy(opaque.SECRET_BYTES)), rt.clock(), client.secret_digest
    until = now + overlap_s if overlap_s else None
    event = rt.event(
        "client.secret_rotated", client.id, actor=caller.actor, caller=caller, now=now, details={"overlap_s": overlap_s}
    )

    async def unit(tx: Tx) -> None:
        if not await tx.clients.rotate_secret(client.id, was=was, becomes=opaque.digest(secret), old_until=until):
            raise NotAllowed("Somebody else gave it a new secret at the same moment; that one is good.")
        await tx.audit.append(event)

    await rt.store.write(unit)
    return AddedClient(await find(client.id, rt=rt), secret)


async def find(name_or_id: str, *, rt: Runtime) -> Client:
    """The client of that id or name.

    Raises:
        NotFound: There is none.
    """
    clients = rt.store.read.clients
    client = await clients.get(name_or_id) or await clients.by_name(name_or_id)
    if client is None:
        raise _no_such(name_or_id)
    return client


async def page(*, after: str = "", limit: int = LARGEST_PAGE, rt: Runtime) -> Page[Client]:
    """Clients in the order of their names."""
    found = await rt.store.read.clients.page(after=after, limit=limit)
    return page_of(found, limit=limit, last_key=found[-1].name if found else "")


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


def _no_such(name_or_id: str) -> NotFound:
    return NotFound(f"There is no client {name_or_id!r}; `admit client list` shows all.")
