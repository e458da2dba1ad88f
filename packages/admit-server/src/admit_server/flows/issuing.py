"""Issuing: who issues checks who lives, then signs after the commit."""

from dataclasses import dataclass, field, replace
from typing import Any, Literal

from ..domain.client import Client, Resource
from ..domain.confirmation import NOBODY, NOTHING, Confirmation, Holder
from ..domain.counting import NewCount
from ..domain.grant import Grant
from ..domain.journey import Complete
from ..domain.lease import Lease
from ..domain.scopes import format_scope
from ..domain.token_policy import BoundedPolicy
from ..domain.user import User
from ..ports.grants import NewRefreshToken, OpaqueToken
from ..ports.transaction import Tx
from ..tokens import claims, opaque
from . import leases
from .binding import bind
from .effective import limits_of_grant, token_format
from .recording import record_issue
from .runtime import Caller, Runtime

REFRESH_KEEP_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedTokens:
    """The answer of the token endpoint. `expires_in` and `lease_expires_in` are in seconds.

    `issued_token_type`: of an exchange (RFC 8693 section 2.2.1).
    `authorization_details`: the transaction, as it was granted (RFC 9396 section 7).
    """

    access_token: str = field(repr=False)
    expires_in: int
    scope: str
    token_type: Literal["Bearer", "DPoP"] = "Bearer"
    refresh_token: str | None = field(default=None, repr=False)
    id_token: str | None = field(default=None, repr=False)
    issued_token_type: str | None = None
    lease: str | None = field(default=None, repr=False)
    lease_expires_in: int | None = None
    authorization_details: list[dict[str, Any]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Blank:
    """An access token before it has a grant: its random parts, and those of a lease that it may need.

    Drawn outside the unit, so that the unit may run again.
    """

    id: str
    random: bytes = field(repr=False)
    lease: leases.NewLease
    holder: Holder = NOBODY

    @property
    def secret(self) -> str:
        """The text, if it turns out to be an opaque one."""
        return opaque.mint("at", self.random)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyToSign:
    """What a unit found and wrote; the rest happens after the commit."""

    grant: Grant
    expires_at: int
    scopes: frozenset[str]
    user: User | None
    blank: Blank
    lease: Lease | None = None
    cnf: Confirmation = NOTHING
    tells_age: bool = False


def blank(rt: Runtime, *, caller: Caller, now: int) -> Blank:
    """Draw the random parts of an access token for this caller: it is bound to what the caller proved to hold."""
    return Blank(
        id=rt.new_id("tok"),
        random=rt.entropy(opaque.SECRET_BYTES),
        lease=leases.draw(rt, caller=caller, now=now),
        holder=caller.holder,
    )


def new_grant(
    *,
    grant_id: str,
    client: Client,
    resource: Resource,
    policy: BoundedPolicy,
    scopes: frozenset[str],
    now: int,
    user_id: str | None = None,
    session_id: str | None = None,
    sign_in: Complete | None = None,
) -> Grant:
    """A grant that begins now and ends, at the latest, with its family."""
    return Grant(
        id=grant_id,
        client_id=client.id,
        user_id=user_id,
        session_id=session_id,
        auth_time=sign_in.auth_time if sign_in else None,
        acr=sign_in.acr if sign_in else "",
        amr=sign_in.amr if sign_in else (),
        scopes=scopes,
        audience=resource.audience,
        format=token_format(policy, resource),
        policy=policy,
        created_at=now,
        expires_at=now + policy.refresh_lifetime_s,
    )


@dataclass(frozen=True, slots=True)
class Held:
    """A grant that is locked and alive, and when a token made of it now has to end: no later than its session and its family."""

    grant: Grant
    expires_at: int
    lease: Lease | None = None
    tells_age: bool = False


async def hold_alive(tx: Tx, grant_id: str, *, token: Blank, now: int) -> Held | None:
    """Lock grant, session and lease and find them alive; None when one has ended. A refresh that races a logout loses here.

    A lease is renewed by this: whoever asks for tokens lives.
    """
    grant = await tx.grants.hold(grant_id, now=now)
    if grant is None:
        return None
    expires_at = min(now + grant.policy.lifetime_s, grant.expires_at)
    tells_age = False
    if grant.auth_time is not None and (most := grant.policy.max_auth_age_s) is not None:
        if not grant.policy.is_fresh(auth_time=grant.auth_time, now=now):
            return None
        resource = await tx.resources.get(grant.audience)
        tells_age = grant.format == "jwt" and resource is not None and resource.verifier == "admit"
        if grant.format == "jwt" and not tells_age:
            # Its verifier knows nothing of how old a sign-in may be, so the token is over when the sign-in is too old.
            expires_at = min(expires_at, grant.auth_time + most)
    if grant.bound_session is not None:
        until = expires_at if grant.format == "jwt" else 0
        session_ends_at = await tx.sessions.hold(grant.bound_session, jwt_alive_until=until, now=now)
        if session_ends_at is None:
            return None
        expires_at = min(expires_at, session_ends_at)
    lease = None
    if grant.policy.lease_s is not None and not await leases.is_of_a_parent(tx, grant):
        lease = await leases.hold(tx, grant, token.lease, now=now)
        if lease is None:
            return None
    return Held(grant, expires_at, lease, tells_age)


def refresh_token_row(
    digest: bytes,
    grant: Grant,
    *,
    scopes: frozenset[str],
    now: int,
    parent_digest: bytes | None = None,
    cnf: Confirmation = NOTHING,
) -> NewRefreshToken:
    """A refresh token of a grant as stored: by its digest, with the idle time and reuse window of the grant's policy."""
    return NewRefreshToken(
        digest=digest,
        grant_id=grant.id,
        client_id=grant.client_id,
        parent_digest=parent_digest,
        scopes=scopes,
        created_at=now,
        expires_at=grant.policy.refresh_expiry(family_ends_at=grant.expires_at, now=now),
        keep_until=grant.expires_at + REFRESH_KEEP_S,
        reuse_window_s=grant.policy.refresh_reuse_window_s,
        cnf=cnf,
    )


async def prepare(tx: Tx, held: Held, *, scopes: frozenset[str], token: Blank, now: int) -> ReadyToSign:
    """Take the caller's proof, write what the access token needs in the database (nothing for a JWT), read whom it is about.

    Raises:
        ProtocolError: As `binding.bind`; the unit is undone.
    """
    grant = held.grant
    cnf = await bind(tx, grant.policy, token.holder)
    await write_token(
        tx, grant, token_id=token.id, text=token.secret, scopes=scopes, expires_at=held.expires_at, cnf=cnf, now=now
    )
    user = await tx.users.get(grant.user_id) if grant.user_id is not None else None
    return ReadyToSign(
        grant=grant,
        expires_at=held.expires_at,
        scopes=scopes,
        user=user,
        blank=token,
        lease=held.lease,
        cnf=cnf,
        tells_age=held.tells_age,
    )


async def write_token(
    tx: Tx,
    grant: Grant,
    *,
    token_id: str,
    text: str,
    scopes: frozenset[str],
    expires_at: int,
    cnf: Confirmation = NOTHING,
    now: int,
) -> None:
    """Write what the database keeps of an access token: an opaque one by its digest, and its count where it is counted."""
    if grant.format == "opaque":
        await tx.access_tokens.add(
            OpaqueToken(
                digest=opaque.digest(text),
                id=token_id,
                grant_id=grant.id,
                client_id=grant.client_id,
                user_id=grant.user_id,
                session_id=grant.bound_session,
                audience=grant.audience,
                scopes=scopes,
                issued_at=now,
                expires_at=expires_at,
                cnf=cnf,
            )
        )
    if grant.policy.max_uses is not None or grant.policy.idle_timeout_s is not None:
        await tx.counting.begin(
            NewCount(
                token_id=token_id,
                uses_left=grant.policy.max_uses,
                idle_timeout_s=grant.policy.idle_timeout_s,
                last_used_at=now,
                expires_at=expires_at,
            )
        )


def finish(
    ready: ReadyToSign,
    *,
    rt: Runtime,
    now: int,
    refresh_token: str | None = None,
    nonce: str | None = None,
    with_id_token: bool = True,
    refreshed: int | None = None,
) -> IssuedTokens:
    """Sign, after the commit. `refreshed`: for a refresh token that was made then; 0: at a time that is not known."""
    grant, ring = ready.grant, rt.keys.current
    record_issue(
        grant.id,
        token_id=ready.blank.id,
        ends_at=ready.expires_at,
        refreshed=refreshed,
        bound=ready.cnf,
        proved=ready.blank.holder.proved,
        rt=rt,
    )
    if grant.format == "opaque":
        access_token = ready.blank.secret
    else:
        payload = claims.access_token_claims(
            grant,
            issuer=rt.issuer,
            token_id=ready.blank.id,
            scopes=ready.scopes,
            roles=ready.user.roles if ready.user else (),
            expires_at=ready.expires_at,
            now=now,
        )
        if ready.cnf:
            payload["cnf"] = ready.cnf.as_claim()
        critical: dict[str, bool] | None = None
        limits = limits_of_grant(grant)
        if ready.tells_age:
            limits = replace(limits, max_auth_age_s=grant.policy.max_auth_age_s)
        if limits:
            # RFC 7515 section 4.1.11: a verifier that does not understand a critical member has to refuse the token.
            payload["limits"], critical = limits.as_claim(), {"limits": True}
        access_token = ring.sign(payload, alg=rt.access_token_alg, typ="at+jwt", now=now, critical=critical)
    id_token = None
    # A grant by an administrator's hand has no sign-in that an ID token could tell of, also when it is refreshed.
    if with_id_token and grant.auth_time is not None and ready.user is not None and "openid" in ready.scopes:
        payload = claims.id_token_claims(
            grant,
            issuer=rt.issuer,
            user=ready.user,
            scopes=ready.scopes,
            nonce=nonce,
            access_token=access_token,
            expires_at=ready.expires_at,
            now=now,
        )
        id_token = ring.sign(payload, alg=rt.id_token_alg, typ="JWT", now=now)
    return IssuedTokens(
        access_token=access_token,
        expires_in=ready.expires_at - now,
        scope=format_scope(ready.scopes),
        # RFC 9449 section 5: by the type the client sees that the token is bound. RFC 8705 leaves it as it was.
        token_type="DPoP" if ready.cnf.jkt else "Bearer",
        refresh_token=refresh_token,
        id_token=id_token,
        lease=leases.text_of(ready.lease, rt.vault) if ready.lease is not None else None,
        lease_expires_in=ready.lease.ends_at - now if ready.lease is not None else None,
        authorization_details=grant.transaction.details(grant.audience) if grant.transaction else None,
    )
