"""Tickets of one transaction: what the person approved, compared with what is asked for (RFC 9396)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from admit.errors import TransactionMismatch

# What the details say of the ticket itself. Everything else is what the person has read and approved.
ABOUT_THE_TICKET: Final = frozenset({"type", "locations", "actions", "body_sha256"})
LARGEST_BODY: Final = 1_048_576


def approved(claims: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """Return what was approved: name and value, as the person read them.

    Args:
        claims: Of a verified token.
        kind: The type of the transaction (`type`, RFC 9396 section 2).

    Raises:
        TransactionMismatch: The token is for no transaction, for one of another type, or for several.
    """
    details = claims.get("authorization_details")
    if not isinstance(details, list) or len(details) != 1 or not isinstance(details[0], dict):
        raise TransactionMismatch("the token is not for exactly one transaction")
    if details[0].get("type") != kind:
        raise TransactionMismatch(
            f"the token is for a transaction of the type {details[0].get('type')!r}, not {kind!r}"
        )
    if "body_sha256" not in details[0]:
        raise TransactionMismatch("the token does not say which body was approved")
    return MappingProxyType({name: value for name, value in details[0].items() if name not in ABOUT_THE_TICKET})


def compare(body: bytes, values: Mapping[str, Any]) -> None:
    """Compare a JSON body with what was approved: each approved value stands in it under the same name, only once, and nothing else does.

    That the body is the one whose hash was approved says nothing about what the person read; this does.

    Raises:
        TransactionMismatch: Another value, a missing one, one that nobody read, a member that stands twice, or no JSON object.
    """
    try:
        content = json.loads(body, object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        raise TransactionMismatch("the body is not a JSON object in which each name stands once") from None
    if not isinstance(content, dict):
        raise TransactionMismatch("the body is not a JSON object")
    for name, value in values.items():
        # Types as well: 1 is neither true nor "1".
        if name not in content or type(content[name]) is not type(value) or content[name] != value:
            raise TransactionMismatch(f"{name} in the body is not what was approved")
    # The application chooses which values it shows: one that it leaves out (a currency, a second payee) would be done unread.
    if unread := sorted(set(content) - set(values)):
        raise TransactionMismatch(f"{unread[0][:64]!r} stands in the body and was not shown to the person who approved")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member stands twice")
    return members
