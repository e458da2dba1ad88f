"""`/sign-in`: one step of a journey at a time, and what was sent with it."""

from dataclasses import replace
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from ...domain.authorization_request import AuthorizationRequest
from ...domain.client import Client
from ...domain.errors import (
    AccessDenied,
    Busy,
    InvalidRequest,
    NotFound,
    ProtocolError,
    StillWaiting,
    TooManyTries,
    UnmetAuthenticationRequirements,
)
from ...domain.journey import Ask
from ...flows.authorize import after_sign_in, is_fresh, proceed, resume, send_error
from ...flows.journeys.enrolment import finish_enrolment
from ...flows.journeys.planning import proofs_of_session
from ...flows.journeys.state import Asked, Given, Journey, seal_journey, unseal_challenge, unseal_journey
from ...flows.journeys.steps import STUCK, offer, plan_of
from ...flows.new_session import Occasion, SignedIn
from ...flows.runtime import DeviceCookie
from ...flows.sealed_request import unseal_request
from ...flows.sign_in import NextStep, SignInTry, sign_in, sign_in_by_enrolling
from .. import params, responses
from ..refused import recorded
from ..security import DEVICE_COOKIE_S, check_form_post, open_device, seal_device, set_cookie
from ..site import Site
from .authorize import to_next_page
from .browser import browser_id, browser_id_or_new, remember_browser
from .returning import back_from_sign_in, wants_full
from .step import Shown, binding, show_step

# A sealed request with the longest state there may be, a journey, a passkey's answer, and the longest password, percent-encoded.
LIMIT = 131_072
_OURS = frozenset({"request", "journey", "challenge", "form_token", "method", "username", "with", "enrol", "label"})


async def show(request: Request, site: Site) -> Response:
    """The step. Without a request it signs in to the server itself. Loading it again changes nothing, and sends nothing."""
    query = params.read_query(request)
    browser, is_new = browser_id_or_new(request, site)
    asked, client = await _asked(query.get("request"), browser, request, site)
    occasion = await _occasion(asked, client, request, site)
    if (sealed := query.get("journey")) is not None:
        bound = binding(browser, query.get("request", ""))
        journey = unseal_journey(sealed, browser=bound, rt=site.rt, now=site.rt.clock())
    else:
        journey = Journey() if "anew" in query else await _from_session(occasion, request, site)
    caller = site.caller(request)
    step = await offer(journey, occasion, may_send=False, rt=site.rt, caller=caller)
    shown = Shown(
        occasion=occasion,
        browser=browser,
        sealed=query.get("request", ""),
        username=journey.name or (asked.login_hint if asked else ""),
        link=query.get("link", ""),
        was_idle=_is_idle(occasion, site),
    )
    response = show_step(step, shown, site=site)
    if is_new:
        remember_browser(response, browser, site)
    return response


async def post(request: Request, site: Site) -> Response:
    """Judge what was sent; lead on with 303 to the next step, or with the cookies to where the person was going."""
    form = await params.read_form(request, limit=LIMIT, keep_empty=("username", "password"))
    browser = check_form_post(request, form, browser=browser_id(request, site), rt=site.rt)
    asked, client = await _asked(form.get("request"), browser, request, site)
    occasion = replace(
        await _occasion(asked, client, request, site),
        resume=lambda journey: site.rt.issuer + _address(journey, form.get("request", ""), browser, site),
    )
    journey = Journey()
    if form.get("journey"):
        bound = binding(browser, form.get("request", ""))
        journey = unseal_journey(form["journey"], browser=bound, rt=site.rt, now=site.rt.clock())
    shown = Shown(
        occasion=occasion, browser=browser, sealed=form.get("request", ""), username=form.get("username", "")[:254]
    )
    try:
        outcome = await _step(form, journey, occasion, browser=browser, request=request, site=site)
    except (AccessDenied, TooManyTries, Busy, InvalidRequest, StillWaiting) as refusal:
        denial_id = await recorded(refusal, request, site) if not isinstance(refusal, StillWaiting) else None
        if refusal.advice == STUCK:
            return responses.refusal(refusal, kind="page", site=site, denial_id=denial_id)
        again = _answered(form, browser, site) if "enrol" in form else None
        step = await offer(journey, occasion, may_send=False, again=again, rt=site.rt, caller=site.caller(request))
        return show_step(step, replace(shown, problem=refusal, denial_id=denial_id), site=site)
    except UnmetAuthenticationRequirements as refusal:
        if asked is None:
            raise
        denial_id = await recorded(refusal, request, site)
        return responses.see_other(
            send_error(refusal, redirect_uri=asked.redirect_uri, state=asked.state, rt=site.rt, denial_id=denial_id).url
        )
    if isinstance(outcome, SignedIn):
        return await _arrived(outcome, occasion, request, site)
    return _to_step(outcome, shown, site)


