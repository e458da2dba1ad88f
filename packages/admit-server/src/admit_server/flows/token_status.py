"""What a token is, and whether it is good now. The one place that judges tokens of our own: introspection, userinfo, inspect."""

from dataclasses import dataclass
from typing import Any

from admit.jose import JoseError, Signed

from ..domain.client import TokenFormat
from ..domain.grant import Grant
from ..domain.revocation import handle
from ..domain.scopes import format_scope
from ..tokens import opaque
from .runtime import Runtime


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

    def response(self, *, issuer: str, username: str | None) -> dict[str, Any]:
        """RFC 7662 section 2.2."""
        grant = self.grant
        body: dict[str, Any] = {
            "active": True,
            "scope": format_scope(self.scopes),
            "client_id": grant.client_id,
            "token_type": "Bearer",
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
        if username is not None:
            body["username"] = username
        return body


@dataclass(frozen=True, slots=True)
class BadToken:
    """Not good: the stable code says why (never told to the caller of introspection, RFC 7662 section 2.2)."""

    code: str
    grant: Grant | None = None


async def judge(token: str, *, rt: Runtime) -> GoodToken | BadToken:
    """Judge an access token, opaque or JWT."""
    if token.startswith("adm_"):
        return await _judge_opaque(token, rt=rt)
    return await _judge_jwt(token, rt=rt)


async def _judge_opaque(token: str, *, rt: Runtime) -> GoodToken | BadToken:
    if not opaque.is_opaque(token, "at"):
        return BadToken("malformed_token")
    row = await rt.store.read.access_tokens.by_digest(opaque.digest(token))
    if row is None:
        return BadToken("token_unknown")
    grant = await rt.store.read.grants.get(row.grant_id)
    now = rt.clock()
    if grant is None or row.revoked_at is not None:
        return BadToken("token_revoked", grant)
    if now >= row.expires_at:
        return BadToken("token_expired", grant)
    if code := await _ended(grant, row.id, issued_at=row.issued_at, rt=rt, now=now):
        return BadToken(code, grant)
    return GoodToken(
        format="opaque",
        id=row.id,
        grant=grant,
        audience=row.audience,
        scopes=row.scopes,
        issued_at=row.issued_at,
        expires_at=row.expires_at,
    )


async def _judge_jwt(token: str, *, rt: Runtime) -> GoodToken | BadToken:
    now = rt.clock()
    try:
        claims = _our_claims(rt.keys.current.verify(token, types=frozenset({"at+jwt"}), now=now), issuer=rt.issuer)
    except JoseError:
        return BadToken("malformed_token")
    if claims is None:
        return BadToken("malformed_token")
    grant = await rt.store.read.grants.get(claims["grant"])
    if grant is None:
        return BadToken("token_unknown")
    if now >= claims["exp"]:
        return BadToken("token_expired", grant)
    if code := await _ended(grant, claims["jti"], issued_at=claims["iat"], rt=rt, now=now):
        return BadToken(code, grant)
    return GoodToken(
        format="jwt",
        id=claims["jti"],
        grant=grant,
        audience=claims["aud"],
        scopes=frozenset(claims["scope"].split()),
        issued_at=claims["iat"],
        expires_at=claims["exp"],
    )


async def _ended(grant: Grant, token_id: str, *, issued_at: int, rt: Runtime, now: int) -> str | None:
    if grant.ended_at is not None or now >= grant.expires_at:
        return "token_revoked"
    if grant.bound_session is not None:
        session = await rt.store.read.sessions.get(grant.bound_session)
        if session is None or not session.is_alive(now):
            return "session_ended"
    # What followers hear holds here too, opaque tokens included: one token alone, or everything issued before a time.
    handles = (handle("jti", token_id), handle("grant", grant.id), handle("sid", grant.bound_session or ""))
    return "token_revoked" if await rt.store.read.feed.ended(handles, issued_at=issued_at, now=now) else None


def _our_claims(signed: Signed, *, issuer: str) -> dict[str, Any] | None:
    claims = signed.claims
    texts = all(
        isinstance(claims.get(name), str) for name in ("iss", "sub", "aud", "jti", "client_id", "scope", "grant")
    )
    times = all(type(claims.get(name)) is int for name in ("exp", "iat"))
    return claims if texts and times and claims["iss"] == issuer else None
