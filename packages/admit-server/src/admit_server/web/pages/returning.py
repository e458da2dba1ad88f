"""Where a sign-in leads back to: a page of ours for the person, never anywhere else.

A short-lived cookie carries the path, so that it survives every step of a sign-in and links in mails, and nothing from outside can set it.
"""

import re

from starlette.requests import Request
from starlette.responses import Response

from .. import responses
from ..security import clear_cookie, set_cookie
from ..site import Site

# A path below /account, and nothing that a browser could read as anything else: no host, no scheme, no dots, no query.
_OWN_PAGE = re.compile(r"/account(?:/[a-z]+(?:-[a-z]+)*){0,2}")
_LASTS_S = 900
_FULL = "!"


def own_page(text: str | None) -> str | None:
    """The path, if it is that of a page for signed-in people; None for anything else (RFC 9700 section 4.11: no open redirect)."""
    return text if text and len(text) <= 64 and _OWN_PAGE.fullmatch(text) else None


def to_sign_in(path: str, *, full: bool = False, site: Site) -> Response:
    """To the sign-in, and from there back to a page of ours. `full`: as strong as the person can make it."""
    response = responses.see_other("/sign-in")
    if (back := own_page(path)) is not None:
        set_cookie(
            response, site.cookies.back, back + (_FULL if full else ""), secure=site.cookies.secure, max_age_s=_LASTS_S
        )
    return response


def back_from_sign_in(request: Request, *, site: Site) -> Response:
    """To the page from which somebody was led to the sign-in; to their account where there is none."""
    cookie = request.cookies.get(site.cookies.back)
    response = responses.see_other(own_page((cookie or "").removesuffix(_FULL)) or "/account")
    if cookie is not None:
        clear_cookie(response, site.cookies.back, secure=site.cookies.secure)
    return response


def wants_full(request: Request, *, site: Site) -> bool:
    """Whether the page from which somebody was led to the sign-in wants the strongest sign-in that they can give."""
    return request.cookies.get(site.cookies.back, "").endswith(_FULL)
