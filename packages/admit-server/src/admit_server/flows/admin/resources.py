"""Resources: the APIs and sites that tokens are for."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from admit.limits import InvalidLimit, Limits, groups_of

from ...domain.client import Resource, TokenFormat, Verifier
from ...domain.errors import AlreadyExists, InvalidScope, NotAllowed, NotFound
from ...domain.scopes import OPENID, parse_scope
from ...domain.transaction import TransactionType
from ...ports.store import UniqueViolation
from ...ports.transaction import Tx
from ..runtime import Caller, Runtime
from . import clients, policies
from .paging import LARGEST_PAGE, Page, page_of

_AUDIENCE = re.compile(r"[\x21-\x7E]{1,500}\Z")
MOST_SCOPES = 60


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


async def add(new: NewResource, *, rt: Runtime, caller: Caller) -> Resource:
    """Make a resource.

    Raises:
        NotAllowed: A value that the rules of the domain forbid.
        NotFound: The policy or the client does not exist.
        AlreadyExists: The audience is taken.
    """
    audience, scopes = check_audience(new.audience), _check_scopes(new.scopes)
    if new.format not in ("jwt", "opaque"):
        raise NotAllowed(f"A token's format is jwt or opaque, not {new.format!r}.")
    reader = await clients.find(new.client, rt=rt) if new.client is not None else None
    if reader is not None and reader.kind == "public":
        raise NotAllowed(f"Client {reader.name!r} is public, so it can't prove itself at /introspect; name another.")
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
            f"There is a resource {audience!r} already; `admit resource show {audience}` shows it."
        ) from None
    return resource


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


def check_audience(audience: str) -> str:
    """Return the audience: an absolute URI, or a name without spaces.

    Raises:
        NotAllowed: White space, characters outside ASCII, over 500 characters, or a URI that RFC 8707 section 2 does not allow.
    """
    if not _AUDIENCE.match(audience):
        raise NotAllowed(
            f"An audience is an absolute URI or a name without spaces, 1 to 500 ASCII characters; {audience!r} is not."
        )
    if "://" in audience:
        try:
            parts = urlsplit(audience)
        except ValueError as error:
            raise NotAllowed(f"The audience {audience!r} is not a URI: {error}.") from None
        if not parts.scheme or not parts.netloc or "@" in parts.netloc:
            raise NotAllowed(f"The audience {audience!r} is not an absolute URI; write it like https://api.example.com")
        # RFC 8707 section 2: the URI MUST NOT include a fragment component.
        if "#" in audience:
            raise NotAllowed(f"The audience {audience!r} has a fragment (RFC 8707 section 2); leave it out.")
    return audience


def check_transactions(types: dict[str, TransactionType]) -> dict[str, TransactionType]:
    """Return the types of transactions.

    Raises:
        NotAllowed: One is not written as it has to be, or there are more than 60.
    """
    if len(types) > MOST_SCOPES:
        raise NotAllowed(f"A resource has at most {MOST_SCOPES} types of transactions.")
    for name, each in types.items():
        each.check(name)
        try:
            Limits(actions=groups_of((each.action,)))
        except InvalidLimit as error:
            raise NotAllowed(f"The action of transaction {name!r}: {error}.") from None
    return types


def _check_scopes(scopes: dict[str, str]) -> dict[str, str]:
    if len(scopes) > MOST_SCOPES:
        raise NotAllowed(f"A resource has at most {MOST_SCOPES} scopes.")
    for name, text in scopes.items():
        try:
            if len(parse_scope(name)) != 1:
                raise InvalidScope
        except InvalidScope:
            raise NotAllowed(f"{name!r} can't be a scope: printable ASCII without spaces, quotes or \\.") from None
        if name in OPENID:
            raise NotAllowed(f"The scope {name!r} is OpenID Connect's own; a resource can't define it.")
        if len(text) > 200 or any(ord(c) < 32 for c in text):
            raise NotAllowed(f"The text of scope {name!r} is one line of at most 200 characters.")
    return scopes
