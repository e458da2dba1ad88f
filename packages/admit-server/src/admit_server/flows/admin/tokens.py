"""Tokens by an administrator's hand: issue without a sign-in, look at one, end one."""

from dataclasses import dataclass, field
from typing import Any

from ...domain.administration import ALL, api_audience
from ...domain.client import Resource
from ...domain.counting import Count
from ...domain.errors import InvalidScope, NotAllowed
from ...domain.grant import Grant
from ...domain.lease import Lease
from ...domain.scopes import OPENID, format_scope, narrow
from ...domain.token_policy import TokenPolicy
from ...domain.trail import Trail
from ...domain.user import User
from ...ports.transaction import Tx
from ...tokens import opaque
from .. import issuing, revoke
from ..effective import effective_policy, limits_of_grant, this_issue
from ..role_scopes import permitted
from ..runtime import Caller, Runtime
from ..token_status import BadToken, GoodToken, ended, judge
from . import built_in, clients, policies, powers, resources, users

REASON = "revoked_by_administrator"
_UNLIMITED = TokenPolicy()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """What to issue. `user` and `client`: id or name; no scopes: all that the client has there.

    Attributes:
        policy: A named policy for this one.
        limits: Further limits for this one; both and all rules combine to the strictest.
    """

    user: str
    client: str
    resource: str
    policy: str | None = None
    limits: TokenPolicy = _UNLIMITED
    scopes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Issued:
    """The tokens, and the grant by which all of them can be ended."""

    tokens: issuing.IssuedTokens
    grant: Grant


@dataclass(frozen=True, slots=True)
class RefreshTokenFound:
    """A refresh token of ours. It is looked at, never spent; `alive`: its grant and session have not ended."""

    grant: Grant
    alive: bool


Inspected = GoodToken | BadToken | RefreshTokenFound


@dataclass(frozen=True, slots=True)
class Revoked:
    """What was ended: the id of an access token, or of a refresh token's grant. `code`: why there was nothing left to end."""

    kind: str
    id: str | None
    code: str | None = field(default=None)


async def issue(new: NewToken, *, rt: Runtime, caller: Caller) -> Issued:
    """Make a grant of its own, without a sign-in or session, and its tokens.

    With a refresh token where the client may use one, but not where uses are counted: each refresh would give as many uses again.

    Raises:
        NotFound: The user, client, resource or policy does not exist.
        NotAllowed: The user or client is disabled, or the client may not have such a token.
        ExceedsPowers: It is for the administration API, and the token or its person may do more there than the caller.
        NoSigningKey: There is no key to sign with; nothing was made.
    """
    policies.check(new.limits)
    if new.resource == api_audience(rt.issuer):
        await built_in.ensure(rt)
    user = await users.find(new.user, rt=rt)
    client = await clients.find(new.client, rt=rt)
    resource = await resources.find(new.resource, rt=rt)
    if client.disabled_at is not None:
        raise NotAllowed(f"Client {client.name!r} is disabled.")
    if resource.audience not in client.audiences:
        raise NotAllowed(
            f"Client {client.name!r} was not added for {resource.audience}; its audiences are: "
            f"{', '.join(client.audiences) or 'none'}. Name one of them, or a client added with --audience {resource.audience}."
        )
    try:
        scopes = narrow(new.scopes, allowed=client.scopes & (frozenset(resource.scopes) | OPENID))
    except InvalidScope as error:
        raise NotAllowed(
            f"{error.public} `admit client show {client.id}` and `admit resource show` tell what is."
        ) from None
    scopes = await _of_roles(scopes, new, user=user, resource=resource, rt=rt)
    if resource.audience == api_audience(rt.issuer):
        # With such a token one is that person there: also in the audit log, and in what a role of theirs lets them give to others.
        await powers.over_user(rt.store.read, user, caller=caller)
        powers.over_scopes(scopes & ALL, "this token", caller=caller)
    now = rt.clock()
    if resource.format == "jwt":
        rt.keys.current.signer(rt.access_token_alg, now=now)  # refuse before anything is written
    token, grant_id = issuing.blank(rt, caller=caller, now=now), rt.new_id("grt")
    refresh = opaque.mint("rt", rt.entropy(opaque.SECRET_BYTES)) if "refresh_token" in client.grant_types else None
    event = rt.event(
        "token.issued",
        grant_id,
        actor=caller.actor,
        caller=caller,
        now=now,
        details={"user": user.id, "client": client.id, "audience": resource.audience, "by_administrator": True},
    )

    async def unit(tx: Tx) -> tuple[issuing.ReadyToSign, str | None]:
        if await tx.users.hold(user.id) is None:
            raise NotAllowed(f"User {user.username!r} is disabled; `admit user enable {user.username}` lets them in.")
        named = await policies.require(tx, new.policy) if new.policy is not None else None
        issue = this_issue(named, new.policy) + this_issue(new.limits)
        applied = await effective_policy(tx, rt, client=client, resource=resource, user=user, issue=issue)
        policy = applied.policy
        if policy.acr is not None or policy.max_auth_age_s is not None:
            raise NotAllowed(
                "Tokens here need a sign-in (acr, max_auth_age), and an administrator's word is none: let the person sign in."
            )
        if policy.binding:
            raise NotAllowed(
                f"Tokens here are bound to a key of whoever asks for them ({' and '.join(sorted(policy.binding))}), and an administrator "
                "has none: let the app ask for its token itself."
            )
        grant = issuing.new_grant(
            grant_id=grant_id,
            client=client,
            resource=resource,
            policy=policy,
            scopes=scopes,
            user_id=user.id,
            now=now,
        )
        await tx.grants.add(grant, applied.rules)
        held = await issuing.hold_alive(tx, grant.id, token=token, now=now)  # notes how long its JWT may live
        if held is None:
            raise NotAllowed("The grant ended while it was made.")
        given = refresh if policy.max_uses is None else None
        if given is not None:
            await tx.refresh_tokens.add(
                issuing.refresh_token_row(opaque.digest(given), grant, scopes=grant.scopes, now=now)
            )
        await tx.audit.append(event)
        return await issuing.prepare(tx, held, scopes=scopes, token=token, now=now), given

    ready, given = await rt.store.write(unit)
    # No ID token: it would tell of a sign-in that never was.
    return Issued(issuing.finish(ready, rt=rt, now=now, refresh_token=given, with_id_token=False), ready.grant)


