"""`/account/tokens`: a person sees, makes and ends their own tokens."""

import re

from starlette.requests import Request
from starlette.responses import Response

from ....domain.account import SignInTooOld
from ....domain.client import Resource
from ....domain.errors import AdministrationError, InvalidRequest, NotAllowed
from ....domain.ids import looks_like
from ....domain.personal_token import DEFAULT_LIFETIME_S, NAME_MAX, PersonalToken
from ....domain.times import in_words as day
from ....domain.token_policy import DAY_S
from ....domain.user import User
from ....flows import personal_tokens
from ....flows.account.own_token import make_own
from ....flows.role_scopes import permitted
from ....ports.store import UniqueViolation
from ... import params, responses
from ...site import Site
from .entering import Visit, enter, enter_with_form

_DAYS = (7, 30, 90, 365)
_POSITION = re.compile(r"(alive|ended)\.([0-9]{1,12})\.(tok_[0-9A-Za-z]{22})")
_CHANGED = "The form was not sent as it was shown."


async def show(request: Request, site: Site) -> Response:
    """The list, and a form for each resource that allows it."""
    visit = await enter(request, site)
    if not isinstance(visit, Visit):
        return visit
    return await _page(visit, after=_after(params.read_query(request).get("after")))


async def post(request: Request, site: Site) -> Response:
    """Make one, or end one."""
    entered = await enter_with_form(request, site)
    if isinstance(entered, Response):
        return entered
    visit, form = entered
    caller, user = site.caller(request), visit.user
    try:
        if "end" in form:
            await personal_tokens.end(form["end"], owner=user, reason="ended_by_person", rt=site.rt, caller=caller)
            return responses.see_other("/account/tokens")
        made = await make_own(_wanted(form, user), current=visit.session, rt=site.rt, caller=caller)
    except SignInTooOld:
        return visit.prove_again(full=True)
    except AdministrationError as error:
        return await _page(visit, problem=str(error), status=400)
    except UniqueViolation:
        raise InvalidRequest(_CHANGED, detail="the id in the form is another token's") from None
    return visit.page("account/token_made.html", token=made.token, text=made.text, until=day(made.token.expires_at))


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


def _after(text: str | None) -> personal_tokens.After | None:
    if text is None:
        return None
    found = _POSITION.fullmatch(text)
    if found is None:
        raise InvalidRequest("The address of this page was changed.", advice="Go back to the first page of the list.")
    return found[1] == "alive", int(found[2]), found[3]


async def _page(
    visit: Visit, *, after: personal_tokens.After | None = None, problem: str = "", status: int = 200
) -> Response:
    rt, user = visit.site.rt, visit.user
    now = rt.clock()
    offered = [r for r in await rt.store.read.resources.page(after="", limit=200) if r.personal_tokens]
    forms = [await _form(resource, user, visit.site) for resource in offered]
    page = await personal_tokens.newest(user, after=after, rt=rt)
    following = page.next_after
    return visit.page(
        "account/tokens.html",
        http_status=status,
        problem=problem,
        first_page=after is None,
        next_url=f"/account/tokens?after={_state(following[0])}.{following[1]}.{following[2]}" if following else "",
        tokens=[_row(token, now) for token in page.tokens],
        forms=[form for form in forms if form["scopes"]],
        days=[days for days in _DAYS if days * DAY_S <= rt.personal_lifetime_s],
        usual=DEFAULT_LIFETIME_S // DAY_S,
        name_max=NAME_MAX,
    )


async def _form(resource: Resource, user: User, site: Site) -> dict[str, object]:
    rt = site.rt
    all_scopes = frozenset(resource.scopes)
    may = await permitted(rt.store.read, rt, user=user, audience=resource.audience, scopes=all_scopes)
    texts = [(name, resource.scopes[name]) for name in sorted(may)]
    return {"audience": resource.audience, "scopes": texts, "new": rt.new_id("tok")}


def _state(is_alive: bool) -> str:
    return "alive" if is_alive else "ended"


def _row(token: PersonalToken, now: int) -> dict[str, object]:
    used = "never" if token.last_used_at is None else day(token.last_used_at)
    state = _state(token.is_alive(now))
    return {
        "id": token.id,
        "name": token.name,
        "hint": token.hint,
        "audience": token.audience,
        "scopes": " ".join(sorted(token.scopes)),
        "used": f"{used} from {token.last_used_from}" if token.last_used_from else used,
        "until": day(token.expires_at),
        "soon": token.ends_soon(now),
        "state": state,
    }
