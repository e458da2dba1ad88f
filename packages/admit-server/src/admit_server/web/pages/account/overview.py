"""`/account`: who, what protects the account, and what needs attention."""

from starlette.requests import Request
from starlette.responses import Response

from ....domain.devices import device_in_words, place_in_words
from ....domain.times import in_words as day
from ....flows.account import overview
from ...site import Site
from .entering import Visit, enter
from .ways import row


async def show(request: Request, site: Site) -> Response:
    """The overview."""
    visit = await enter(request, site)
    if not isinstance(visit, Visit):
        return visit
    seen = await overview.of(visit.user, rt=site.rt)
    session = visit.session
    return visit.page(
        "account/overview.html",
        email=visit.user.email,
        unreachable=site.rt.mailer.on and not visit.user.email,
        since=day(visit.user.created_at),
        signed_in=day(session.auth_time),
        device=device_in_words(session.user_agent),
        place=place_in_words(session.network),
        sessions=seen.sessions,
        apps=seen.apps,
        tokens=seen.tokens,
        tokens_ending=seen.tokens_ending,
        ways=[row(each) for each in seen.ways],
        two_factors=seen.two_factors,
        most=overview.MOST_COUNTED,
    )
