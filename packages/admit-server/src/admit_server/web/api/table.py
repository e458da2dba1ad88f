"""All operations of the API, and the way from an address to one of them."""

from collections.abc import Iterator
from functools import cache

from . import (
    audit,
    clients,
    grants,
    journeys,
    keys,
    many,
    personal_tokens,
    policies,
    resources,
    roles,
    rules,
    sessions,
    tokens,
    users,
    watching,
)
from .operations import Operation

AREAS = (
    users,
    roles,
    clients,
    resources,
    policies,
    journeys,
    sessions,
    tokens,
    personal_tokens,
    grants,
    many,
    rules,
    watching,
    audit,
    keys,
)
OPERATIONS: tuple[Operation, ...] = tuple(operation for area in AREAS for operation in area.OPERATIONS)


@cache
def by_address() -> dict[tuple[str, ...], dict[str, Operation]]:
    """Operations by their address, variable parts written `{}`; and then by method."""
    found: dict[tuple[str, ...], dict[str, Operation]] = {}
    for operation in OPERATIONS:
        shape = tuple("{}" if part.startswith("{") else part for part in operation.path.split("/")[1:])
        found.setdefault(shape, {})[operation.method] = operation
    return found


def find(parts: list[str]) -> tuple[dict[str, Operation], list[str]]:
    """What is at an address (decoded, without `/api/v1`), by method, and its variable parts; nothing where there is nothing.

    A fixed part goes before a variable one.
    """
    for shape in _shapes(tuple(parts)):
        if operations := by_address().get(shape):
            return operations, [part for part, form in zip(parts, shape, strict=True) if form == "{}"]
    return {}, []


def _shapes(parts: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if not parts:
        yield ()
        return
    for rest in _shapes(parts[1:]):
        yield (parts[0], *rest)
    for rest in _shapes(parts[1:]):
        yield ("{}", *rest)