async def _step(
    form: dict[str, str], journey: Journey, occasion: Occasion, *, browser: str, request: Request, site: Site
) -> SignedIn | Journey:
    """Take what was sent as the answer to a step, or as the wish for another one."""
    rt, caller = site.rt, site.caller(request)
    name = form.get("username", "")
    if (wish := form.get("with")) is not None:
        # A name was typed, and a mail to it begun or not: nothing is proven, so the time tells nothing either.
        request.state.even = journey.proved_user is None
        chosen = replace(journey, name=name or journey.name, choice=wish, pending=None)
        return (await offer(chosen, occasion, may_send=True, rt=rt, caller=caller)).journey
    asked = _challenge_in(form, browser, site)
    method = form.get("method", "password")
    response = {field: value for field, value in form.items() if field not in _OURS}
    outcome: SignedIn | NextStep
    if "enrol" in form and asked is not None and journey.proved_user is not None:
        user = await rt.store.read.users.get(journey.proved_user)
        if user is None:
            raise AccessDenied(STUCK, detail="the user is gone", advice=STUCK)
        try:
            addition = await finish_enrolment(
                method, user, asked, response, label=form.get("label", ""), rt=rt, caller=caller
            )
        except NotFound as error:
            raise InvalidRequest(str(error)) from None
        outcome = await sign_in_by_enrolling(addition, journey, occasion, rt=rt, caller=caller)
    else:
        attempt = SignInTry(
            name=name,
            method=method,
            response=response,
            journey=journey,
            asked=asked if asked is not None and asked.authenticator == method else None,
        )
        outcome = await sign_in(attempt, occasion, rt=rt, caller=caller)
    if isinstance(outcome, SignedIn):
        return outcome
    return (await offer(outcome.journey, occasion, may_send=True, rt=rt, caller=caller)).journey


def _challenge_in(form: dict[str, str], browser: str, site: Site) -> Asked | None:
    if not form.get("challenge"):
        return None
    return unseal_challenge(
        form["challenge"], browser=binding(browser, form.get("request", "")), rt=site.rt, now=site.rt.clock()
    )


def _answered(form: dict[str, str], browser: str, site: Site) -> Asked | None:
    """The challenge of a form that was refused, unless it was refused for its challenge."""
    try:
        return _challenge_in(form, browser, site)
    except InvalidRequest:
        return None


async def _from_session(occasion: Occasion, request: Request, site: Site) -> Journey:
    """A session that is fresh enough, but proved too little, is gone on from; else everything is asked anew."""
    session, asked, now = occasion.previous, occasion.request, site.rt.clock()
    if session is None or asked is None or _is_idle(occasion, site):
        return Journey()
    user = await site.rt.store.read.users.get(session.user_id)
    if user is None:
        return Journey()
    plan = await plan_of(user, occasion, rt=site.rt, caller=site.caller(request))
    proofs = proofs_of_session(session)
    if not is_fresh(session, asked, plan, now=now) or not isinstance(plan.next(proofs), Ask):
        return Journey()
    return Journey(
        name=user.username, user_id=user.id, given=tuple(Given(proof, now, session=session.id) for proof in proofs)
    )


def _is_idle(occasion: Occasion, site: Site) -> bool:
    before, rt = occasion.previous, site.rt
    return before is not None and before.is_idle(rt.clock(), idle_s=rt.session_idle_s)


async def _arrived(signed_in: SignedIn, occasion: Occasion, request: Request, site: Site) -> Response:
    if occasion.request is None or occasion.client is None:
        response = back_from_sign_in(request, site=site)
    else:
        asked, caller = occasion.request, site.caller(request)
        if signed_in.device is not None:
            # From here on this browser is one that the person signed in with.
            device = DeviceCookie(signed_in.user.id, signed_in.device, stands=True)
            caller = request.state.caller = replace(caller, device=device)
        try:
            step = await proceed(
                after_sign_in(asked), client=occasion.client, session=signed_in.session, rt=site.rt, caller=caller
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


def _to_step(journey: Journey, shown: Shown, site: Site) -> Response:
    return responses.see_other(_address(journey, shown.sealed, shown.browser, site))


def _address(journey: Journey, sealed_request: str, browser: str, site: Site) -> str:
    """Where a journey goes on."""
    sealed = seal_journey(journey, browser=binding(browser, sealed_request), rt=site.rt, now=site.rt.clock())
    return f"/sign-in?{urlencode(({'request': sealed_request} if sealed_request else {}) | {'journey': sealed})}"


async def _occasion(
    asked: AuthorizationRequest | None, client: Client | None, request: Request, site: Site
) -> Occasion:
    full = asked is None and wants_full(request, site=site)
    return Occasion(request=asked, client=client, previous=await site.session_to_end_or_renew(request), full=full)


async def _asked(
    sealed: str | None, browser: str, request: Request, site: Site
) -> tuple[AuthorizationRequest | None, Client | None]:
    if not sealed:
        return None, None
    asked = unseal_request(sealed, browser=browser, rt=site.rt, now=site.rt.clock())
    return asked, await resume(asked, rt=site.rt, caller=site.caller(request))


def _set_cookies(response: Response, signed_in: SignedIn, request: Request, site: Site) -> None:
    if signed_in.cookie is not None:
        set_cookie(response, site.cookies.session, signed_in.cookie, secure=site.cookies.secure)
    known = open_device(request.cookies.get(site.cookies.device), rt=site.rt)
    if signed_in.device is not None and known != DeviceCookie(signed_in.user.id, signed_in.device):
        device = seal_device(signed_in.user.id, signed_in.device, rt=site.rt)
        set_cookie(response, site.cookies.device, device, secure=site.cookies.secure, max_age_s=DEVICE_COOKIE_S)
