"""The browser's own id: binds a sign-in in progress, and its forms, to one browser."""

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
