"""`/sign-up`: make an account, where the settings allow it; `/sign-up/confirm`: the link that came by mail."""

from starlette.requests import Request
from starlette.responses import Response

from ...domain.errors import AlreadyExists, NotAllowed, NotFound
from ...flows import registration
from .. import params, responses
from ..security import check_form_post, form_token
from ..site import Site
from .browser import browser_id, browser_id_or_new, remember_browser

LIMIT = 16_384


async def show(request: Request, site: Site) -> Response:
    """The form."""
    return _closed(site) or _form(request, site)


async def post(request: Request, site: Site) -> Response:
    """Ask; the same answer for an address that has an account and one that has none."""
    form = await params.read_form(request, limit=LIMIT, keep_empty=("username", "email"))
    check_form_post(request, form, browser=browser_id(request, site), rt=site.rt)
    if (closed := _closed(site)) is not None:
        return closed
    username, email = form.get("username", "").strip(), form.get("email", "").strip()
    wish = registration.Wish(username=username, email=email)
    try:
        await registration.ask(wish, rt=site.rt, caller=site.caller(request))
    except NotAllowed as refusal:
        wrong = "username" if not _may_be_own(username) else "email"
        return _form(
            request, site, username=username[:64], email=email[:254], problem=str(refusal), wrong=wrong, status=400
        )
    # What was typed, with its slips, and nothing of what is known here.
    return site.page("mail_sent.html", what="sign_up", to=email, minutes=site.rt.lives.sign_up_s // 60)


async def show_confirm(request: Request, site: Site) -> Response:
    """What the link makes; it spends nothing."""
    if (closed := _closed(site)) is not None:
        return closed
    secret = params.read_query(request).get("link", "")
    return await _confirm(request, site, secret)


async def confirm(request: Request, site: Site) -> Response:
    """Make the account."""
    form = await params.read_form(request, limit=LIMIT, keep_empty=("username", "password"))
    check_form_post(request, form, browser=browser_id(request, site), rt=site.rt)
    if (closed := _closed(site)) is not None:
        return closed
    secret, username = form.get("link", ""), form.get("username", "").strip()
    try:
        user = await registration.make(
            secret, username, form.get("password", ""), rt=site.rt, caller=site.caller(request)
        )
    except (NotAllowed, AlreadyExists) as refusal:
        wrong = "username" if isinstance(refusal, AlreadyExists) or not _may_be_own(username) else "password"
        return await _confirm(
            request, site, secret, username=username[:64], problem=str(refusal), wrong=wrong, status=400
        )
    return site.page("new_password_set.html", username=user.username, way="sign_up")


def _closed(site: Site) -> Response | None:
    try:
        registration.require_open(site.rt)
    except NotFound as refusal:
        return responses.fault_page(
            404,
            site=site,
            message=str(refusal),
            what_to_do="If you have an account, sign in.",
            ways=(("/sign-in", "Sign in"),),
        )
    return None


def _may_be_own(username: str) -> bool:
    try:
        registration.check_own_username(username)
    except NotAllowed:
        return False
    return True


def _form(
    request: Request,
    site: Site,
    *,
    username: str = "",
    email: str = "",
    problem: str = "",
    wrong: str = "",
    status: int = 200,
) -> Response:
    browser, is_new = browser_id_or_new(request, site)
    response = site.page(
        "sign_up.html",
        http_status=status,
        username=username,
        email=email,
        problem=problem,
        wrong=wrong,
        form_token=form_token(browser, rt=site.rt),
    )
    if is_new:
        remember_browser(response, browser, site)
    return response


async def _confirm(
    request: Request,
    site: Site,
    secret: str,
    *,
    username: str | None = None,
    problem: str = "",
    wrong: str = "password",
    status: int = 200,
) -> Response:
    _, wished, email = await registration.wished(secret, rt=site.rt, caller=site.caller(request))
    browser, is_new = browser_id_or_new(request, site)
    response = site.page(
        "sign_up_confirm.html",
        http_status=status,
        link=secret,
        username=wished if username is None else username,
        email=email,
        problem=problem,
        wrong=wrong,
        form_token=form_token(browser, rt=site.rt),
    )
    if is_new:
        remember_browser(response, browser, site)
    return response
