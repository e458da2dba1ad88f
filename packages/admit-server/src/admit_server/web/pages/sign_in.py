"""`/sign-in`: the form, and what was sent with it."""

from starlette.requests import Request
from starlette.responses import Response

from ...domain.authorization_request import AuthorizationRequest
from ...domain.client import Client
from ...domain.errors import AccessDenied, Busy, InvalidRequest, ProtocolError, TooManyTries
from ...flows.authorize import after_sign_in, proceed, resume, send_error
from ...flows.sealed_request import unseal_request
from ...flows.sign_in import WRONG, SignedIn, SignInTry, sign_in
from .. import params, responses
from ..refused import recorded
from ..security import DEVICE_COOKIE_S, check_form_post, form_token, open_device, seal_device, set_cookie
from ..site import PRODUCT, Site
from .authorize import to_next_page
from .browser import browser_id, browser_id_or_new, remember_browser

# A sealed request with the longest state there may be, and the longest password, percent-encoded.
LIMIT = 65_536


async def show(request: Request, site: Site) -> Response:
    """The form. Without a request it signs in to the server itself."""
    query = params.read_query(request)
    browser, is_new = browser_id_or_new(request, site)
    asked, client = await _asked(query.get("request"), browser, request, site)
    response = _form(
        site,
        asked,
        client,
        browser=browser,
        sealed=query.get("request", ""),
        username=asked.login_hint if asked else "",
    )
    if is_new:
        remember_browser(response, browser, site)
    return response


async def post(request: Request, site: Site) -> Response:
    """Judge what was sent; on success set the cookies and lead on with 303."""
    form = await params.read_form(request, limit=LIMIT, keep_empty=("username", "password"))
    browser = check_form_post(request, form, browser=browser_id(request, site), rt=site.rt)
    asked, client = await _asked(form.get("request"), browser, request, site)
    attempt = SignInTry(
        username=form.get("username", ""),
        fields={"password": form.get("password", "")},
        device=open_device(request.cookies.get(site.cookies.device), rt=site.rt),
    )
    caller = site.caller(request)
    try:
        signed_in = await sign_in(
            attempt,
            in_browser=True,
            previous=await site.session(request),
            client=client,
            rt=site.rt,
            caller=caller,
        )
    except (AccessDenied, TooManyTries, Busy, InvalidRequest) as refusal:
        denial_id = await recorded(refusal, request, site)
        return _again(refusal, site, asked, client, browser=browser, form=form, denial_id=denial_id)
    if asked is None or client is None:
        response = responses.see_other("/")
    else:
        try:
            step = await proceed(
                after_sign_in(asked), client=client, session=signed_in.session, rt=site.rt, caller=caller
            )
        except ProtocolError as error:
            if not error.may_redirect:
                raise
            denial_id = await recorded(error, request, site)
            step = send_error(
                error, redirect_uri=asked.redirect_uri, state=asked.state, rt=site.rt, denial_id=denial_id
            )
        response = to_next_page(step, request, site)
    _set_cookies(response, signed_in, request, site)
    return response


async def _asked(
    sealed: str | None, browser: str, request: Request, site: Site
) -> tuple[AuthorizationRequest | None, Client | None]:
    if not sealed:
        return None, None
    asked = unseal_request(sealed, browser=browser, rt=site.rt, now=site.rt.clock())
    return asked, await resume(asked, rt=site.rt, caller=site.caller(request))


def _form(
    site: Site,
    asked: AuthorizationRequest | None,
    client: Client | None,
    *,
    browser: str,
    sealed: str,
    username: str,
    problem: str | None = None,
    denial_id: str | None = None,
    status: int = 200,
) -> Response:
    cancel = None
    if asked is not None:
        # RFC 6749 section 4.1.2.1: access_denied is what the client learns when the person turns back.
        cancel = send_error(AccessDenied(), redirect_uri=asked.redirect_uri, state=asked.state, rt=site.rt).url
    return site.page(
        "sign_in.html",
        http_status=status,
        redirect_uri=asked.redirect_uri if asked else None,
        client_name=client.name if client else PRODUCT,
        for_client=client is not None,
        form_url="/sign-in",
        request=sealed,
        form_token=form_token(browser, rt=site.rt),
        username=username,
        problem=problem,
        denial_id=denial_id,
        cancel_url=cancel,
    )


def _again(
    refusal: ProtocolError,
    site: Site,
    asked: AuthorizationRequest | None,
    client: Client | None,
    *,
    browser: str,
    form: dict[str, str],
    denial_id: str | None,
) -> Response:
    problem = refusal.advice or WRONG
    status = 400 if isinstance(refusal, InvalidRequest) else refusal.status
    if isinstance(refusal, TooManyTries):
        problem = f"Too many tries. Wait {_duration(refusal.retry_after_s)} and try again."
    response = _form(
        site,
        asked,
        client,
        browser=browser,
        sealed=form.get("request", ""),
        username=form.get("username", "")[:64],
        problem=problem,
        denial_id=denial_id,
        status=status,
    )
    if isinstance(refusal, TooManyTries | Busy):
        response.headers["Retry-After"] = str(refusal.retry_after_s)
    return response


def _duration(seconds: int) -> str:
    if seconds < 90:
        return f"{seconds} seconds" if seconds != 1 else "a second"
    return f"{(seconds + 59) // 60} minutes"


def _set_cookies(response: Response, signed_in: SignedIn, request: Request, site: Site) -> None:
    if signed_in.cookie is not None:
        set_cookie(response, site.cookies.session, signed_in.cookie, secure=site.cookies.secure)
    known = open_device(request.cookies.get(site.cookies.device), rt=site.rt)
    if known is None or known[0] != signed_in.user.id:
        device = seal_device(signed_in.user.id, site.rt.entropy(16).hex(), rt=site.rt)
        set_cookie(response, site.cookies.device, device, secure=site.cookies.secure, max_age_s=DEVICE_COOKIE_S)
