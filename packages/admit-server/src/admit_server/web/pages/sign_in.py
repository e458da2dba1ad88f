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
    StillWaiting,
    TooManyTries,
    UnmetAuthenticationRequirements,
)
from ...domain.journey import Ask
from ...flows.authorize import is_fresh, resume, send_error
from ...flows.journeys.enrolment import finish_enrolment
from ...flows.journeys.planning import proofs_of_session
from ...flows.journeys.state import Asked, Given, Journey, seal_journey, unseal_challenge, unseal_journey
from ...flows.journeys.steps import STUCK, offer, plan_of
from ...flows.new_session import Occasion, SignedIn
from ...flows.sealed_request import unseal_request
from ...flows.sign_in import NextStep, SignInTry, sign_in, sign_in_by_enrolling
from .. import params, responses
from ..refused import recorded
from ..security import check_form_post
from ..site import Site
from .arriving import arrived
from .browser import browser_id, browser_id_or_new, journeys_id, remember_browser, remember_journeys
from .returning import wants_full
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
    shown = Shown(
        occasion=occasion,
        browser=browser,
        journeys=journeys_id(request, site),
        sealed=query.get("request", ""),
        link=query.get("link", ""),
        was_idle=_is_idle(occasion, site),
    )
    if (sealed := query.get("journey")) is not None:
        try:
            journey = unseal_journey(sealed, browser=shown.bound, rt=site.rt, now=site.rt.clock())
        except InvalidRequest as refusal:
            # As by a step back after a sign-out: the page is still good, and begins as it did the first time.
            journey, denial_id = Journey(), await recorded(refusal, request, site)
            shown = replace(shown, problem=refusal, denial_id=denial_id)
    else:
        journey = Journey() if "anew" in query else await _from_session(occasion, request, site)
    shown = replace(shown, username=journey.name or (asked.login_hint if asked else ""))
    step = await offer(journey, occasion, may_send=False, rt=site.rt, caller=site.caller(request))
    response = show_step(step, shown, site=site)
    if is_new:
        remember_browser(response, browser, site)
    remember_journeys(response, request, site)
    return response


async def post(request: Request, site: Site) -> Response:
    """Judge what was sent; lead on with 303 to the next step, or with the cookies to where the person was going."""
    response = await _judged(request, site)
    remember_journeys(response, request, site)
    return response


async def _judged(request: Request, site: Site) -> Response:
    form = await params.read_form(request, limit=LIMIT, keep_empty=("username", "password"))
    browser = check_form_post(request, form, browser=browser_id(request, site), rt=site.rt)
    asked, client = await _asked(form.get("request"), browser, request, site)
    occasion = replace(
        await _occasion(asked, client, request, site),
        resume=lambda journey: site.rt.issuer + _address(journey, shown, site),
    )
    shown = Shown(
        occasion=occasion,
        browser=browser,
        journeys=journeys_id(request, site),
        sealed=form.get("request", ""),
        username=form.get("username", "")[:254],
    )
    journey = Journey()
    try:
        if form.get("journey"):
            journey = unseal_journey(form["journey"], browser=shown.bound, rt=site.rt, now=site.rt.clock())
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
        return await arrived(outcome, occasion, request, site)
    return responses.see_other(_address(outcome, shown, site))


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


def _address(journey: Journey, shown: Shown, site: Site) -> str:
    """Where a journey goes on."""
    sealed = seal_journey(journey, browser=shown.bound, rt=site.rt, now=site.rt.clock())
    return f"/sign-in?{urlencode(({'request': shown.sealed} if shown.sealed else {}) | {'journey': sealed})}"


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
