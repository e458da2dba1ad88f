"""`/account/data`: take one's data along, and delete the account."""

from starlette.requests import Request
from starlette.responses import Response

from ....domain.account import SignInTooOld
from ....domain.errors import AdministrationError, InvalidRequest
from ....flows.account import deleting, person_data
from ... import responses
from ...security import clear_cookie
from ...site import Site
from ..browser import forget_journeys
from .entering import Visit, enter, enter_with_form


async def show(request: Request, site: Site) -> Response:
    """What can be done."""
    visit = await enter(request, site)
    return _page(visit) if isinstance(visit, Visit) else visit


async def post(request: Request, site: Site) -> Response:
    """Download, or delete."""
    entered = await enter_with_form(request, site, fresh=True)
    if isinstance(entered, Response):
        return entered
    visit, form = entered
    caller, user = site.caller(request), visit.user
    try:
        if form.get("act") == "download":
            return _as_file(await person_data.download(user, current=visit.session, rt=site.rt, caller=caller))
        if form.get("act") != "delete":
            raise InvalidRequest("The form was not sent as it was shown.")
        await deleting.delete(form.get("name", ""), user=user, current=visit.session, rt=site.rt, caller=caller)
    except SignInTooOld:
        return visit.prove_again(full=form.get("act") == "delete")
    except AdministrationError as error:
        return _page(visit, problem=str(error), status=400)
    response = site.page("account/deleted.html", username=user.username)
    for name in (site.cookies.session, site.cookies.device):
        clear_cookie(response, name, secure=site.cookies.secure)
    forget_journeys(response, site)
    return response


def _as_file(document: dict[str, object]) -> Response:
    response = responses.json(document, headers=responses.NO_STORE)
    response.headers["Content-Disposition"] = 'attachment; filename="my-account.json"'
    return response


def _page(visit: Visit, *, problem: str = "", status: int = 200) -> Response:
    return visit.page(
        "account/data.html", http_status=status, problem=problem, may_delete=visit.site.rt.account.may_delete
    )
