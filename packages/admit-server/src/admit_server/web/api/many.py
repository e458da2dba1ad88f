"""Ending many at once, at the API."""

from typing import Annotated

from msgspec import Meta

from ...domain.errors import NotAllowed, NotFound
from ...domain.selection import What
from ...flows.admin import many
from .operations import Call, Nothing, Operation, Wire


class WhereIn(Wire):
    """Which: conditions joined by `and`, as `admit token revoke --where` takes them."""

    where: Annotated[str, Meta(min_length=1, max_length=1000, examples=["client=shop and age>7d"])]


class ManyOut(Wire):
    """How many there were, and how many ended. In a dry run all of them are counted and none ends."""

    count: int
    ended: int


async def _end(call: Call[WhereIn, Nothing], what: What) -> ManyOut:
    selected = await many.select(call.body.where, what=what, rt=call.rt)
    return ManyOut(count=selected.count, ended=await many.end(selected, rt=call.rt, caller=call.caller))


async def _end_grants(call: Call[WhereIn, Nothing]) -> ManyOut:
    return await _end(call, "grants")


async def _end_sessions(call: Call[WhereIn, Nothing]) -> ManyOut:
    return await _end(call, "sessions")


OPERATIONS = (
    Operation(
        id="grants_end_many",
        method="POST",
        path="/grants/end",
        scope="tokens:write",
        summary="End all grants that meet conditions; count them first by a dry run.",
        body=WhereIn,
        does=_end_grants,
        answer=ManyOut,
        changes=True,
        long=True,
        errors=(NotAllowed, NotFound),
        example={"where": "client=shop and age>7d"},
    ),
    Operation(
        id="sessions_end_many",
        method="POST",
        path="/sessions/end",
        scope="sessions:write",
        summary="End all sessions that meet conditions; count them first by a dry run.",
        body=WhereIn,
        does=_end_sessions,
        answer=ManyOut,
        changes=True,
        long=True,
        errors=(NotAllowed, NotFound),
        example={"where": "network=192.0.2.7"},
    ),
)
