"""`/logout`: sign out, asked first unless the request proves whose session it means."""

from starlette.requests import Request
from starlette.responses import Response

from ...domain.errors import InvalidRequest
from ...flows.logout import AskSignOut, SignedOut, begin
from .. import params, responses
from ..security import check_form_post, clear_cookie, form_token
from ..site import Site
from .browser import browser_id, browser_id_or_new, forget_journeys, remember_browser

LIMIT = 32_768
_CARRIED = ("id_token_hint", "client_id", "post_logout_redirect_uri", "state")


async def logout_endpoint(request: Request, site: Site) -> Response:
    """GET and POST (OpenID Connect RP-Initiated Logout section 2). Our own form is a POST that carries a form token."""
    given = await params.read_form(request, limit=LIMIT) if request.method == "POST" else params.read_query(request)
    confirmed = request.method == "POST" and "form_token" in given
    if confirmed:
        check_form_post(request, given, browser=browser_id(request, site), rt=site.rt)
    session = await site.session_to_end_or_renew(request)
    outcome = await begin(given, session=session, rt=site.rt, caller=site.caller(request), confirmed=confirmed)
    match outcome:
        case AskSignOut():
            return await _ask(outcome, given, request, site)
        case SignedOut(client, return_to):
            if return_to is not None:
                response = responses.see_other(return_to)
            else:
                response = site.page("signed_out.html", client_name=client.name if client else None, return_url=None)
            clear_cookie(response, site.cookies.session, secure=site.cookies.secure)
            forget_journeys(response, site)
            return response


async def _ask(outcome: AskSignOut, given: dict[str, str], request: Request, site: Site) -> Response:
    user = await site.rt.store.read.users.get(outcome.session.user_id)
    if user is None:
        raise InvalidRequest("The account of this session is gone.")
    browser, is_new = browser_id_or_new(request, site)
    response = site.page(
        "sign_out.html",
        redirect_uri=given.get("post_logout_redirect_uri"),
        form_url="/logout",
        form_token=form_token(browser, rt=site.rt),
        username=user.username,
        client_name=outcome.client.name if outcome.client else None,
        fields={name: given[name] for name in _CARRIED if name in given},
    )
    if is_new:
        remember_browser(response, browser, site)
    return response
