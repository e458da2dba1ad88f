"""What a resource may be: its audience, its scopes, and the transactions that people approve one by one."""

import re
from urllib.parse import urlsplit

from admit.limits import InvalidLimit, Limits, groups_of

from ...domain.errors import InvalidScope, NotAllowed
from ...domain.scopes import OPENID, parse_scope
from ...domain.transaction import TransactionType

_AUDIENCE = re.compile(r"[\x21-\x7E]{1,500}\Z")
MOST_SCOPES = 60


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


def check_scopes(scopes: dict[str, str]) -> dict[str, str]:
    """Return the scopes and what people are told of each.

    Raises:
        NotAllowed: A word that can be no scope, OpenID Connect's own, a text that is too long, or more than 60.
    """
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
