"""`/authorize`: check the request, then sign-in page, consent page, or straight back (RFC 6749 section 4.1.1)."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from ...domain.authorization_request import AuthorizationRequest
from ...flows.authorize import AskConsent, AskSignIn, SendBack, begin
from ...flows.sealed_request import seal_request
from .. import params, responses
from ..site import Site
from .browser import browser_id_or_new, remember_browser

LIMIT = 16_384


async def authorize_endpoint(request: Request, site: Site) -> Response:
    """GET and POST (RFC 6749 section 3.1)."""
    given = await params.read_form(request, limit=LIMIT) if request.method == "POST" else params.read_query(request)
    if request.method == "POST" and not request.cookies:
        # SameSite=Lax keeps our cookies from another site's post. The same request as GET carries them, so the person's session is seen
        # and forms open in other tabs stay good.
        return responses.see_other(f"/authorize?{urlencode(given)}")
    session = await site.session(request, unattended="none" in given.get("prompt", "").split())
    step = await begin(given, session=session, rt=site.rt, caller=site.caller(request))
    return to_next_page(step, request, site)


def to_next_page(step: SendBack | AskSignIn | AskConsent, request: Request, site: Site) -> Response:
    """Lead the browser on."""
    match step:
        case SendBack(url):
            return responses.see_other(url)
        case AskSignIn(asked, _):
            return _to("/sign-in", asked, request, site)
        case AskConsent(asked, _, _):
            return _to("/consent", asked, request, site)


def _to(path: str, asked: AuthorizationRequest, request: Request, site: Site) -> Response:
    browser, is_new = browser_id_or_new(request, site)
    sealed = seal_request(asked, browser=browser, rt=site.rt, now=site.rt.clock())
    response = responses.see_other(f"{path}?{urlencode({'request': sealed})}")
    if is_new:
        remember_browser(response, browser, site)
    return response
