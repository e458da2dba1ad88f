"""`/consent`: a client that is not of this organisation needs the person's word, and so does every transaction."""

import hmac
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ...domain.authorization_request import AuthorizationRequest
from ...domain.client import Client, Resource
from ...domain.errors import AccessDenied, InvalidRequest, ProtocolError
from ...domain.scopes import in_words
from ...domain.session import Session
from ...flows.authorize import AskConsent, AskSignIn, grant_code, plan_of_session, resume, send_error, suffices
from ...flows.role_scopes import permitted
from ...flows.sealed_request import unseal_request
from .. import params, responses
from ..refused import recorded
from ..security import check_form_post, form_token
from ..site import Site
from .authorize import to_next_page
from .browser import browser_id

LIMIT = 16_384


async def show(request: Request, site: Site) -> Response:
    """Who asks, and for what, in plain words."""
    sealed = params.read_query(request).get("request", "")
    browser = _browser(request, site)
    asked, client, session = await _asked(sealed, browser, request, site)
    if session is None:
        return to_next_page(AskSignIn(asked, client), request, site)
    resource = await site.rt.store.read.resources.get(asked.audience)
    read = site.rt.store.read
    user = await read.users.get(session.user_id)
    # Nobody is asked to agree to what they would not get.
    given = await permitted(read, site.rt, user=user, audience=asked.audience, scopes=asked.scopes)
    return site.page(
        "approve.html" if asked.transaction else "consent.html",
        **_to_approve(asked, resource),
        redirect_uri=asked.redirect_uri,
        client_name=client.name,
        username=user.username if user else "",
        wishes=_wishes(replace(asked, scopes=given), resource),
        form_url="/consent",
        request=sealed,
        form_token=form_token(browser, rt=site.rt),
        person=_mark(session, site),
    )


async def post(request: Request, site: Site) -> Response:
    """Allow or deny."""
    form = await params.read_form(request, limit=LIMIT)
    browser = check_form_post(request, form, browser=browser_id(request, site), rt=site.rt)
    asked, client, session = await _asked(form.get("request", ""), browser, request, site)
    if session is None:
        return to_next_page(AskSignIn(asked, client), request, site)
    if not hmac.compare_digest(form.get("person", "").encode(), _mark(session, site).encode()):
        # Somebody else signed in while the page was open: nobody agrees to what was shown to another.
        return to_next_page(AskConsent(asked, client, session), request, site)
    caller = site.caller(request)
    try:
        if form.get("decision") != "allow":
            caller.trail.failed("consent", "given", "the person said no")
            raise AccessDenied("The person did not agree.")
        step = await grant_code(asked, client=client, session=session, rt=site.rt, caller=caller)
    except ProtocolError as error:
        if not error.may_redirect:
            raise
        denial_id = await recorded(error, request, site)
        step = send_error(error, redirect_uri=asked.redirect_uri, state=asked.state, rt=site.rt, denial_id=denial_id)
    return responses.see_other(step.url)


def _mark(session: Session, site: Site) -> str:
    """Whose word the page asks for; means nothing outside."""
    return site.rt.vault.mac("consent of", session.user_id.encode()).hex()


def _browser(request: Request, site: Site) -> str:
    browser = browser_id(request, site)
    if browser is None:
        text = "Your browser did not send back our cookie. Allow cookies for this address and begin again."
        raise InvalidRequest(text, detail="no browser cookie", advice=text)
    return browser


async def _asked(
    sealed: str, browser: str, request: Request, site: Site
) -> tuple[AuthorizationRequest, Client, Session | None]:
    now = site.rt.clock()
    asked = unseal_request(sealed, browser=browser, rt=site.rt, now=now)
    caller = site.caller(request)
    client, session = await resume(asked, rt=site.rt, caller=caller), await site.session(request)
    caller.trail.about_session(session)
    # The request may come from the sign-in page, carried here by hand: whoever has to prove it anew can't do so by consenting.
    if session is not None:
        plan = await plan_of_session(session, request=asked, client=client, rt=site.rt, caller=caller)
        if not suffices(session, asked, plan, now=now):
            session = None
    return asked, client, session


def _to_approve(asked: AuthorizationRequest, resource: Resource | None) -> dict[str, Any]:
    """The transaction as the person reads it: the sentence of its type, and every value.

    Raises:
        AccessDenied: The type was removed meanwhile.
    """
    if asked.transaction is None:
        return {}
    kind = resource.transactions.get(asked.transaction.type) if resource else None
    if kind is None or kind.names - {name for name, _ in asked.transaction.values}:
        raise AccessDenied("This kind of transaction is not known any more.", detail="its type was removed or changed")
    return {"sentence": asked.transaction.sentence(kind.text), "values": asked.transaction.values}


def _wishes(asked: AuthorizationRequest, resource: Resource | None) -> list[str]:
    return in_words(asked.scopes, resource.scopes if resource else {})
