"""The ids of a browser: its own binds forms and sign-ins in progress to it; that of its journeys lasts until it signs out."""

import re

from starlette.requests import Request
from starlette.responses import Response

from ..security import set_cookie
from ..site import Site

_ID = re.compile(r"[0-9a-f]{32}\Z")


def browser_id(request: Request, site: Site) -> str | None:
    """The id that this browser sent back; None for none, or one that is not of our making."""
    value = request.cookies.get(site.cookies.browser, "")
    return value if _ID.match(value) else None


def browser_id_or_new(request: Request, site: Site) -> tuple[str, bool]:
    """The id, and whether it is new and has to be set."""
    known = browser_id(request, site)
    return (known, False) if known else (site.rt.entropy(16).hex(), True)


def remember_browser(response: Response, browser: str, site: Site) -> None:
    """Set the id for this browser session."""
    set_cookie(response, site.cookies.browser, browser, secure=site.cookies.secure)


def journeys_id(request: Request, site: Site) -> str:
    """The id under which this browser's journeys are sealed; a new one where it has none, which `remember_journeys` has to set."""
    value = request.cookies.get(site.cookies.journeys, "")
    if _ID.match(value):
        return value
    made: str | None = getattr(request.state, "journeys", None)
    if made is None:
        made = request.state.journeys = site.rt.entropy(16).hex()
    return made


def remember_journeys(response: Response, request: Request, site: Site) -> None:
    """Set the id that `journeys_id` made in this request, if it made one."""
    made: str | None = getattr(request.state, "journeys", None)
    if made is not None:
        set_cookie(response, site.cookies.journeys, made, secure=site.cookies.secure)


def forget_journeys(response: Response, site: Site) -> None:
    """Another id: what was proved on the way to a sign-in that is not finished counts no more, in any tab.

    The browser's own id stays, and with it the forms and requests of other tabs: they begin anew where they are.
    """
    set_cookie(response, site.cookies.journeys, site.rt.entropy(16).hex(), secure=site.cookies.secure)
