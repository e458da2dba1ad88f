"""Transactions: a ticket for exactly one, which its person has read and approved (RFC 9396).

A resource declares its types of transactions: where each goes, and the sentence that the person reads.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .errors import InvalidAuthorizationDetails, NotAllowed
from .token_policy import TokenPolicy

# What the details say of the ticket itself; everything else is a value, which the person reads.
ABOUT_THE_TICKET = frozenset({"type", "locations", "actions", "body_sha256"})
MOST_VALUES = 16
LONGEST_VALUE = 200
LASTS_S = 300
_TYPE = re.compile(r"[a-z][a-z0-9_.:-]{0,63}\Z")
_ROUTE = re.compile(r"[A-Z]{1,20} /[\x21-\x7E]{0,500}\Z")
_DIGEST = re.compile(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]\Z")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}\Z")
# Printable to Python, and yet nothing to see: letters and marks that Unicode calls Default_Ignorable, and the blank of Braille.
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_PLACE = re.compile(r"\{([A-Za-z][A-Za-z0-9_]{0,39})\}")

Value = str | int


@dataclass(frozen=True, slots=True)
class TransactionType:
    """What an administrator says of a type: `action` is "METHOD /path", `text` the sentence, with `{name}` for each value."""

    action: str
    text: str

    @property
    def names(self) -> frozenset[str]:
        """The values that the sentence needs."""
        return frozenset(_PLACE.findall(self.text))

    def check(self, name: str) -> None:
        """Raises:
        NotAllowed: Name, action or sentence is not written as it has to be.
        """
        if not _TYPE.match(name):
            raise NotAllowed(f"{name!r} can't be a type of transaction: small letters, digits and _ . : -, at most 64.")
        if not _ROUTE.match(self.action) or "*" in self.action:
            raise NotAllowed(f"The action of transaction {name!r} is one route, such as POST /payments.")
        if not 1 <= len(self.text) <= 300 or not self.text.isprintable() or not self.names:
            raise NotAllowed(
                f"The sentence of transaction {name!r} is one line with the values in it, such as {{amount}}."
            )
        if re.search(r"[{}]", _PLACE.sub("", self.text)):
            raise NotAllowed(f"The sentence of transaction {name!r} has a brace that is no {{name}}.")
        if self.names & ABOUT_THE_TICKET:
            raise NotAllowed(f"{', '.join(sorted(ABOUT_THE_TICKET))} can't be values of a transaction.")


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transaction as it was asked for, and later approved.

    Attributes:
        type: One that the resource declares.
        action: Where it goes, "METHOD /path".
        body_sha256: The hash of the only body that may be sent.
        values: Name and value in the order of the names: everything that the person reads.
    """

    type: str
    action: str
    body_sha256: str
    values: tuple[tuple[str, Value], ...]

    def sentence(self, text: str) -> tuple[tuple[str, bool], ...]:
        """The sentence of its type with its values, in parts; whether each part is a value, which may be written from right to left."""
        values, parts, end = dict(self.values), list[tuple[str, bool]](), 0
        for place in _PLACE.finditer(text):
            parts += [(text[end : place.start()], False), (str(values[place[1]]), True)]
            end = place.end()
        return tuple(part for part in (*parts, (text[end:], False)) if part[0])

    def details(self, audience: str) -> list[dict[str, Any]]:
        """`authorization_details` as they were granted (RFC 9396 sections 7 and 9)."""
        about = {"type": self.type, "locations": [audience], "actions": [self.action], "body_sha256": self.body_sha256}
        return [about | dict(self.values)]

    @property
    def policy(self) -> TokenPolicy:
        """What its ticket is limited to: this action, once, soon, while the person is signed in."""
        return TokenPolicy(
            max_uses=1, lifetime_s=LASTS_S, end_with_session=True, actions=frozenset({frozenset({self.action})})
        )

    def as_dict(self) -> dict[str, Any]:
        """As JSON values."""
        about = {"type": self.type, "action": self.action, "body_sha256": self.body_sha256}
        return about | {"values": dict(self.values)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Transaction":
        """Read what `as_dict` wrote."""
        return cls(values["type"], values["action"], values["body_sha256"], tuple(sorted(values["values"].items())))


def read_details(listed: Any, *, types: Mapping[str, TransactionType], audience: str) -> Transaction:
    """Read the parameter `authorization_details`, parsed: exactly one transaction.

    RFC 9396 section 5: unknown types, unknown or missing fields, wrong types and invalid values are refused.

    Raises:
        InvalidAuthorizationDetails: With the rule that was broken.
    """
    refuse = InvalidAuthorizationDetails
    if not isinstance(listed, list) or len(listed) != 1 or not isinstance(listed[0], dict):
        raise refuse("authorization_details is an array of one object: a ticket is for one transaction.")
    details: dict[str, Any] = listed[0]
    kind = details.get("type")
    if not isinstance(kind, str) or kind not in types:
        raise refuse("type is one that the resource declares.", detail=f"type {str(kind)[:64]!r}")
    declared = types[kind]
    if details.get("locations", [audience]) != [audience]:
        raise refuse("locations, where it is given, is the resource alone.")
    if details.get("actions", [declared.action]) != [declared.action]:
        raise refuse("actions, where it is given, is the action of that type alone.")
    body = details.get("body_sha256")
    if not isinstance(body, str) or not _DIGEST.match(body):
        raise refuse("body_sha256 is the SHA-256 of a body as 43 characters of base64url.")
    values = {name: value for name, value in details.items() if name not in ABOUT_THE_TICKET}
    if missing := declared.names - set(values):
        raise refuse(f"{sorted(missing)[0]} is missing.")
    if len(values) > MOST_VALUES:
        raise refuse(f"A transaction has at most {MOST_VALUES} values.")
    for name, value in values.items():
        _check_value(name, value)
    return Transaction(kind, declared.action, body, tuple(sorted(values.items())))


def _check_value(name: str, value: object) -> None:
    # What the person reads must be what the resource reads: no numbers that two programs may round differently, no characters that
    # hide or turn the direction of a line.
    refuse = InvalidAuthorizationDetails
    if not _NAME.match(name):
        raise refuse("A value's name has 1 to 40 letters, digits and _.")
    if type(value) is int and abs(value) < 2**53:
        return
    if not isinstance(value, str):
        raise refuse(f"{name} is a text or a whole number below 2^53.")
    if (
        not 1 <= len(value) <= LONGEST_VALUE
        or not value.isprintable()
        or value != value.strip()
        or _UNSEEN.search(value)
    ):
        raise refuse(f"{name} is 1 to {LONGEST_VALUE} printable characters without space around them.")
