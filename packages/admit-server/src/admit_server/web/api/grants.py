"""Grants at the API."""

from ...domain.errors import NotFound
from ...flows.admin import grants
from ...flows.admin.grants import ListedGrant
from ...flows.admin.written_limits import Limits, written
from . import pages
from .fields import Reference
from .operations import Call, Ended, Nothing, Operation, Paged, Wire


class GrantsIn(Paged):
    """Of one person, of one application, or both."""

    user: Reference | None = None
    client: Reference | None = None


class GrantOut(Wire):
    """What was allowed to whom, and by which limits. Ending it ends every token of it."""

    grant_id: str
    client_id: str
    client_name: str | None
    user_id: str | None
    username: str | None
    session_id: str | None
    audience: str
    scopes: list[str]
    format: str
    limits: Limits
    created_at: int
    expires_at: int
    ended_at: int | None
    end_reason: str | None


class GrantPage(Wire):
    """Living grants, in the order of their ids."""

    items: list[GrantOut]
    next: str | None


def _shown(listed: ListedGrant) -> GrantOut:
    grant = listed.grant
    return GrantOut(
        grant_id=grant.id,
        client_id=grant.client_id,
        client_name=listed.client_name,
        user_id=grant.user_id,
        username=listed.username,
        session_id=grant.session_id,
        audience=grant.audience,
        scopes=sorted(grant.scopes),
        format=grant.format,
        limits=written(grant.policy),
        created_at=grant.created_at,
        expires_at=grant.expires_at,
        ended_at=grant.ended_at,
        end_reason=grant.end_reason,
    )


async def _list(call: Call[None, GrantsIn]) -> GrantPage:
    asked = call.query
    found = await grants.page(
        user=asked.user, client=asked.client, after=pages.after(asked), limit=asked.limit, rt=call.rt
    )
    last = found[-1].grant.id if len(found) == asked.limit else None
    return GrantPage(items=[_shown(one) for one in found], next=pages.cursor(last))


async def _show(call: Call[None, Nothing]) -> GrantOut:
    return _shown(await grants.show(call.path["grant"], rt=call.rt))


async def _end(call: Call[None, Nothing]) -> Ended:
    ended = await grants.end(call.path["grant"], rt=call.rt, caller=call.caller)
    return Ended(changed=ended, ended=int(ended))


_READ, _WRITE = "tokens:read", "tokens:write"
OPERATIONS = (
    Operation(
        id="grants_list",
        method="GET",
        path="/grants",
        scope=_READ,
        summary="List living grants.",
        query=GrantsIn,
        does=_list,
        answer=GrantPage,
        errors=(NotFound,),
    ),
    Operation(
        id="grants_show",
        method="GET",
        path="/grants/{grant}",
        scope=_READ,
        summary="Show a grant, alive or ended.",
        does=_show,
        answer=GrantOut,
        errors=(NotFound,),
    ),
    Operation(
        id="grants_end",
        method="DELETE",
        path="/grants/{grant}",
        scope=_WRITE,
        summary="End a grant, and every token of it.",
        does=_end,
        answer=Ended,
        changes=True,
        errors=(NotFound,),
    ),
)
