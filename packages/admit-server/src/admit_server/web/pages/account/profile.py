"""`/account/profile`: who one is here, and the e-mail addresses."""

from starlette.requests import Request
from starlette.responses import Response

from ....domain.account import SignInTooOld
from ....domain.errors import AdministrationError, InvalidRequest
from ....domain.times import in_words as day
from ....flows import addresses
from ....flows.journeys.full import require_full_sign_in
from ....flows.people import addresses_of
from ... import responses
from ...site import Site
from .entering import Visit, enter, enter_with_form


async def show(request: Request, site: Site) -> Response:
    """User name, roles and addresses."""
    visit = await enter(request, site)
    return await _page(visit) if isinstance(visit, Visit) else visit


async def post(request: Request, site: Site) -> Response:
    """Add, verify again, prefer or remove an address."""
    entered = await enter_with_form(request, site)
    if isinstance(entered, Response):
        return entered
    visit, form = entered
    rt, caller, user, current = site.rt, site.caller(request), visit.user, visit.session
    try:
        # ASVS 5.0 7.5.1: an address can be a way back into the account.
        await require_full_sign_in(current, rt=rt)
        if "add" in form:
            await addresses.add(user, form.get("add", ""), current=current, rt=rt, caller=caller)
            return await _page(visit, sent_to=form["add"])
        if "main" in form:
            await addresses.make_main(user, form["main"], current=current, rt=rt, caller=caller)
        elif "remove" in form:
            await addresses.remove(user, form["remove"], current=current, rt=rt, caller=caller)
        else:
            raise InvalidRequest("The form was not sent as it was shown.")
    except SignInTooOld:
        return visit.prove_again(full=True)
    except AdministrationError as error:
        return await _page(visit, problem=str(error), status=400)
    return responses.see_other("/account/profile")


async def _page(visit: Visit, *, sent_to: str = "", problem: str = "", status: int = 200) -> Response:
    rt = visit.site.rt
    return visit.page(
        "account/profile.html",
        http_status=status,
        problem=problem,
        sent_to=sent_to,
        can_add=rt.mailer.on,
        roles=visit.user.roles,
        since=day(visit.user.created_at),
        addresses=[
            {
                "address": each.address,
                "is_main": each.is_main,
                "verified": day(each.verified_at) if each.verified_at is not None else "",
            }
            for each in await addresses_of(visit.user, tx=rt.store.read)
        ],
    )
