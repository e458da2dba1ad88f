"""Who comes to a page of the account, and the frame that all of these pages have."""

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ....domain.account import is_fresh
from ....domain.session import Session
from ....domain.user import User
from ... import params
from ...security import check_form_post, form_token
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


@dataclass(frozen=True, slots=True)
class Visit:
    """A signed-in person at a page of their account. `browser` binds its forms; `is_new`: it has to be set."""

    request: Request
    site: Site
    user: User
    session: Session
    browser: str
    is_new: bool

    @property
    def is_fresh(self) -> bool:
        """Whether the sign-in is recent enough for what changes the account."""
        return is_fresh(self.session, self.site.rt.account, now=self.site.rt.clock())

    def page(self, template: str, *, http_status: int = 200, **context: Any) -> Response:
        """Render a page of the account."""
        site, path = self.site, self.request.scope["path"]
        response = site.page(
            template,
            http_status=http_status,
            username=self.user.username,
            parts=[(url, text, _current(url, path)) for url, text in PARTS],
            # Null where the sign-in is recent enough for what this page offers.
            prove_url=None if self.is_fresh else f"{path}?prove=now",
            form_token=form_token(self.browser, rt=site.rt),
            **context,
        )
        if self.is_new:
            remember_browser(response, self.browser, site)
        return response

    def prove_again(self, *, full: bool = False) -> Response:
        """To a fresh sign-in, and back to this page. `full`: with two factors, if the person has set up two."""
        return to_sign_in(self.request.scope["path"], full=full, site=self.site)


def _current(part: str, path: str) -> str:
    """The `aria-current` of a part of the navigation (WAI-ARIA 1.2 section 6.6): this very page, or the part that it belongs to."""
    if part == path:
        return "page"
    return "true" if part == "/account/ways" and path.removesuffix("/add") in _WAYS else ""


async def enter(request: Request, site: Site, *, fresh: bool = False) -> Visit | Response:
    """The visit of who is signed in; anybody else is led to the sign-in and back.

    `fresh`: whoever signed in too long ago has to prove it again first. A link of a page may ask for the same (`?prove=now`).
    """
    session = await site.session(request)
    caller = site.caller(request)
    caller.trail.about_session(session)
    user = await site.rt.store.read.users.get(session.user_id) if session else None
    if session is None or user is None:
        return to_sign_in(request.scope["path"], site=site)
    caller.trail.user_id = user.id
    browser, is_new = browser_id_or_new(request, site)
    visit = Visit(request, site, user, session, browser, is_new)
    fresh = fresh or "prove" in params.read_query(request)
    return visit.prove_again() if fresh and not visit.is_fresh else visit


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
