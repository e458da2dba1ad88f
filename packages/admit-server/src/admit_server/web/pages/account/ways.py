"""`/account/ways`: a person's ways to sign in: name one, remove one."""

from starlette.requests import Request
from starlette.responses import Response

from ....authenticators.api import Enrolling
from ....domain.account import SignInTooOld
from ....domain.errors import AdministrationError, InvalidRequest
from ....domain.times import in_words as day
from ....flows.account import credentials
from ...site import Site
from .entering import Visit, enter, enter_with_form
from .renaming import rename_or_remove

# Where each of them is set up; a stranger's authenticator is set up at sign-in.
_SET_UP = {
    "password": ("Set a new password", "/account/password"),
    "passkey": ("Add a passkey or security key", "/account/passkeys"),
    "totp": ("Add an authenticator app", "/account/totp"),
    "recovery_codes": ("Make recovery codes", "/account/recovery-codes"),
}
_CAN_BE_LOST = frozenset({"passkey", "totp"})


async def show(request: Request, site: Site) -> Response:
    """The list."""
    visit = await enter(request, site)
    return await _page(visit) if isinstance(visit, Visit) else visit


async def post(request: Request, site: Site) -> Response:
    """Name one, or remove one."""
    entered = await enter_with_form(request, site)
    if isinstance(entered, Response):
        return entered
    visit, form = entered
    try:
        done = await rename_or_remove(visit, form, here="/account/ways")
    except SignInTooOld:
        return visit.prove_again(full=True)
    except credentials.NotSure as error:
        return visit.page("account/remove_way.html", http_status=409, problem=str(error), remove=form.get("remove", ""))
    except AdministrationError as error:
        return await _page(visit, problem=str(error), status=400)
    if done is None:
        raise InvalidRequest("The form was not sent as it was shown.")
    return done


async def _page(visit: Visit, *, problem: str = "", status: int = 200) -> Response:
    rt = visit.site.rt
    own = await credentials.of_person(visit.user.id, rt=rt)
    return visit.page(
        "account/ways.html",
        http_status=status,
        problem=problem,
        ways=[row(each) for each in own],
        needs_codes="recovery_codes" in rt.authenticators
        and bool(_CAN_BE_LOST & (kinds := {each.credential.authenticator for each in own}))
        and "recovery_codes" not in kinds,
        offered=[
            _SET_UP[name]
            for name, each in rt.authenticators.items()
            if name in _SET_UP and (isinstance(each, Enrolling) or name == "password")
        ],
    )


def row(own: credentials.OwnCredential) -> dict[str, object]:
    """One of them, as pages tell it."""
    kept = own.credential
    return {
        "id": kept.id,
        "kind": kept.authenticator,
        "name": own.name,
        "label": kept.label,
        "added": day(kept.created_at),
        "used": day(kept.last_used_at) if kept.last_used_at else "",
        "stays": own.removal == "last",
    }
