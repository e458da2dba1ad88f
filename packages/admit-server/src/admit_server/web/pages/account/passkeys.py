"""`/account/passkeys`: a person's passkeys and security keys: add, name, remove."""

from starlette.requests import Request
from starlette.responses import Response

from ....domain.account import SignInTooOld
from ....domain.errors import AccessDenied, AdministrationError, InvalidRequest
from ....domain.times import in_words
from ....flows.account import credentials
from ....flows.journeys.enrolment import add_credential, begin_enrolment, finish_enrolment
from ....flows.journeys.full import require_full_sign_in
from ....flows.journeys.state import seal_challenge, unseal_challenge
from ... import responses
from ...refused import recorded
from ...site import Site
from .entering import Visit, enter, enter_with_form
from .renaming import rename_or_remove

NAME, HERE = "passkey", "/account/passkeys"
# An attestation with its certificates, percent-encoded.
LIMIT = 131_072


async def show(request: Request, site: Site) -> Response:
    """The list, and the way to add one."""
    visit = await enter(request, site)
    return await _page(visit) if isinstance(visit, Visit) else visit


async def post(request: Request, site: Site) -> Response:
    """Add, name or remove one."""
    entered = await enter_with_form(request, site, limit=LIMIT)
    if isinstance(entered, Response):
        return entered
    visit, form = entered
    try:
        done = await rename_or_remove(visit, form, here=HERE, authenticator=NAME)
        if done is None:
            done = await _add(visit, form, request)
    except SignInTooOld:
        return visit.prove_again(full=True)
    except AdministrationError as error:
        return await _page(visit, problem=str(error), status=400)
    except AccessDenied as refusal:
        await recorded(refusal, request, site)
        return await _page(visit, problem=refusal.advice or str(refusal), status=400)
    return done


async def _add(visit: Visit, form: dict[str, str], request: Request) -> Response:
    rt, caller = visit.site.rt, visit.site.caller(request)
    await require_full_sign_in(visit.session, rt=rt)
    if not form.get("challenge"):
        raise InvalidRequest("The form was not sent as it was shown.")
    asked = unseal_challenge(form["challenge"], browser=visit.browser, rt=rt, now=rt.clock())
    response = {"response": form.get("response", "")}
    addition = await finish_enrolment(
        NAME, visit.user, asked, response, label=form.get("label", ""), rt=rt, caller=caller
    )
    added = await add_credential(addition, shown_in=visit.session, rt=rt, caller=caller)
    return visit.with_cookie(responses.see_other(HERE), added.cookie)


async def _page(visit: Visit, *, problem: str = "", status: int = 200) -> Response:
    rt, user = visit.site.rt, visit.user
    own = await credentials.of_person(user.id, NAME, rt=rt) if NAME in rt.authenticators else []
    public, challenge, full = None, "", ""
    if NAME in rt.authenticators and visit.is_proven:
        try:
            pending = await begin_enrolment(NAME, user, rt=rt, now=rt.clock())
        except AccessDenied as refusal:
            full = refusal.advice or str(refusal)
        else:
            public = pending.challenge.public
            challenge = seal_challenge(pending, user_id=user.id, browser=visit.browser, rt=rt, now=rt.clock())
    return visit.page(
        "account/passkeys.html",
        http_status=status,
        script="passkey.js" if public else None,
        problem=problem,
        offered=NAME in rt.authenticators,
        full=full,
        public=public,
        challenge=challenge,
        here=HERE,
        own=[
            {
                "id": each.credential.id,
                "label": each.credential.label or "Passkey",
                "since": in_words(each.credential.created_at),
                "used": in_words(each.credential.last_used_at) if each.credential.last_used_at else "",
                "is_last": each.is_last,
            }
            for each in own
        ],
    )
