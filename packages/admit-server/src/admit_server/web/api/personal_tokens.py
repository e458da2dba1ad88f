"""Personal tokens at the API."""

from typing import Annotated

import msgspec
from msgspec import Meta

from ...domain.errors import ExceedsPowers, NotAllowed, NotFound
from ...domain.personal_token import NAME_MAX, PersonalToken
from ...flows.admin import personal_tokens
from ...flows.admin.written_limits import Limits
from . import pages
from .fields import Audience, Reference, Scopes
from .operations import Call, Ended, Nothing, Operation, Paged, Wire


class PersonalTokensIn(Paged):
    """Of one person only."""

    user: Reference | None = None


class NewPersonalTokenIn(Wire):
    """Whose, for which resource, and what it is for. Without `scopes`: all that the person may have there."""

    user: Reference
    resource: Audience
    name: Annotated[str, Meta(min_length=1, max_length=NAME_MAX, examples=["nightly report"])]
    scopes: Scopes = ()
    lifetime_s: Annotated[int, Meta(ge=60, le=315_360_000)] | None = None
    limits: Limits = msgspec.field(default_factory=Limits)


class PersonalTokenOut(Wire):
    """A personal token without its text. `hint`: the last four characters of that."""

    token_id: str
    name: str
    hint: str
    user_id: str
    username: str
    audience: str
    scopes: list[str]
    created_at: int
    expires_at: int
    last_used_at: int | None
    last_used_from: str
    ended_at: int | None
    end_reason: str | None


class MadeOut(Wire):
    """The token, shown this once; null in a dry run."""

    personal_token: PersonalTokenOut
    access_token: str | None


class PersonalTokenPage(Wire):
    """Personal tokens in the order of their ids, ended ones too until they are forgotten."""

    items: list[PersonalTokenOut]
    next: str | None


def _shown(token: PersonalToken, username: str) -> PersonalTokenOut:
    return PersonalTokenOut(
        token_id=token.id,
        name=token.name,
        hint=token.hint,
        user_id=token.user_id,
        username=username,
        audience=token.audience,
        scopes=sorted(token.scopes),
        created_at=token.created_at,
        expires_at=token.expires_at,
        last_used_at=token.last_used_at,
        last_used_from=token.last_used_from,
        ended_at=token.ended_at,
        end_reason=token.end_reason,
    )


async def _list(call: Call[None, PersonalTokensIn]) -> PersonalTokenPage:
    asked = call.query
    found = await personal_tokens.page(user=asked.user, after=pages.after(asked), limit=asked.limit, rt=call.rt)
    last = found[-1][0].id if len(found) == asked.limit else None
    return PersonalTokenPage(items=[_shown(token, username) for token, username in found], next=pages.cursor(last))


async def _make(call: Call[NewPersonalTokenIn, Nothing]) -> MadeOut:
    body = call.body
    wanted = personal_tokens.Wanted(
        user=body.user,
        resource=body.resource,
        name=body.name,
        scopes=frozenset(body.scopes),
        lifetime_s=body.lifetime_s,
        limits=body.limits.as_policy(),
    )
    made, username = await personal_tokens.make(wanted, rt=call.rt, caller=call.caller)
    return MadeOut(personal_token=_shown(made.token, username), access_token=made.text)


async def _end(call: Call[None, Nothing]) -> Ended:
    before = await personal_tokens.end(call.path["token"], rt=call.rt, caller=call.caller)
    return Ended(changed=before.ended_at is None, ended=int(before.ended_at is None))


_READ, _WRITE = "tokens:read", "tokens:write"
OPERATIONS = (
    Operation(
        id="personal_tokens_list",
        method="GET",
        path="/personal-tokens",
        scope=_READ,
        summary="List personal tokens: whose, for what, when last used, until when.",
        query=PersonalTokensIn,
        does=_list,
        answer=PersonalTokenPage,
        errors=(NotFound,),
    ),
    Operation(
        id="personal_tokens_add",
        method="POST",
        path="/personal-tokens",
        scope="tokens:issue",
        summary="Make a personal token for somebody.",
        body=NewPersonalTokenIn,
        does=_make,
        answer=MadeOut,
        created=True,
        changes=True,
        errors=(NotFound, NotAllowed, ExceedsPowers),
        example={"user": "alice", "resource": "https://api.example.com", "name": "nightly report"},
    ),
    Operation(
        id="personal_tokens_end",
        method="DELETE",
        path="/personal-tokens/{token}",
        scope=_WRITE,
        summary="End a personal token, everywhere, at once.",
        does=_end,
        answer=Ended,
        changes=True,
        errors=(NotFound,),
    ),
)
