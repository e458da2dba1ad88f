"""`/forgot`: asks for a mail to set a new password."""

from starlette.requests import Request
from starlette.responses import Response

from ...domain.errors import InvalidRequest
from ...flows import password_reset
from .. import params
from ..refused import recorded
from ..security import check_form_post, form_token
from ..site import Site
from .browser import browser_id, browser_id_or_new, remember_browser

LIMIT = 8_192


async def show(request: Request, site: Site) -> Response:
    """The form; without mail, what to do instead."""
    return _page(request, site)


async def post(request: Request, site: Site) -> Response:
    """Ask; the same answer for everybody and nobody."""
    form = await params.read_form(request, limit=LIMIT, keep_empty=("name",))
    check_form_post(request, form, browser=browser_id(request, site), rt=site.rt)
    if not site.rt.mailer.on:
        return _page(request, site, status=404)
    try:
        await password_reset.ask(form.get("name", "").strip(), rt=site.rt, caller=site.caller(request))
    except InvalidRequest as refusal:
        await recorded(refusal, request, site)
        return _page(request, site, problem=refusal.advice, status=400)
    return site.page("mail_sent.html", what="reset", minutes=site.rt.lives.reset_s // 60)


def _page(request: Request, site: Site, *, problem: str = "", status: int = 200) -> Response:
    browser, is_new = browser_id_or_new(request, site)
    response = site.page(
        "forgot.html",
        http_status=status,
        mail=site.rt.mailer.on,
        problem=problem,
        form_token=form_token(browser, rt=site.rt),
    )
    if is_new:
        remember_browser(response, browser, site)
    return response
