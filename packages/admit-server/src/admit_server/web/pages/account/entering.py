"""Who comes to a page of the account, and the frame that all of these pages have."""

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ....domain.account import SignInTooOld, is_fresh
from ....domain.session import Session
from ....domain.user import User
from ....flows.journeys.full import require_full_sign_in
from ... import params
from ...security import check_form_post, form_token, set_cookie
from ...site import Site
from ..browser import browser_id, browser_id_or_new, remember_browser
from ..returning import to_sign_in

LIMIT = 16_384
# The parts of the account, in the order of the navigation.
PARTS = (
    ("/account", "Overview"),
    ("/account/profile", "Profile"),
    ("/account/ways", "Ways to sign in"),
    ("/account/sessions", "Sessions"),
    ("/account/apps", "Connected apps"),
    ("/account/tokens", "Personal tokens"),
    ("/account/activity", "Recent activity"),
    ("/account/data", "Your data"),
)
# Pages to which that of the ways to sign in leads.
_WAYS = ("/account/passkeys", "/account/totp", "/account/recovery-codes", "/account/password")
# Pages whose changes need a full sign-in, and not only a fresh one.
_FULL = (
    "/account/profile",
    "/account/ways",
    "/account/passkeys",
    "/account/totp",
    "/account/recovery-codes",
    "/account/password",
    "/account/tokens",
)


@dataclass(frozen=True, slots=True)
class Visit:
    """A signed-in person at a page of their account.

    Attributes:
        browser: Binds the forms; `is_new`: it has to be set.
        is_proven: The sign-in is recent enough, and strong enough, for what this page changes.
    """

    request: Request
    site: Site
    user: User
    session: Session
    browser: str
    is_new: bool
    is_proven: bool

    def page(self, template: str, *, http_status: int = 200, **context: Any) -> Response:
        """Render a page of the account."""
        site, path = self.site, self.request.scope["path"]
        response = site.page(
            template,
            http_status=http_status,
            username=self.user.username,
            parts=[(url, text, _current(url, path)) for url, text in PARTS],
            # Null where the sign-in is good enough for what this page offers.
            removed="removed" in self.request.query_params,
            prove_url=None if self.is_proven else f"{path}?prove=now",
            form_token=form_token(self.browser, rt=site.rt),
            **context,
        )
        if self.is_new:
            remember_browser(response, self.browser, site)
        return response

    def with_cookie(self, response: Response, cookie: str | None) -> Response:
        """The response, with the new cookie of the session where there is one."""
        if cookie is not None:
            set_cookie(response, self.site.cookies.session, cookie, secure=self.site.cookies.secure)
        return response

    def prove_again(self, *, full: bool = False) -> Response:
        """To a fresh sign-in, and back to this page. `full`: as strong as the person can make it, also where the page alone needs less."""
        path = self.request.scope["path"]
        return to_sign_in(path, full=full or _wants_full(path), site=self.site)


def _wants_full(path: str) -> bool:
    return path.removesuffix("/add") in _FULL


async def _is_proven(path: str, session: Session, site: Site) -> bool:
    if not _wants_full(path):
        return is_fresh(session, site.rt.account, now=site.rt.clock())
    try:
        await require_full_sign_in(session, rt=site.rt)
    except SignInTooOld:
        return False
    return True


def _current(part: str, path: str) -> str:
    """The `aria-current` of a part of the navigation (WAI-ARIA 1.2 section 6.6): this very page, or the part that it belongs to."""
    if part == path:
        return "page"
    return "true" if part == "/account/ways" and path.removesuffix("/add") in _WAYS else ""


async def enter(request: Request, site: Site, *, fresh: bool = False) -> Visit | Response:
    """The visit of who is signed in; anybody else is led to the sign-in and back.

    `fresh`: whoever signed in too long ago, or not as strong as this page needs, has to prove it again first.
    A link of a page may ask for the same (`?prove=now`).
    """
    session = await site.session(request)
    caller = site.caller(request)
    caller.trail.about_session(session)
    user = await site.rt.store.read.users.get(session.user_id) if session else None
    if session is None or user is None:
        return to_sign_in(request.scope["path"], site=site)
    caller.trail.user_id = user.id
    browser, is_new = browser_id_or_new(request, site)
    proven = await _is_proven(request.scope["path"], session, site)
    visit = Visit(request, site, user, session, browser, is_new, proven)
    fresh = fresh or "prove" in params.read_query(request)
    return visit.prove_again() if fresh and not visit.is_proven else visit


async def enter_with_form(
    request: Request, site: Site, *, fresh: bool = False, limit: int = LIMIT
) -> tuple[Visit, dict[str, str]] | Response:
    """As `enter`, for a form that one of our pages sent.

    Raises:
        AccessDenied: Another site sent it, or another browser's page.
    """
    form = await params.read_form(request, limit=limit)
    check_form_post(request, form, browser=browser_id(request, site), rt=site.rt)
    visit = await enter(request, site, fresh=fresh)
    return (visit, form) if isinstance(visit, Visit) else visit
