"""What a client may be: its name, id and addresses, and scopes that fit its resources."""

import re
from dataclasses import replace

from ...domain import ids
from ...domain.administration import ADMIN_CLIENT
from ...domain.client import Client, ClientKind, check_grant_types
from ...domain.errors import AlreadyExists, NotAllowed, NotFound
from ...domain.personal_token import PERSONAL_CLIENT
from ...domain.redirect_uris import check_redirect_uri, is_page, origin_of
from ...domain.scopes import OPENID, format_scope
from ...domain.token_policy import BROWSER_NAME
from ...ports.transaction import Tx
from . import policies

NAME_MAX = 100
_CHOSEN_ID = re.compile(r"[A-Za-z0-9._~-]{1,64}\Z")


def default_grant_types(*, kind: ClientKind, first_party: bool, redirects: bool) -> frozenset[str]:
    """Where people sign in: codes and refresh tokens. A service with nothing but its secret: its own credentials."""
    if kind == "public" or first_party or redirects:
        return frozenset({"authorization_code", "refresh_token"})
    return frozenset({"client_credentials"})


def default_policy(kind: ClientKind, redirect_uris: tuple[str, ...]) -> str | None:
    """The built-in policy, for a client that is nothing but pages in browsers; None for all others."""
    only_pages = bool(redirect_uris) and all(is_page(uri) for uri in redirect_uris)
    return BROWSER_NAME if kind == "public" and only_pages else None


def check(client: Client) -> Client:
    """The client with its values as they are kept.

    Raises:
        NotAllowed: A value that the rules of the domain forbid.
    """
    if client.kind == "public" and not client.pkce_required:
        # RFC 9700 section 2.1.1: public clients MUST use PKCE.
        raise NotAllowed("PKCE can be switched off for confidential clients only.")
    check_grant_types(client.grant_types, kind=client.kind)
    return replace(
        client,
        name=_check_name(client.name),
        redirect_uris=tuple(dict.fromkeys(check_redirect_uri(uri) for uri in client.redirect_uris)),
        post_logout_redirect_uris=tuple(
            dict.fromkeys(check_redirect_uri(uri) for uri in client.post_logout_redirect_uris)
        ),
        audiences=tuple(dict.fromkeys(client.audiences)),
    )


def is_built_in(client: Client) -> bool:
    """Whether it is the one of tokens that an administrator issues by hand, or that of personal tokens."""
    return client.id in (ADMIN_CLIENT, PERSONAL_CLIENT)


def origins_of_redirects(client: Client) -> frozenset[str]:
    """Web origins that may read answers meant for this client."""
    return frozenset(origin for uri in client.redirect_uris if (origin := origin_of(uri)) is not None)


async def fit(tx: Tx, client: Client, *, scopes: frozenset[str] | None, drop: bool = False) -> Client:
    """The client with scopes that its audiences have; None: all of them. `drop`: others fall away, instead of being refused.

    Raises:
        NotFound: A resource or the policy does not exist.
        NotAllowed: A scope that no audience has.
    """
    if client.policy is not None:
        await policies.require(tx, client.policy)
    available: frozenset[str] = frozenset()
    for audience in client.audiences:
        resource = await tx.resources.get(audience)
        if resource is None:
            raise NotFound(f"There is no resource {audience!r}; add it first with `admit resource add {audience}`.")
        available |= frozenset(resource.scopes)
    if scopes is None:
        return replace(client, scopes=available | OPENID if "authorization_code" in client.grant_types else available)
    if drop:
        scopes &= available | OPENID
    if unknown := scopes - available - OPENID:
        named = ", ".join(client.audiences)
        where = f"the audiences {named}" if named else "any audience: name one with --audience"
        raise NotAllowed(f"Not among the scopes of {where}: {format_scope(unknown)}.")
    return replace(client, scopes=scopes)


async def refuse_taken(tx: Tx, *, client_id: str, name: str) -> None:
    """Raises:
    AlreadyExists: Name or id is another client's name or id.
    """
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


def check_id(client_id: str) -> str:
    """Return the id that an administrator chose.

    Raises:
        NotAllowed: It can't be one.
    """
    if not _CHOSEN_ID.match(client_id):
        raise NotAllowed(f"A client id has 1 to 64 characters of A-Z a-z 0-9 . _ ~ -, not {client_id!r}.")
    # RFC 9700 section 4.15: a client id must never be mistaken for the subject of a person's token.
    if ids.looks_like("usr", client_id):
        raise NotAllowed("This client id has the shape of a user's id; take another one.")
    return client_id
