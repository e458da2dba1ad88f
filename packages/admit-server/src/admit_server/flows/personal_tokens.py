"""Personal tokens: made and ended by their person or an administrator; their uses are noted, and their end is announced."""

from dataclasses import dataclass, field, replace

from ..domain.client import Client, Resource
from ..domain.errors import InvalidScope, NotAllowed, NotFound
from ..domain.personal_token import (
    DEFAULT_LIFETIME_S,
    MOST_OF_A_PERSON,
    PERSONAL_CLIENT,
    REMIND_S,
    USE_NOTED_EVERY_S,
    PersonalToken,
    check_lifetime,
    check_name,
    check_policy,
)
from ..domain.scopes import format_scope, narrow
from ..domain.session import Session
from ..domain.token_policy import TokenPolicy
from ..domain.user import User
from ..ports.transaction import Tx
from ..tokens import opaque
from . import issuing
from .effective import effective_policy, limits_of, this_issue
from .endings import end_grant
from .journeys.full import hold_session
from .role_scopes import permitted
from .runtime import Caller, Runtime
from .token_status import GoodToken

CLIENT_NAME = "Personal tokens"
PAGE = 10
After = tuple[bool, int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPersonalToken:
    """What is wanted. `id`: drawn before, so that a form that is sent twice makes one token. No scopes: all that the person may have."""

    id: str
    user: User
    audience: str
    name: str
    scopes: frozenset[str] = frozenset()
    lifetime_s: int | None = None
    limits: TokenPolicy = field(default_factory=TokenPolicy)


@dataclass(frozen=True, slots=True)
class Made:
    """The token, and its text, which is nowhere else."""

    token: PersonalToken
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TokenPage:
    """Some of a person's tokens; `next_after`: where the next page begins, None at the end."""

    tokens: tuple[PersonalToken, ...]
    next_after: After | None


async def make(
    new: NewPersonalToken, *, by_administrator: bool, current: Session | None = None, rt: Runtime, caller: Caller
) -> Made:
    """Make a personal token.

    Args:
        new: What is wanted.
        by_administrator: Also for a resource for which people may not make their own.
        current: The session that asks, where one does: it has to be alive still.
        rt: The runtime.
        caller: Who asks.

    Raises:
        SignInTooOld: The session has ended meanwhile.
        NotFound: The resource does not exist.
        NotAllowed: A value that a rule forbids: name, lifetime, scopes, limits, too many, a resource without personal tokens; the person is
            disabled; or this very one was made before.
    """
    now, name = rt.clock(), check_name(new.name)
    lifetime = check_lifetime(
        min(DEFAULT_LIFETIME_S, rt.personal_lifetime_s) if new.lifetime_s is None else new.lifetime_s,
        longest_s=rt.personal_lifetime_s,
    )
    limits_of(new.limits)
    text, grant_id = opaque.mint("pat", rt.entropy(opaque.SECRET_BYTES)), rt.new_id("grt")
    event = rt.event("personal_token.made", new.id, actor=caller.actor or new.user.id, caller=caller, now=now)

    async def unit(tx: Tx) -> PersonalToken:
        if current is not None:
            await hold_session(tx, current, now=now)
        if (user := await tx.users.hold(new.user.id)) is None:  # with the roles of now
            raise NotAllowed(f"User {new.user.username!r} is disabled.")
        resource = await tx.resources.get(new.audience)
        if resource is None or not (resource.personal_tokens or by_administrator):
            raise NotFound(f"There is no resource {new.audience!r} for which people may make tokens.")
        scopes = await _scopes(tx, replace(new, user=user), resource, rt=rt)
        client = await _client(tx, now=now)
        # Those that rule the person and the resource hold; that of the server for sessions has nothing to hold on to.
        applied = await effective_policy(
            tx, rt, client=client, resource=resource, user=user, issue=this_issue(new.limits)
        )
        policy = applied.policy
        check_policy(policy)
        if await tx.personal_tokens.count_alive(user.id, now=now) >= MOST_OF_A_PERSON:
            raise NotAllowed(f"A person has at most {MOST_OF_A_PERSON} personal tokens; end one first.")
        grant = issuing.new_grant(
            grant_id=grant_id,
            client=client,
            resource=resource,
            policy=policy,
            scopes=scopes,
            now=now,
            user_id=user.id,
        )
        grant = replace(grant, format="opaque", expires_at=now + lifetime)
        token = PersonalToken(
            id=new.id,
            grant_id=grant_id,
            user_id=user.id,
            name=name,
            hint=text[-4:],
            audience=resource.audience,
            scopes=scopes,
            created_at=now,
            expires_at=grant.expires_at,
        )
        if not await tx.personal_tokens.add(token):
            raise NotAllowed("This personal token was made already, and its text was shown then. Make another one.")
        await tx.grants.add(grant, applied.rules)
        await issuing.write_token(
            tx, grant, token_id=new.id, text=text, scopes=scopes, expires_at=grant.expires_at, now=now
        )
        details = {"user": user.id, "name": name, "audience": resource.audience, "scope": format_scope(scopes)}
        await tx.audit.append(replace(event, details={**details, "by_administrator": by_administrator}))
        return token

    return Made(await rt.store.write(unit), text)


async def newest(user: User, *, after: After | None = None, rt: Runtime) -> TokenPage:
    """A person's, those that are alive first; each kind newest first."""
    now = rt.clock()
    found = await rt.store.read.personal_tokens.alive_first(user.id, after=after, limit=PAGE + 1, now=now)
    last = found[PAGE - 1] if len(found) > PAGE else None
    return TokenPage(tuple(found[:PAGE]), (last.is_alive(now), last.created_at, last.id) if last else None)


async def end(token_id: str, *, owner: User | None, reason: str, rt: Runtime, caller: Caller) -> PersonalToken:
    """End a personal token, everywhere, at once.

    Args:
        token_id: Its id.
        owner: Whose it has to be; None for administrators.
        reason: Kept with its grant.
        rt: The runtime.
        caller: Who asks.

    Raises:
        NotFound: There is none of that id, or it is another person's.
    """
    now, nonce = rt.clock(), rt.nonce()
    event = rt.event(
        "personal_token.ended", token_id, actor=owner.id if owner else caller.actor, caller=caller, now=now
    )

    async def unit(tx: Tx) -> PersonalToken:
        token = await tx.personal_tokens.get(token_id)
        if token is None or (owner is not None and token.user_id != owner.id):
            raise NotFound(f"There is no personal token {token_id!r}; `admit pat list` shows them.")
        if await end_grant(tx, token.grant_id, reason=reason, nonce=nonce, now=now):
            await tx.audit.append(replace(event, details={"user": token.user_id, "name": token.name, "reason": reason}))
        return token

    token = await rt.store.write(unit)
    rt.on_revocation()
    return token


async def note_use(status: GoodToken, *, address: str | None, rt: Runtime) -> None:
    """Note that a personal token was used; at most once a minute, so that using it costs a read and hardly ever a write."""
    if status.grant.client_id != PERSONAL_CLIENT:
        return
    now = rt.clock()
    known = await rt.store.read.personal_tokens.get(status.id)
    if known is None or (known.last_used_at is not None and now - known.last_used_at < USE_NOTED_EVERY_S):
        return

    async def unit(tx: Tx) -> None:
        await tx.personal_tokens.note_use(status.id, at=now, address=address or "", every_s=USE_NOTED_EVERY_S)

    await rt.store.write(unit)


async def remind(*, rt: Runtime, limit: int = 100) -> int:
    """Write down which tokens end soon, once for each: the audit log tells it, and the person's page shows it. How many."""
    now, caller = rt.clock(), Caller()
    events = [rt.event("personal_token.ends_soon", "", actor="server", caller=caller, now=now) for _ in range(limit)]

    async def unit(tx: Tx) -> int:
        due = await tx.personal_tokens.remind(within_s=REMIND_S, limit=limit, now=now)
        for event, token in zip(events, due, strict=False):
            await tx.audit.append(
                replace(
                    event,
                    target=token.id,
                    details={"user": token.user_id, "name": token.name, "expires_at": token.expires_at},
                )
            )
        return len(due)

    return await rt.store.write(unit)


async def _scopes(tx: Tx, new: NewPersonalToken, resource: Resource, *, rt: Runtime) -> frozenset[str]:
    may = await permitted(tx, rt, user=new.user, audience=resource.audience, scopes=frozenset(resource.scopes))
    try:
        return narrow(new.scopes, allowed=may)
    except InvalidScope as error:
        raise NotAllowed(
            f"{error.public} What {new.user.username} may have there: {format_scope(may) or 'nothing'}."
        ) from None


async def _client(tx: Tx, *, now: int) -> Client:
    """The client to which all personal tokens belong; made with the first of them."""
    found = await tx.clients.get(PERSONAL_CLIENT)
    if found is not None:
        return found
    client = Client(
        id=PERSONAL_CLIENT,
        name=CLIENT_NAME,
        kind="confidential",
        first_party=True,
        secret_digest=None,
        redirect_uris=(),
        post_logout_redirect_uris=(),
        grant_types=frozenset(),
        scopes=frozenset(),
        audiences=(),
        pkce_required=True,
        policy=None,
        created_at=now,
    )
    await tx.clients.add(client, origins=frozenset())
    return client
