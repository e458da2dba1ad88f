"""E-mail addresses: which can be one, and when two are the same."""

import re
import unicodedata
from dataclasses import dataclass

from .errors import NotAllowed

LONGEST = 254
# RFC 5322 section 3.2.3 `dot-atom`, with the letters of RFC 6532. Quoted local parts are left out: hardly anybody has one.
_LOCAL = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*\Z")
# RFC 5321 section 4.1.2 `Domain`, at least two labels; no address literals.
_HOST = re.compile(r"(?=.{1,253}\Z)([^\W_]([\w-]{0,61}[^\W_])?\.)+[^\W_]([\w-]{0,61}[^\W_])?\Z")


def check_email(email: str) -> str:
    """Return the address. Whether somebody reads what comes there, only a mail can tell.

    Raises:
        NotAllowed: No dot-atom before one @ and a host name behind it, or longer than RFC 5321 section 4.5.3.1 allows.
    """
    local, _, host = email.rpartition("@")
    if not (_LOCAL.match(local) and _HOST.match(host) and "_" not in host) or len(email) > LONGEST or len(local) > 64:
        raise NotAllowed(f"{email[:LONGEST]!r} is not an e-mail address.")
    try:
        host.encode("idna")
    except UnicodeError:
        raise NotAllowed(f"{email!r} is not an e-mail address: there can be no such host name.") from None
    return email


def address_key(email: str) -> str:
    """The form in which addresses are compared: composed, case-folded, the host name in ASCII.

    RFC 5321 section 2.4 lets a host tell "Alice" from "alice" before the @; no host that people use does, and they type both. So
    both are one address here. Mail goes to the spelling that was verified, never to the one that somebody typed.
    """
    local, _, host = email.rpartition("@")
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", local).casefold())
    try:
        name = host.encode("idna").decode().lower()
    except UnicodeError:
        name = host.casefold()
    return f"{folded}@{name}"


def typed_address_key(name: str) -> str:
    """The key of what somebody typed, if it can be an address; else ''. Where people are looked up and where they are counted alike."""
    name = unicodedata.normalize("NFKC", name) if len(name) <= LONGEST else ""
    return address_key(name) if "@" in name else ""


def masked(email: str) -> str:
    """An address as it is shown to somebody who has yet to prove that it is theirs: `a…@example.com`."""
    local, _, host = email.rpartition("@")
    return f"{local[:1]}…@{host}"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailAddress:
    """An address of a person. `verified_at`: when somebody proved to read what comes there; None: nobody has."""

    address: str
    is_main: bool
    verified_at: int | None
    created_at: int
