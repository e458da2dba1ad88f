"""`/account/password`: set a new password."""

from starlette.requests import Request
from starlette.responses import Response

from ....domain.account import SignInTooOld
from ....domain.errors import AdministrationError, Busy, NotAllowed
from ....domain.user import PASSWORD_MAX, PASSWORD_MIN_ALONE
from ....flows.account import password
from ... import responses
from ...security import clear_cookie
from ...site import Site
from .entering import Visit, enter, enter_with_form


async def show(request: Request, site: Site) -> Response:
    """The form, for who signed in a moment ago."""
    visit = await enter(request, site, fresh=True)
    return _page(visit) if isinstance(visit, Visit) else visit


async def post(request: Request, site: Site) -> Response:
    """Set it; everything else of this person ends."""
    entered = await enter_with_form(request, site, fresh=True)
    if isinstance(entered, Response):
        return entered
    visit, form = entered
    caller, keep = site.caller(request), form.get("keep") == "yes"
    try:
        if form.get("password", "") != form.get("again", ""):
            raise NotAllowed("The two are not the same. Type the new password twice.")
        changed = await password.change(
            form.get("password", ""), user=visit.user, current=visit.session, keep=keep, rt=site.rt, caller=caller
        )
    except SignInTooOld:
        return visit.prove_again(full=True)
    except AdministrationError as error:
        return _page(visit, problem=str(error), keep=keep, status=400)
    except Busy as error:
        return _page(visit, problem=error.advice, keep=keep, status=error.status)
    if keep:
        return visit.page("account/password_changed.html", ended=changed.ended)
    response = responses.see_other("/sign-in")
    clear_cookie(response, site.cookies.session, secure=site.cookies.secure)
    return response


def _page(visit: Visit, *, problem: str = "", keep: bool = True, status: int = 200) -> Response:
    return visit.page(
        "account/password.html",
        http_status=status,
        problem=problem,
        keep=keep,
        least=PASSWORD_MIN_ALONE,
        most=PASSWORD_MAX,
    )
