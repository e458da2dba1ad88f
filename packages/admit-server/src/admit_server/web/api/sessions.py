"""Sessions at the API."""

from ...domain.errors import NotFound
from ...flows.admin import sessions
from ...flows.admin.sessions import ListedSession
from . import pages
from .fields import Reference
from .operations import Call, Ended, Nothing, Operation, Paged, Wire


class SessionsIn(Paged):
    """Of one person only, and those that have ended as well."""

    user: Reference | None = None
    ended: bool = False


class SessionOut(Wire):
    """A signed-in state."""

    session_id: str
    user_id: str
    username: str
    auth_time: int
    amr: tuple[str, ...]
    acr: str
    network: str
    user_agent: str
    in_browser: bool
    created_at: int
    last_seen_at: int | None
    expires_at: int
    ended_at: int | None
    end_reason: str | None


class SessionPage(Wire):
    """Sessions, newest first."""

    items: list[SessionOut]
    next: str | None


def _shown(listed: ListedSession) -> SessionOut:
    session = listed.session
    return SessionOut(
        session_id=session.id,
        user_id=session.user_id,
        username=listed.username,
        auth_time=session.auth_time,
        amr=session.amr,
        acr=session.acr,
        network=session.network,
        user_agent=session.user_agent,
        in_browser=session.in_browser,
        created_at=session.created_at,
        last_seen_at=session.last_seen_at if session.in_browser else None,
        expires_at=session.expires_at,
        ended_at=session.ended_at,
        end_reason=session.end_reason,
    )


async def _list(call: Call[None, SessionsIn]) -> SessionPage:
    asked = call.query
    found = await sessions.newest(
        user=asked.user, with_ended=asked.ended, after=pages.time_and_id(asked), limit=asked.limit, rt=call.rt
    )
    last = found[-1].session if len(found) == asked.limit else None
    return SessionPage(
        items=[_shown(one) for one in found], next=pages.cursor(f"{last.created_at} {last.id}" if last else None)
    )


async def _show(call: Call[None, Nothing]) -> SessionOut:
    return _shown((await sessions.find(call.path["session"], rt=call.rt)).listed)


async def _end(call: Call[None, Nothing]) -> Ended:
    ended = await sessions.end_one(call.path["session"], rt=call.rt, caller=call.caller)
    return Ended(changed=ended, ended=int(ended))


async def _end_all(call: Call[None, Nothing]) -> Ended:
    _, ended = await sessions.end_all_of_user(call.path["user"], rt=call.rt, caller=call.caller)
    return Ended(changed=ended > 0, ended=ended)


_READ, _WRITE = "sessions:read", "sessions:write"
OPERATIONS = (
    Operation(
        id="sessions_list",
        method="GET",
        path="/sessions",
        scope=_READ,
        summary="List who is signed in, newest first.",
        query=SessionsIn,
        does=_list,
        answer=SessionPage,
        errors=(NotFound,),
    ),
    Operation(
        id="sessions_show",
        method="GET",
        path="/sessions/{session}",
        scope=_READ,
        summary="Show a session, alive or ended.",
        does=_show,
        answer=SessionOut,
        errors=(NotFound,),
    ),
    Operation(
        id="sessions_end",
        method="DELETE",
        path="/sessions/{session}",
        scope=_WRITE,
        summary="End a session and every token that ends with it.",
        does=_end,
        answer=Ended,
        changes=True,
        errors=(NotFound,),
    ),
    Operation(
        id="sessions_end_of_user",
        method="DELETE",
        path="/users/{user}/sessions",
        scope=_WRITE,
        summary="End every session of somebody.",
        does=_end_all,
        answer=Ended,
        changes=True,
        errors=(NotFound,),
    ),
)
