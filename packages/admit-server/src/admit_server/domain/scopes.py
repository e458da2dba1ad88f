"""Scopes: sets of words (RFC 6749 section 3.3)."""

import re
from collections.abc import Mapping

from .errors import InvalidScope
from .trail import Trail

# scope-token = 1*( %x21 / %x23-5B / %x5D-7E )
_TOKEN = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]{1,128}\Z")
MAX_SCOPES = 64

OPENID = frozenset({"openid", "profile", "email"})


def parse_scope(text: str) -> frozenset[str]:
    """Read a space-separated scope parameter.

    Raises:
        InvalidScope: A word has a character outside RFC 6749 section 3.3, or there are more than 64 words.
    """
    words = text.split(" ") if text else []
    if len(words) > MAX_SCOPES or not all(_TOKEN.match(word) for word in words):
        raise InvalidScope("The scope parameter is malformed.")
    return frozenset(words)


def format_scope(scopes: frozenset[str]) -> str:
    """Write scopes in a stable order."""
    return " ".join(sorted(scopes))


def narrow(requested: frozenset[str], *, allowed: frozenset[str], trail: Trail | None = None) -> frozenset[str]:
    """What is granted: all that is asked for, or, when nothing is asked for, all that is allowed.

    Raises:
        InvalidScope: More is asked for than is allowed. Names the words, all of which the client sent itself.
    """
    trail = trail or Trail()
    if excess := requested - allowed:
        trail.failed("scope", allowed, requested)
        raise InvalidScope(f"Not available to this client: {format_scope(excess)}.")
    trail.passed("scope", allowed, requested)
    return requested or allowed


# Of OpenID Connect Core section 5.4, for resources that have no words of their own for them.
_STANDARD = {
    "openid": "Know that it is you",
    "profile": "See your user name",
    "email": "See your e-mail address",
}


def in_words(scopes: frozenset[str], texts: Mapping[str, str]) -> list[str]:
    """What scopes mean to a person: the resource's own texts, those of the standard scopes, or else the bare words."""
    return [texts.get(scope) or _STANDARD.get(scope) or scope for scope in sorted(scopes)]
