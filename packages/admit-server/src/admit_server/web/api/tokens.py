"""Tokens at the API."""

from typing import Any

import msgspec

from ...domain.errors import ExceedsPowers, NotAllowed, NotFound
from ...flows.admin import tokens
from ...flows.admin.written_limits import Limits
from ...flows.token_status import BadToken, GoodToken
from .fields import Audience, PolicyName, Reference, Scopes, TokenText
from .operations import Call, Nothing, Operation, Wire


class NewTokenIn(Wire):
    """Whose, for which application and resource. Without `scopes`: all that the application and the person have there."""

    user: Reference
    client: Reference
    resource: Audience
    policy: PolicyName | None = None
    limits: Limits = msgspec.field(default_factory=Limits)
    scopes: Scopes = ()


class IssuedOut(Wire):
    """The tokens, shown this once; null in a dry run."""

    access_token: str | None
    token_type: str
    expires_in: int
    scope: str
    grant_id: str
    refresh_token: str | None


class TokenIn(Wire):
    """The text of an access or refresh token."""

    token: TokenText


class InspectedOut(Wire):
    """What a token is. `code`: why it is not good."""

    active: bool
    kind: str
    code: str | None
    grant_id: str | None
    username: str | None
    uses_left: int | None
    introspection: dict[str, Any] | None


class RevokedOut(Wire):
    """What was ended. `code`: why there was nothing left to end."""

    revoked: bool
    kind: str
    id: str | None
    code: str | None


async def _issue(call: Call[NewTokenIn, Nothing]) -> IssuedOut:
    body = call.body
    new = tokens.NewToken(
        user=body.user,
        client=body.client,
        resource=body.resource,
        policy=body.policy,
        limits=body.limits.as_policy(),
        scopes=frozenset(body.scopes),
    )
    issued = await tokens.issue(new, rt=call.rt, caller=call.caller)
    return IssuedOut(
        access_token=issued.tokens.access_token,
        token_type=issued.tokens.token_type,
        expires_in=issued.tokens.expires_in,
        scope=issued.tokens.scope,
        grant_id=issued.grant.id,
        refresh_token=issued.tokens.refresh_token,
    )


async def _inspect(call: Call[TokenIn, Nothing]) -> InspectedOut:
    found = await tokens.inspect(call.body.token, rt=call.rt)
    username = await tokens.username_of(found, rt=call.rt)
    count = await tokens.count_of(found, rt=call.rt)
    introspection: dict[str, Any] | None = None
    match found:
        case GoodToken():
            active, kind, code = True, "access_token", None
            introspection = found.response(issuer=call.rt.issuer, username=username)
        case BadToken(code_found):
            active, kind, code = False, "access_token", code_found
        case tokens.RefreshTokenFound(alive=alive):
            active, kind, code = alive, "refresh_token", None if alive else "token_revoked"
    return InspectedOut(
        active=active,
        kind=kind,
        code=code,
        grant_id=found.grant.id if found.grant else None,
        username=username,
        uses_left=count.uses_left if count else None,
        introspection=introspection,
    )


async def _revoke(call: Call[TokenIn, Nothing]) -> RevokedOut:
    done = await tokens.end(call.body.token, rt=call.rt, caller=call.caller)
    return RevokedOut(revoked=done.code is None, kind=done.kind, id=done.id, code=done.code)


_READ, _WRITE = "tokens:read", "tokens:write"
OPERATIONS = (
    Operation(
        id="tokens_issue",
        method="POST",
        path="/tokens",
        scope="tokens:issue",
        summary="Issue a token in somebody's name, without a sign-in.",
        body=NewTokenIn,
        does=_issue,
        answer=IssuedOut,
        created=True,
        changes=True,
        errors=(NotFound, NotAllowed, ExceedsPowers),
        example={"user": "alice", "client": "Shop", "resource": "https://api.example.com", "limits": {"max_uses": 1}},
        gives={"grant": "/grant_id"},
    ),
    Operation(
        id="tokens_inspect",
        method="POST",
        path="/tokens/inspect",
        scope=_READ,
        summary="Say what a token is and whether it is good now. Never counts as a use.",
        body=TokenIn,
        does=_inspect,
        answer=InspectedOut,
    ),
    Operation(
        id="tokens_revoke",
        method="POST",
        path="/tokens/revoke",
        scope=_WRITE,
        summary="End an access token, or with a refresh token its whole grant.",
        body=TokenIn,
        does=_revoke,
        answer=RevokedOut,
        changes=True,
    ),
)
