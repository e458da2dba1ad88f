"""`/reset`, `/invitation`, `/recovery`: set a password with a link that works once.

GET shows the form and spends nothing: mail scanners open what they find. Only the POST of the form spends the link.
"""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from ...domain.errors import NotAllowed
from ...flows.new_password import Way, set_by_link, whose
from .. import params
from ..security import check_form_post, form_token
from ..site import Site
from .browser import browser_id, browser_id_or_new, remember_browser

LIMIT = 16_384
Endpoint = Callable[[Request, Site], Awaitable[Response]]


def shows(way: Way) -> Endpoint:
    """The form of one of them."""

    async def show(request: Request, site: Site) -> Response:
        secret = params.read_query(request).get("link", "")
        return await _page(request, site, way, secret)

    return show


def judges(way: Way) -> Endpoint:
    """What was sent with it."""

    async def post(request: Request, site: Site) -> Response:
        form = await params.read_form(request, limit=LIMIT, keep_empty=("password",))
        check_form_post(request, form, browser=browser_id(request, site), rt=site.rt)
        secret, caller = form.get("link", ""), site.caller(request)
        try:
            user = await set_by_link(secret, form.get("password", ""), way, rt=site.rt, caller=caller)
        except NotAllowed as refusal:
            return await _page(request, site, way, secret, problem=str(refusal), status=400)
        return site.page("new_password_set.html", username=user.username, way=way)

    return post


async def _page(
    request: Request, site: Site, way: Way, secret: str, *, problem: str = "", status: int = 200
) -> Response:
    _, user = await whose(secret, way, rt=site.rt, caller=site.caller(request))
    browser, is_new = browser_id_or_new(request, site)
    response = site.page(
        "new_password.html",
        http_status=status,
        way=way,
        link=secret,
        username=user.username,
        problem=problem,
        form_token=form_token(browser, rt=site.rt),
    )
    if is_new:
        remember_browser(response, browser, site)
    return response
