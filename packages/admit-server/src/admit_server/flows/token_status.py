"""What a token is, and whether it is good now. The one place that judges tokens of our own: introspection, userinfo, inspect."""

from dataclasses import dataclass
from typing import Any

from admit.jose import JoseError, Signed

from ..domain.client import TokenFormat
from ..domain.confirmation import NOTHING, Confirmation
from ..domain.errors import InsufficientUserAuthentication, InvalidToken
from ..domain.grant import Grant
from ..domain.lease import LEASE_ENDED
from ..domain.personal_token import PERSONAL_CLIENT
from ..domain.revocation import handle
from ..domain.scopes import format_scope
from ..domain.trail import Trail
from ..ports.grants import OpaqueToken
from ..tokens import opaque
from .role_scopes import permitted
from .runtime import Runtime
from .token_forms import form_of

STEP_UP, _NOT_VALID = "step_up_required", "The access token is not valid."


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodToken:
    """An access token that is good now. Times are seconds, UTC."""

    format: TokenFormat
    id: str
    grant: Grant
    audience: str
    scopes: frozenset[str]
    issued_at: int
    expires_at: int
    cnf: Confirmation = NOTHING

    def response(self, *, issuer: str, username: str | None) -> dict[str, Any]:
        """RFC 7662 section 2.2."""
        grant = self.grant
        body: dict[str, Any] = {
            "active": True,
            "scope": format_scope(self.scopes),
            "client_id": grant.client_id,
            "token_type": "DPoP" if self.cnf.jkt else "Bearer",
            "exp": self.expires_at,
            "iat": self.issued_at,
            "sub": grant.subject,
            "aud": self.audience,
            "iss": issuer,
            "jti": self.id,
            "grant": grant.id,
        }
        if grant.bound_session is not None:
            body["sid"] = grant.bound_session
        if grant.auth_time is not None:
            body |= {"auth_time": grant.auth_time, "acr": grant.acr, "amr": list(grant.amr)}
        if self.cnf:
            # RFC 9449 section 6.2, RFC 8705 section 3.2: the resource has to check who shows it.
            body["cnf"] = self.cnf.as_claim()
        if username is not None:
            body["username"] = username
        return body | grant.extra_claims


@dataclass(frozen=True, slots=True)
class BadToken:
    """Not good: the stable code says why (never told to the caller of introspection, RFC 7662 section 2.2)."""

    code: str
    grant: Grant | None = None
    id: str = ""
    issued_at: int = 0
    expires_at: int = 0
    cnf: Confirmation = NOTHING


async def judge(token: str, *, rt: Runtime, trail: Trail | None = None) -> GoodToken | BadToken:
    """Judge an access token, opaque or JWT. `trail`: where to write down what was checked."""
    trail = trail or Trail()
    if token.startswith("adm_"):
        return await _judge_opaque(token, rt=rt, trail=trail)
    return await _judge_jwt(token, rt=rt, trail=trail)


async def _judge_opaque(token: str, *, rt: Runtime, trail: Trail) -> GoodToken | BadToken:
    shape = "an access token with a good checksum"
    if not (opaque.is_opaque(token, "at") or opaque.is_opaque(token, "pat")):
        trail.failed("token's form", shape, form_of(token))
        return BadToken("malformed_token")
    trail.passed("token's form", shape, "an opaque access token")
    row = await rt.store.read.access_tokens.by_digest(opaque.digest(token))
    if row is None:
        trail.failed("token is known", "one that was issued here", "never issued here, or long over and forgotten")
        return BadToken("token_unknown")
    grant = await rt.store.read.grants.get(row.grant_id)
    now = rt.clock()
    trail.token_id = row.id
    trail.passed("token is known", "one that was issued here", row.id)
    if grant is None or row.revoked_at is not None:
        if grant is not None:
            trail.about_grant(grant)
        trail.failed("token is not revoked", True, f"revoked {_ago(row.revoked_at or now, now)}")
        return _bad("token_revoked", grant, row)
    trail.about_grant(grant)
    trail.passed("token is not revoked", True, True)
    if _too_late(trail, row.expires_at, now=now):
        return _bad("token_expired", grant, row)
    if code := await ended(grant, rt=rt, now=now, trail=trail) or await _revoked(
        grant, row.id, issued_at=row.issued_at, rt=rt, now=now, trail=trail
    ):
        return _bad(code, grant, row)
    return GoodToken(
        format="opaque",
        id=row.id,
        grant=grant,
        audience=row.audience,
        scopes=await _permitted_now(grant, row.scopes, rt=rt, trail=trail),
        issued_at=row.issued_at,
        expires_at=row.expires_at,
        cnf=row.cnf,
    )