async def _of_roles(
    scopes: frozenset[str], new: NewToken, *, user: User, resource: Resource, rt: Runtime
) -> frozenset[str]:
    given = await permitted(rt.store.read, rt, user=user, audience=resource.audience, scopes=scopes)
    if new.scopes - given or (scopes and not given):
        raise NotAllowed(
            f"{user.username!r} has no role that allows {format_scope((new.scopes or scopes) - given)} at {resource.audience}. "
            f"`admit role list` shows roles; `admit user update {user.username} --role ROLE` gives one."
        )
    return given


async def inspect(token: str, *, rt: Runtime) -> Inspected:
    """What a token is and whether it is good now, with the reason where it is not. Looking never counts as a use."""
    if opaque.is_opaque(token, "rt"):
        return await _inspect_refresh_token(token, rt=rt)
    return await judge(token, rt=rt)


def limits_claim(found: Inspected) -> dict[str, Any]:
    """The limits that its resource enforces, as its introspection would tell them."""
    return limits_of_grant(found.grant).as_claim() if isinstance(found, GoodToken) else {}


async def count_of(found: Inspected, *, rt: Runtime) -> Count | None:
    """Where a counted token stands; None for all others."""
    return await rt.store.read.counting.look(found.id) if isinstance(found, GoodToken) else None


async def lease_of(found: Inspected, *, rt: Runtime) -> Lease | None:
    """The lease that a token hangs on; None for those without."""
    if found.grant is None or found.grant.lease_id is None:
        return None
    return await rt.store.read.leases.get(found.grant.lease_id)


async def username_of(found: Inspected, *, rt: Runtime) -> str | None:
    """Whose token it is; None for a client's own, and where nothing is known."""
    if found.grant is None or found.grant.user_id is None:
        return None
    user = await rt.store.read.users.get(found.grant.user_id)
    return user.username if user is not None else None


async def end(token: str, *, rt: Runtime, caller: Caller) -> Revoked:
    """End an access token alone, or with a refresh token its whole grant (RFC 7009 section 2.1)."""
    found = await inspect(token, rt=rt)
    match found:
        case RefreshTokenFound(grant):
            ended = await revoke.end_grant_of_client(grant.id, actor=caller.actor, reason=REASON, rt=rt, caller=caller)
            return Revoked("refresh_token", grant.id, None if ended else "token_revoked")
        case GoodToken():
            await revoke.end_access_token(token, found, actor=caller.actor, rt=rt, caller=caller)
            return Revoked("access_token", found.id)
        case BadToken(code):
            return Revoked("access_token", None, code)


async def _inspect_refresh_token(token: str, *, rt: Runtime) -> RefreshTokenFound | BadToken:
    owner = await rt.store.read.refresh_tokens.owner(opaque.digest(token))
    grant = await rt.store.read.grants.get(owner[0]) if owner is not None else None
    if grant is None:
        return BadToken("token_unknown")
    now = rt.clock()
    return RefreshTokenFound(grant, alive=await ended(grant, rt=rt, now=now, trail=Trail()) is None)
