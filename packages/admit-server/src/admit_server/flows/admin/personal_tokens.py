"""Personal tokens by an administrator's hand."""

from dataclasses import dataclass, field

from ...domain.administration import api_audience
from ...domain.errors import NotAllowed
from ...domain.personal_token import PersonalToken
from ...domain.token_policy import TokenPolicy
from .. import personal_tokens
from ..runtime import Caller, Runtime
from . import policies, powers, users
from .paging import LARGEST_PAGE

REASON = "ended_by_administrator"
MOST_LISTED = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What an administrator says. `user`: name or id."""

    user: str
    resource: str
    name: str
    scopes: frozenset[str] = frozenset()
    lifetime_s: int | None = None
    limits: TokenPolicy = field(default_factory=TokenPolicy)


async def make(wanted: Wanted, *, rt: Runtime, caller: Caller) -> tuple[personal_tokens.Made, str]:
    """Make one, also for a resource for which people may not make their own; with the user name.

    Raises:
        NotFound: The person or the resource does not exist.
        NotAllowed: As `personal_tokens.make`.
        ExceedsPowers: Whoever asks may less than the person.
    """
    policies.check(wanted.limits)
    user = await users.find(wanted.user, rt=rt)
    if wanted.resource == api_audience(rt.issuer):
        raise NotAllowed(
            "The administration API takes no personal tokens; `admit token issue --resource admin` makes one for it."
        )
    await powers.over_user(rt.store.read, user, caller=caller)
    new = personal_tokens.NewPersonalToken(
        id=rt.new_id("tok"),
        user=user,
        audience=wanted.resource,
        name=wanted.name,
        scopes=wanted.scopes,
        lifetime_s=wanted.lifetime_s,
        limits=wanted.limits,
    )
    return await personal_tokens.make(new, by_administrator=True, rt=rt, caller=caller), user.username


async def every(*, user: str | None, with_ended: bool = False, rt: Runtime) -> list[tuple[PersonalToken, str]]:
    """Those of a person, or of all, with the user name; at most 1,000.

    Raises:
        NotFound: No such user.
    """
    now, found = rt.clock(), list[tuple[PersonalToken, str]]()
    after: str | None = ""
    while after is not None and len(found) < MOST_LISTED:
        some = await page(user=user, after=after, limit=LARGEST_PAGE, rt=rt)
        found += [(token, username) for token, username in some if with_ended or token.is_alive(now)]
        after = some[-1][0].id if len(some) == LARGEST_PAGE else None
    return found


async def page(*, user: str | None, after: str = "", limit: int, rt: Runtime) -> list[tuple[PersonalToken, str]]:
    """Those of a person (id or name), or of all, in the order of their ids, each with the user name.

    Raises:
        NotFound: No such user.
    """
    owner = await users.find(user, rt=rt) if user is not None else None
    names = {owner.id: owner.username} if owner else {}
    found = await rt.store.read.personal_tokens.of_user(owner.id if owner else None, after=after, limit=limit)
    for user_id in {token.user_id for token in found} - set(names):
        known = await rt.store.read.users.get(user_id)
        names[user_id] = known.username if known else user_id
    return [(token, names[token.user_id]) for token in found]


async def end(token_id: str, *, rt: Runtime, caller: Caller) -> PersonalToken:
    """End one; as it was before.

    Raises:
        NotFound: There is none of that id.
    """
    return await personal_tokens.end(token_id, owner=None, reason=REASON, rt=rt, caller=caller)