async def _permitted_now(grant: Grant, scopes: frozenset[str], *, rt: Runtime, trail: Trail) -> frozenset[str]:
    """What a personal token may today: nobody refreshes it, so no other moment would take what belongs to roles by now."""
    if grant.client_id != PERSONAL_CLIENT or grant.user_id is None:
        return scopes
    read = rt.store.read
    user = await read.users.get(grant.user_id)
    left = await permitted(read, rt, user=user, audience=grant.audience, scopes=scopes)
    if left != scopes:
        trail.passed("scopes that the person's roles allow", scopes, left)
    return left


async def _judge_jwt(token: str, *, rt: Runtime, trail: Trail) -> GoodToken | BadToken:
    now = rt.clock()
    rule = "an access token (at+jwt) signed by a key of this server"
    try:
        signed = rt.keys.current.verify(token, types=frozenset({"at+jwt"}), now=now)
    except JoseError as error:
        trail.failed("token's form and signature", rule, str(error))
        return BadToken("malformed_token")
    trail.passed("token's form and signature", rule, f"signed by the key {signed.header.kid}")
    claims = _our_claims(signed, issuer=rt.issuer)
    if claims is None:
        trail.failed(
            "token's claims", f"those of {rt.issuer}", f"iss is {signed.claims.get('iss')!r}, or one is missing"
        )
        return BadToken("malformed_token")
    trail.token_id = claims["jti"]
    grant = await rt.store.read.grants.get(claims["grant"])
    if grant is None:
        trail.failed("token is known", "a grant of this server", f"the grant {claims['grant']} is gone")
        return BadToken("token_unknown")
    trail.about_grant(grant)
    trail.passed("token is known", "a grant of this server", grant.id)
    told = {name: claims[name] for name in ("sub", "aud", "client_id")}
    allowed = {"sub": grant.subject, "aud": grant.audience, "client_id": grant.client_id}
    if told != allowed:
        # Signed by a key of ours, and yet not what was granted: whoever has a stolen key gets no further with it here.
        trail.failed("token's claims", " ".join(allowed.values()), " ".join(told.values()))
        return BadToken("malformed_token")
    bound = Confirmation.from_claim(claims.get("cnf"))
    if _too_late(trail, claims["exp"], now=now):
        return BadToken("token_expired", grant, claims["jti"], claims["iat"], claims["exp"], bound)
    # The key as well: another process may have taken it out of use since this one last read the keys.
    if code := await ended(grant, rt=rt, now=now, trail=trail) or await _revoked(
        grant, claims["jti"], issued_at=claims["iat"], rt=rt, now=now, trail=trail, kid=signed.header.kid or ""
    ):
        return BadToken(code, grant, claims["jti"], claims["iat"], claims["exp"], bound)
    return GoodToken(
        format="jwt",
        id=claims["jti"],
        grant=grant,
        audience=claims["aud"],
        scopes=frozenset(claims["scope"].split()),
        issued_at=claims["iat"],
        expires_at=claims["exp"],
        cnf=bound,
    )


async def ended(grant: Grant, *, rt: Runtime, now: int, trail: Trail) -> str | None:
    """Why nothing of a grant is good any more, as a stable code; None while it, its session and its lease live."""
    if grant.end_reason == LEASE_ENDED and grant.ended_at is not None:
        trail.failed("lease is alive", True, f"ended {_ago(grant.ended_at, now)}")
        return LEASE_ENDED
    if grant.ended_at is not None or now >= grant.expires_at:
        why = grant.end_reason or "its time was over"
        trail.failed("grant is alive", True, f"ended {_ago(grant.ended_at or grant.expires_at, now)}: {why}")
        return "token_revoked"
    trail.passed("grant is alive", True, True)
    if grant.auth_time is not None and not grant.policy.is_fresh(auth_time=grant.auth_time, now=now):
        trail.failed("age of the sign-in", f"under {grant.policy.max_auth_age_s} s", f"{now - grant.auth_time} s")
        return STEP_UP
    if grant.bound_session is not None:
        session = await rt.store.read.sessions.get(grant.bound_session)
        if session is None or not session.is_alive(now):
            ended = (session.ended_at or session.expires_at) if session else now
            why = (session.end_reason if session else None) or "its time was over"
            trail.failed("session is alive", True, f"ended {_ago(ended, now)}: {why}")
            return "session_ended"
        trail.passed("session is alive", True, True)
    return await _lease_over(grant, rt=rt, now=now, trail=trail)


