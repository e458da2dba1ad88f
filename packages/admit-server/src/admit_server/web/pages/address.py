"""`/address`: verify an e-mail address with a link that works once. Only the POST spends it."""

from starlette.requests import Request
from starlette.responses import Response

from ...flows import addresses
from .. import params
from ..security import check_form_post, form_token
from ..site import Site
from .browser import browser_id, browser_id_or_new, remember_browser

LIMIT = 8_192


async def show(request: Request, site: Site) -> Response:
    """Which address, of whose account."""
    secret = params.read_query(request).get("link", "")
    link, user = await addresses.whose(secret, rt=site.rt, caller=site.caller(request))
    browser, is_new = browser_id_or_new(request, site)
    response = site.page(
        "address.html",
        done=False,
        address=link.data,
        username=user.username,
        link=secret,
        form_token=form_token(browser, rt=site.rt),
    )
    if is_new:
        remember_browser(response, browser, site)
    return response


async def post(request: Request, site: Site) -> Response:
    """Verify it."""
    form = await params.read_form(request, limit=LIMIT)
    check_form_post(request, form, browser=browser_id(request, site), rt=site.rt)
    user, address = await addresses.verify(form.get("link", ""), rt=site.rt, caller=site.caller(request))
    return site.page("address.html", done=True, address=address, username=user.username, link="", form_token="")
