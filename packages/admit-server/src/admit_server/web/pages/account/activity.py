"""`/account/activity`: what happened to an account, in words."""

import re

from starlette.requests import Request
from starlette.responses import Response

from ....domain.devices import place_in_words
from ....domain.errors import InvalidRequest
from ....domain.times import in_words as day
from ....flows.account import activity
from ... import params
from ...site import Site
from .entering import Visit, enter

_NUMBER = re.compile(r"[1-9][0-9]{0,17}")


async def show(request: Request, site: Site) -> Response:
    """A page of it, newest first."""
    visit = await enter(request, site)
    if not isinstance(visit, Visit):
        return visit
    text = params.read_query(request).get("before")
    if text is not None and not _NUMBER.fullmatch(text):
        raise InvalidRequest("The address of this page was changed.", advice="Go back to the first page of the list.")
    page = await activity.recent(visit.user.id, before=int(text) if text else None, rt=site.rt)
    return visit.page(
        "account/activity.html",
        first_page=text is None,
        next_before=page.next_before,
        happenings=[
            {
                "at": day(each.at),
                "text": each.text,
                "place": place_in_words(each.network) if each.network else "",
                "alarming": each.alarming,
            }
            for each in page.happenings
        ],
    )