async def _lease_over(grant: Grant, *, rt: Runtime, now: int, trail: Trail) -> str | None:
    """A lease counts from its very end on, also before that end was noted."""
    if grant.lease_id is None:
        return None
    lease = await rt.store.read.leases.get(grant.lease_id)
    if lease is None or not lease.is_alive(now):
        trail.failed("lease is alive", True, f"not renewed; over since {_ago(lease.ends_at if lease else now, now)}")
        return LEASE_ENDED
    trail.passed("lease is alive", True, True)
    return None


async def _revoked(
    grant: Grant, token_id: str, *, issued_at: int, rt: Runtime, now: int, trail: Trail, kid: str = ""
) -> str | None:
    """What followers hear holds here too, opaque tokens included: one token alone, its key, or everything issued before a time."""
    sid = grant.bound_session or ""
    handles = (handle("jti", token_id), handle("grant", grant.id), handle("sid", sid), handle("kid", kid))
    if await rt.store.read.feed.ended(handles, issued_at=issued_at, now=now):
        trail.failed("token is not revoked", True, "revoked: alone, with its key or with everything")
        return "token_revoked"
    trail.passed("token is not revoked", True, True)
    return await _parent_ended(grant, issued_at=issued_at, rt=rt, now=now, trail=trail)


async def _parent_ended(grant: Grant, *, issued_at: int, rt: Runtime, now: int, trail: Trail) -> str | None:
    """Whether a token from which this one was made has ended. Looked at here, so that ending one token changes no other's row."""
    for parent in grant.descent.ancestors:
        of = await rt.store.read.grants.get(parent.grant_id)
        handles = (handle("jti", parent.token_id), handle("grant", parent.grant_id))
        if (
            of is None
            or of.ended_at is not None
            or await rt.store.read.access_tokens.is_revoked(parent.token_id)
            or await rt.store.read.feed.ended(handles, issued_at=issued_at, now=now)
        ):
            trail.failed("the token it was made from", "alive", f"{parent.token_id} has ended")
            return "token_revoked"
        if code := await _lease_over(of, rt=rt, now=now, trail=trail):
            return code
        trail.passed("the token it was made from", "alive", parent.token_id)
    return None


def _bad(code: str, grant: Grant | None, row: OpaqueToken) -> BadToken:
    return BadToken(code, grant, row.id, row.issued_at, row.expires_at, row.cnf)


def _too_late(trail: Trail, expires_at: int, *, now: int) -> bool:
    if now < expires_at:
        trail.passed("token's time", "not over", f"{expires_at - now} s left")
        return False
    trail.failed("token's time", "not over", f"over since {now - expires_at} s")
    return True


def _ago(at: int, now: int) -> str:
    return f"{max(0, now - at)} s ago"


def _our_claims(signed: Signed, *, issuer: str) -> dict[str, Any] | None:
    claims = signed.claims
    texts = all(
        isinstance(claims.get(name), str) for name in ("iss", "sub", "aud", "jti", "client_id", "scope", "grant")
    )
    times = all(type(claims.get(name)) is int for name in ("exp", "iat"))
    return claims if texts and times and claims["iss"] == issuer else None


def refusal_of(bad: BadToken) -> InvalidToken:
    """What the caller of an endpoint of ours is told of a token that is not good."""
    most = bad.grant.policy.max_auth_age_s if bad.grant is not None else None
    if bad.code == STEP_UP and most is not None:
        return InsufficientUserAuthentication(_NOT_VALID, max_age_s=most, detail=bad.code)
    return InvalidToken(_NOT_VALID, detail=bad.code)
