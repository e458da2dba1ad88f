"""What the pages of ways to sign in have in common: naming one, and removing one."""

from starlette.responses import Response

from ....domain.methods import method_in_words
from ....flows.account import credentials
from ... import responses
from .entering import Visit


async def rename_or_remove(
    visit: Visit, form: dict[str, str], *, here: str, authenticator: str | None = None
) -> Response | None:
    """Do what a form asks for; None: it asks for neither.

    Args:
        visit: Who.
        form: `rename` or `remove` hold the id of a credential; `label` its new name, `sure` the second word.
        here: The page of the list.
        authenticator: Of which it has to be, to be removed; None: any.

    Raises:
        SignInTooOld: As `credentials.remove`.
        AdministrationError: As `credentials.rename` and `credentials.remove`.
    """
    rt, caller, current = visit.site.rt, visit.site.caller(visit.request), visit.session
    if "rename" in form:
        await credentials.rename(form["rename"], form.get("label", ""), current=current, rt=rt, caller=caller)
        return responses.see_other(here)
    if "remove" not in form:
        return None
    gone = await credentials.remove(
        form["remove"], authenticator, sure="sure" in form, current=current, rt=rt, caller=caller
    )
    # ASVS 5.0 7.4.3: both show the option to end all other sessions after a factor was removed.
    if authenticator is not None:
        # The list itself: that of passkeys tells the browser which are left.
        return responses.see_other(f"{here}?removed=now")
    return visit.page("account/way_removed.html", name=method_in_words(gone.authenticator, gone.label))
