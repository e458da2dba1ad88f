"""`/account/apps`: apps that hold something of a person, and taking it from them."""

from starlette.requests import Request
from starlette.responses import Response

from ....domain.errors import AdministrationError
from ....domain.times import in_words as day
from ....flows.account import apps
from ... import params, responses
from ...site import Site
from .entering import Visit, enter, enter_with_form


async def show(request: Request, site: Site) -> Response:
    """The list."""
    visit = await enter(request, site)
    if not isinstance(visit, Visit):
        return visit
    return await _page(visit, after=params.read_query(request).get("after", ""))


async def post(request: Request, site: Site) -> Response:
    """Disconnect one."""
    entered = await enter_with_form(request, site)
    if isinstance(entered, Response):
        return entered
    visit, form = entered
    try:
        await apps.disconnect(
            form.get("disconnect", ""), current=visit.session, rt=site.rt, caller=site.caller(request)
        )
    except AdministrationError as error:
        return await _page(visit, problem=str(error), status=400)
    return responses.see_other("/account/apps")


async def _page(visit: Visit, *, after: str = "", problem: str = "", status: int = 200) -> Response:
    page = await apps.connected(visit.user.id, after=after, rt=visit.site.rt)
    return visit.page(
        "account/apps.html",
        http_status=status,
        problem=problem,
        first_page=not after,
        next_after=page.next_after,
        apps=[_row(each) for each in page.apps],
    )


def _row(app: apps.ConnectedApp) -> dict[str, object]:
    connection = app.connection
    return {
        "id": connection.client_id,
        "name": connection.client_name,
        "ours": connection.first_party,
        "since": day(connection.since),
        "last": day(connection.last_issued_at) if connection.last_issued_at else "",
        "wishes": [(wish.audience, wish.texts) for wish in app.wishes],
    }
