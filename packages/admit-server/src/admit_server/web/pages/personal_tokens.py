"""`/account/tokens`: a person sees, makes and ends their own tokens."""

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from ...domain.client import Resource
from ...domain.errors import AdministrationError, InvalidRequest, NotAllowed
from ...domain.ids import looks_like
from ...domain.personal_token import DEFAULT_LIFETIME_S, NAME_MAX, PersonalToken
from ...domain.token_policy import DAY_S
from ...domain.user import User
from ...flows import personal_tokens
from ...flows.role_scopes import permitted
from ...ports.store import UniqueViolation
from .. import params, responses
from ..security import check_form_post, form_token
from ..site import Site
from .browser import browser_id, browser_id_or_new, remember_browser

LIMIT = 16_384
_DAYS = (7, 30, 90, 365)
_CHANGED = "The form was not sent as it was shown."


async def show(request: Request, site: Site) -> Response:
    """The list, and a form for each resource that allows it."""
    user = await _person(request, site)
    if user is None:
        return responses.see_other("/sign-in")
    return await _page(request, site, user)


async def post(request: Request, site: Site) -> Response:
    """Make one, or end one."""
    form = await params.read_form(request, limit=LIMIT)
    check_form_post(request, form, browser=browser_id(request, site), rt=site.rt)
    user = await _person(request, site)
    if user is None:
        return responses.see_other("/sign-in")
    caller = site.caller(request)
    caller.trail.user_id = user.id
    try:
        if "end" in form:
            await personal_tokens.end(form["end"], owner=user, reason="ended_by_person", rt=site.rt, caller=caller)
            return responses.see_other("/account/tokens")
        made = await personal_tokens.make(_wanted(form, user), by_administrator=False, rt=site.rt, caller=caller)
    except AdministrationError as error:
        return await _page(request, site, user, problem=str(error), status=400)
    except UniqueViolation:
        raise InvalidRequest(_CHANGED, detail="the id in the form is another token's") from None
    return site.page("personal_token_made.html", token=made.token, text=made.text, until=_day(made.token.expires_at))


async def _person(request: Request, site: Site) -> User | None:
    session = await site.session(request)
    site.caller(request).trail.about_session(session)
    return await site.rt.store.read.users.get(session.user_id) if session else None


def _wanted(form: dict[str, str], user: User) -> personal_tokens.NewPersonalToken:
    days, new_id = form.get("days", ""), form.get("new", "")
    if not (days.isascii() and days.isdigit() and len(days) <= 4) or not looks_like("tok", new_id):
        raise InvalidRequest(_CHANGED)
    scopes = frozenset(name.removeprefix("scope ") for name in form if name.startswith("scope "))
    if not scopes:
        raise NotAllowed("Choose at least one thing that the token may do.")
    return personal_tokens.NewPersonalToken(
        id=new_id,
        user=user,
        audience=form.get("resource", ""),
        name=form.get("name", ""),
        scopes=scopes,
        lifetime_s=int(days) * DAY_S,
    )


async def _page(request: Request, site: Site, user: User, *, problem: str = "", status: int = 200) -> Response:
    rt, now = site.rt, site.rt.clock()
    browser, is_new = browser_id_or_new(request, site)
    offered = [r for r in await rt.store.read.resources.page(after="", limit=200) if r.personal_tokens]
    forms = [await _form(resource, user, site) for resource in offered]
    response = site.page(
        "personal_tokens.html",
        http_status=status,
        username=user.username,
        problem=problem,
        tokens=[_row(token, now) for token in await personal_tokens.of_user(user, rt=rt)],
        forms=[form for form in forms if form["scopes"]],
        days=[days for days in _DAYS if days * DAY_S <= rt.personal_lifetime_s],
        usual=DEFAULT_LIFETIME_S // DAY_S,
        name_max=NAME_MAX,
        form_token=form_token(browser, rt=rt),
    )
    if is_new:
        remember_browser(response, browser, site)
    return response


async def _form(resource: Resource, user: User, site: Site) -> dict[str, object]:
    rt = site.rt
    all_scopes = frozenset(resource.scopes)
    may = await permitted(rt.store.read, rt, user=user, audience=resource.audience, scopes=all_scopes)
    texts = [(name, resource.scopes[name]) for name in sorted(may)]
    return {"audience": resource.audience, "scopes": texts, "new": rt.new_id("tok")}


def _row(token: PersonalToken, now: int) -> dict[str, object]:
    used = "never" if token.last_used_at is None else _day(token.last_used_at)
    state = "alive" if token.is_alive(now) else "ended"
    return {
        "id": token.id,
        "name": token.name,
        "hint": token.hint,
        "audience": token.audience,
        "scopes": " ".join(sorted(token.scopes)),
        "used": f"{used} from {token.last_used_from}" if token.last_used_from else used,
        "until": _day(token.expires_at),
        "soon": token.ends_soon(now),
        "state": state,
    }


def _day(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%-d %B %Y, %H:%M UTC")
