"""How a step of a sign-in looks: its fields, what may be taken instead, and the way back."""

import hashlib
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlencode, urlsplit

from jinja2 import TemplateNotFound
from starlette.responses import Response

from ...domain.errors import AccessDenied, Busy, InvalidRequest, ProtocolError, StillWaiting, TooManyTries
from ...domain.times import about, duration
from ...domain.times import in_words as day
from ...domain.user import User
from ...flows.authorize import send_error
from ...flows.journeys.state import Journey, Pending, seal_challenge, seal_journey
from ...flows.journeys.steps import Step
from ...flows.new_session import Occasion
from ..security import form_token
from ..site import PRODUCT, Site, templates
from .lost import lost

# What people call the authenticators; a stranger's one goes by its name.
WORDS = {
    "password": "your password",
    "passkey": "a passkey or security key",
    "totp": "a code from an app",
    "recovery_codes": "a recovery code",
    "email_code": "a code by e-mail",
    "webhook": "another way",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a step is shown with.

    Attributes:
        occasion: For what somebody signs in.
        browser: The id of the browser.
        journeys: That of its journeys.
        sealed: The sealed authorization request.
        username: What the field of the user name holds.
        problem: What went wrong with the answer before.
        denial_id: Under which that was written down.
        link: The secret of a link that was mailed: it is spent by a post, since programs open links as well.
        was_idle: This browser was signed in, and was not used for too long.
    """

    occasion: Occasion
    browser: str
    journeys: str
    sealed: str = ""
    username: str = ""
    problem: ProtocolError | None = None
    denial_id: str | None = None
    link: str = ""
    was_idle: bool = False

    @property
    def bound(self) -> str:
        """To what a journey is sealed: browser and request, as challenges are, and the time until the browser's next sign-out."""
        return f"{binding(self.browser, self.sealed)}/{self.journeys}"


def binding(browser: str, sealed_request: str) -> str:
    """To what a challenge is sealed: one browser, and the very request that it is for."""
    return f"{browser}/{hashlib.sha256(sealed_request.encode()).hexdigest()[:32]}"


def show_step(step: Step, shown: Shown, *, site: Site) -> Response:
    """The page of a step."""
    rt, now, asked, client = site.rt, site.rt.clock(), shown.occasion.request, shown.occasion.client
    cancel = None
    if asked is not None:
        # RFC 6749 section 4.1.2.1: access_denied is what the client learns when the person turns back.
        cancel = send_error(AccessDenied(), redirect_uri=asked.redirect_uri, state=asked.state, rt=rt).url
    anew = urlencode({"request": shown.sealed, "anew": "1"} if shown.sealed else {"anew": "1"})
    forms = [_form(each, step, shown, site=site) for each in (step.pending, *step.beside) if each is not None]
    response = site.page(
        "sign_in.html",
        http_status=_status(shown.problem),
        redirect_uri=asked.redirect_uri if asked else None,
        # Only where a passkey can be given does a script run on the page with the password (decision 36).
        script="passkey.js" if any(form["kind"] == "passkey" for form in forms) else None,
        client_name=client.name if client else PRODUCT,
        for_client=client is not None,
        form_url="/sign-in",
        request=shown.sealed,
        journey=seal_journey(step.journey, browser=shown.bound, rt=rt, now=now) if step.journey != Journey() else "",
        form_token=form_token(shown.browser, rt=rt),
        username=shown.username,
        mail=rt.mailer.on,
        problem=_words(shown.problem) if shown.problem is not None else None,
        denial_id=shown.denial_id,
        cancel_url=cancel,
        forms=forms,
        # It needs a name first, or a word that something may be sent.
        begin=None if step.pending is not None else {"method": step.method, "words": _called(step.method)},
        # What was sent can get lost; each time counts towards how much may be sent.
        send_again=step.method if step.journey.pending is not None else None,
        others=[{"method": name, "words": _called(name)} for name in step.others],
        failing=bool(step.failing),
        whose=whose(step.user, site=site) if step.user is not None else None,
        lost=lost(step, called=_called, rt=rt),
        signing_in_as=step.user.username if step.user is not None else None,
        knows_name=bool(step.journey.name) or step.user is not None,
        anew_url=f"/sign-in?{anew}",
        forgot_url="/forgot" if rt.mailer.on and any(form["kind"] == "password" for form in forms) else None,
        register_url="/sign-up" if rt.registration_open and rt.mailer.on else None,
        enrol=step.enrol,
        idle_after=duration(rt.session_idle_s) if shown.was_idle and not step.journey.given else None,
        link=shown.link if step.journey.pending is not None else "",
    )
    if isinstance(shown.problem, TooManyTries | Busy | StillWaiting):
        response.headers["Retry-After"] = str(shown.problem.retry_after_s)
    return response


def _form(pending: Pending, step: Step, shown: Shown, *, site: Site) -> dict[str, Any]:
    challenge = pending.challenge
    return {
        "method": pending.authenticator,
        "kind": challenge.kind,
        "needs_name": not site.rt.authenticators[pending.authenticator].names_the_person,
        "template": _template(challenge.kind, enrol=step.enrol),
        "fields": challenge.fields,
        "public": challenge.public,
        "words": _called(pending.authenticator),
        "challenge": seal_challenge(
            pending,
            user_id=step.journey.proved_user,
            browser=binding(shown.browser, shown.sealed),
            rt=site.rt,
            now=site.rt.clock(),
        )
        if challenge.state or step.enrol
        else "",
    }


@cache
def _template(kind: str, *, enrol: bool) -> str:
    """The fragment that draws a kind of challenge; a stranger's kind is drawn as plain fields."""
    stem = "enrol" if enrol else "step"
    name = f"{stem}_{kind}.html"
    try:
        templates().get_template(name)
    except TemplateNotFound:
        return "step_fields.html"
    return name


def _called(method: str) -> str:
    return WORDS.get(method, method.replace("_", " "))


def whose(user: User, *, site: Site) -> dict[str, str]:
    """What stands on a paper with recovery codes, so that it is known later what they are for."""
    rt = site.rt
    return {"name": user.username, "at": urlsplit(rt.issuer).netloc, "on": day(rt.clock())}


def _status(problem: ProtocolError | None) -> int:
    match problem:
        case None | StillWaiting():
            return 200
        case InvalidRequest():
            return 400
    return problem.status


def _words(problem: ProtocolError) -> str:
    if isinstance(problem, TooManyTries):
        return f"Too many tries. Wait {about(problem.retry_after_s)} and try again."
    return problem.advice or "That did not work. Try again."
