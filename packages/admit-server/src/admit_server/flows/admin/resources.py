"""Resources: the APIs and sites that tokens are for."""

from dataclasses import dataclass, field, replace

from ...domain.client import Client, Resource, TokenFormat, Verifier
from ...domain.errors import AlreadyExists, NotAllowed, NotFound
from ...domain.transaction import TransactionType
from ...ports.store import UniqueViolation
from ...ports.transaction import Tx
from ..runtime import Caller, Runtime
from . import clients, policies
from .built_in import refuse_resource
from .changing import KEEP, Keep, chosen
from .paging import LARGEST_PAGE, Page, page_of
from .resource_rules import check_audience, check_scopes, check_transactions


@dataclass(frozen=True, slots=True, kw_only=True)
class NewResource:
    """What an administrator says of a new resource. `client`: id or name of the client that may introspect its tokens."""

    audience: str
    scopes: dict[str, str] = field(default_factory=dict)
    format: TokenFormat = "jwt"
    policy: str | None = None
    client: str | None = None
    verifier: Verifier | None = None
    transactions: dict[str, TransactionType] = field(default_factory=dict)
    personal_tokens: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceChange:
    """What to change of a resource; the rest stays. `client`: id or name. `transactions` are added or replaced."""

    scopes: dict[str, str] | Keep = KEEP
    format: TokenFormat | Keep = KEEP
    policy: str | Keep | None = KEEP
    client: str | Keep | None = KEEP
    verifier: Verifier | Keep | None = KEEP
    transactions: dict[str, TransactionType] = field(default_factory=dict)
    drop_transactions: tuple[str, ...] = ()
    personal_tokens: bool | Keep = KEEP


async def add(new: NewResource, *, rt: Runtime, caller: Caller) -> Resource:
    """Make a resource.

    Raises:
        NotAllowed: A value that the rules of the domain forbid.
        NotFound: The policy or the client does not exist.
        AlreadyExists: The audience is taken.
    """
    audience, scopes = check_audience(new.audience), check_scopes(new.scopes)
    if new.format not in ("jwt", "opaque"):
        raise NotAllowed(f"A token's format is jwt or opaque, not {new.format!r}.")
    reader = await _reader(new.client, rt=rt) if new.client is not None else None
    now = rt.clock()
    resource = Resource(
        audience=audience,
        scopes=scopes,
        format=new.format,
        policy=new.policy,
        client_id=reader.id if reader else None,
        created_at=now,
        verifier=new.verifier,
        transactions=check_transactions(new.transactions),
        personal_tokens=new.personal_tokens,
    )
    event = rt.event(
        "resource.added", audience, actor=caller.actor, caller=caller, now=now, details={"format": new.format}
    )

    async def unit(tx: Tx) -> None:
        if new.policy is not None:
            await policies.require(tx, new.policy)
        await tx.resources.add(resource)
        await tx.audit.append(event)

    try:
        await rt.store.write(unit)
    except UniqueViolation:
        raise AlreadyExists(
            f"There is a resource {audience!r} already; `admit resource show {audience}` shows it, and `admit resource update` changes it."
        ) from None
    return resource


async def update(audience: str, change: ResourceChange, *, rt: Runtime, caller: Caller) -> Resource:
    """Change a resource, for grants from now on. Of the administration API only the policy.

    Raises:
        NotAllowed: A value that the rules of the domain forbid.
        NotFound: The resource, the policy or the client does not exist.
    """
    if change != ResourceChange(policy=change.policy):
        refuse_resource(audience, rt=rt)
    if isinstance(change.scopes, dict):
        check_scopes(change.scopes)
    check_transactions(change.transactions)
    if change.format not in (KEEP, "jwt", "opaque"):
        raise NotAllowed(f"A token's format is jwt or opaque, not {change.format!r}.")
    reader = await _reader(change.client, rt=rt) if isinstance(change.client, str) else change.client
    event = rt.event("resource.updated", audience, actor=caller.actor, caller=caller, now=rt.clock())

    async def unit(tx: Tx) -> Resource:
        found = await require(tx, audience)
        changed = replace(
            found,
            scopes=chosen(change.scopes, found.scopes),
            policy=chosen(change.policy, found.policy),
            format=chosen(change.format, found.format),
            verifier=chosen(change.verifier, found.verifier),
            client_id=reader.id if isinstance(reader, Client) else chosen(reader, found.client_id),
            transactions=_transactions(found, change),
            personal_tokens=chosen(change.personal_tokens, found.personal_tokens),
        )
        if changed.policy is not None:
            await policies.require(tx, changed.policy)
        await tx.resources.update(changed)
        await tx.audit.append(replace(event, details=_details(changed)))
        return changed

    return await rt.store.write(unit)


async def find(audience: str, *, rt: Runtime) -> Resource:
    """The resource of that audience.

    Raises:
        NotFound: There is none.
    """
    return await require(rt.store.read, audience)


async def page(*, after: str = "", limit: int = LARGEST_PAGE, rt: Runtime) -> Page[Resource]:
    """Resources in the order of their audiences."""
    found = await rt.store.read.resources.page(after=after, limit=limit)
    return page_of(found, limit=limit, last_key=found[-1].audience if found else "")


async def require(tx: Tx, audience: str) -> Resource:
    """The resource that somebody refers to.

    Raises:
        NotFound: There is none.
    """
    resource = await tx.resources.get(audience)
    if resource is None:
        raise NotFound(f"There is no resource {audience!r}; add it with `admit resource add {audience}`.")
    return resource


async def _reader(name: str, *, rt: Runtime) -> Client:
    reader = await clients.find(name, rt=rt)
    if reader.secret_digest is None:
        raise NotAllowed(
            f"Client {reader.name!r} has no secret, so it can't prove itself at /introspect; name another."
        )
    return reader


def _details(resource: Resource) -> dict[str, str | int | bool | None]:
    return {
        "policy": resource.policy or "",
        "format": resource.format,
        "verifier": resource.verifier or "",
        "scopes": " ".join(sorted(resource.scopes)),
        "client": resource.client_id or "",
        "transactions": " ".join(sorted(resource.transactions)),
        "personal_tokens": resource.personal_tokens,
    }


def _transactions(found: Resource, change: ResourceChange) -> dict[str, TransactionType]:
    types = found.transactions | change.transactions
    for name in change.drop_transactions:
        if name not in found.transactions:
            raise NotFound(f"The resource {found.audience} has no transaction {name!r}.")
        del types[name]
    return check_transactions(types)
