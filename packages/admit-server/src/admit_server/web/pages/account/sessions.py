"""`/account/sessions`: where a person is signed in, and ending that."""

import re

from starlette.requests import Request
from starlette.responses import Response

from ....domain.account import SignInTooOld
from ....domain.devices import device_in_words, place_in_words
from ....domain.errors import AdministrationError, InvalidRequest
from ....domain.times import duration
from ....domain.times import in_words as day
from ....flows.account import sessions
from ... import params, responses
from ...site import Site
from .entering import Visit, enter, enter_with_form

_POSITION = re.compile(r"([0-9]{1,12})\.(ses_[0-9A-Za-z]{22})")


async def show(request: Request, site: Site) -> Response:
    """The list, newest first."""
    visit = await enter(request, site)
    if not isinstance(visit, Visit):
        return visit
    return await _page(visit, after=_after(params.read_query(request).get("after")))


async def post(request: Request, site: Site) -> Response:
    """End one, or all others."""
    entered = await enter_with_form(request, site)
    if isinstance(entered, Response):
        return entered
    visit, form = entered
    caller = site.caller(request)
    try:
        if form.get("end") == "others":
            await sessions.end_others(visit.session, rt=site.rt, caller=caller)
        else:
            await sessions.end_one(form.get("end", ""), current=visit.session, rt=site.rt, caller=caller)
    except SignInTooOld:
        return visit.prove_again()
    except AdministrationError as error:
        return await _page(visit, problem=str(error), status=400)
    return responses.see_other("/account/sessions")


async def _page(visit: Visit, *, after: sessions.After | None = None, problem: str = "", status: int = 200) -> Response:
    page = await sessions.newest(visit.session, after=after, rt=visit.site.rt)
    idle_s = visit.site.rt.session_idle_s
    following = page.next_after
    return visit.page(
        "account/sessions.html",
        http_status=status,
        problem=problem,
        idle_after=duration(idle_s) if idle_s else "",
        first_page=after is None,
        next_url=f"/account/sessions?after={following[0]}.{following[1]}" if following else "",
        sessions=[_row(each) for each in page.sessions],
    )


def _row(own: sessions.OwnSession) -> dict[str, object]:
    session = own.session
    what = device_in_words(session.user_agent)
    return {
        "id": session.id,
        "what": what if session.in_browser else f"{' and '.join(own.apps) or 'An app'}, without a browser ({what})",
        "place": place_in_words(session.network),
        "since": day(session.created_at),
        "proved": day(session.auth_time) if session.auth_time != session.created_at else "",
        "used": day(session.last_seen_at) if session.in_browser and not own.is_this else "",
        "idle": own.is_idle,
        "until": day(session.expires_at),
        "apps": ", ".join(own.apps) if session.in_browser else "",
        "is_this": own.is_this,
    }


def _after(text: str | None) -> sessions.After | None:
    if text is None:
        return None
    found = _POSITION.fullmatch(text)
    if found is None:
        raise InvalidRequest("The address of this page was changed.", advice="Go back to the first page of the list.")
    return int(found[1]), found[2]
