"""Logout (OpenID Connect RP-Initiated Logout 1.0): the session ends, and every token that ends with it, everywhere."""

from dataclasses import dataclass
from typing import Any

from admit.jose import JoseError

from ..domain.audit import AuditEvent
from ..domain.client import Client
from ..domain.errors import InvalidRequest
from ..domain.session import Session
from ..domain.trail import Trail
from ..ports.transaction import Tx
from .authorize import with_params
from .endings import end_session
from .runtime import Caller, Runtime


@dataclass(frozen=True, slots=True)
class SignedOut:
    """Done. `return_to` is a registered address, or None: show the page."""

    client: Client | None
    return_to: str | None


@dataclass(frozen=True, slots=True)
class AskSignOut:
    """Ask the person first: the request does not prove that it comes from an app of this session."""

    client: Client | None
    session: Session


async def begin(
    params: dict[str, str], *, session: Session | None, rt: Runtime, caller: Caller, confirmed: bool = False
) -> SignedOut | AskSignOut:
    """Decide and, where nothing has to be asked, sign out.

    Raises:
        InvalidRequest: The hint is none of ours, contradicts `client_id`, or the address to return to is not registered
            (section 3: the OP MUST NOT redirect there).
    """
    trail = caller.trail
    trail.about_session(session)
    hint = _claims_of_hint(params.get("id_token_hint"), rt=rt, trail=trail)
    client = await _client(params.get("client_id"), hint, rt=rt, trail=trail)
    return_to = _return_to(params, client, trail)
    hinted = hint.get("sid") if hint else None
    if session is not None and not confirmed and hinted != session.id:
        # Section 2: without a hint that names this very session the OP should ask whether to log out.
        return AskSignOut(client, session)
    ending = session.id if session is not None else hinted
    if isinstance(ending, str):
        actor = client.id if client else session.user_id if session else ""
        await end_session_now(ending, reason="logout", actor=actor, rt=rt, caller=caller)
    return SignedOut(client, return_to)


async def end_session_now(
    session_id: str, *, reason: str, actor: str, told: AuditEvent | None = None, rt: Runtime, caller: Caller
) -> bool:
    """End a session in a unit of its own. False when it had ended before, or never was. `told`: what is noted besides."""
    now, nonce = rt.clock(), rt.nonce()
    event = rt.event("session.ended", session_id, actor=actor, caller=caller, now=now, details={"reason": reason})

    async def unit(tx: Tx) -> bool:
        if not await end_session(tx, session_id, reason=reason, nonce=nonce, now=now):
            return False
        if told is not None:
            await tx.audit.append(told)
        await tx.audit.append(event)
        return True

    ended = await rt.store.write(unit)
    rt.on_revocation()
    return ended


def _claims_of_hint(hint: str | None, *, rt: Runtime, trail: Trail) -> dict[str, Any] | None:
    if hint is None:
        return None
    rule = "an ID token that this server signed"
    try:
        # Section 2: the OP SHOULD accept ID tokens whose exp has passed.
        signed = rt.keys.current.verify(hint, types=frozenset({"jwt"}), now=rt.clock())
    except JoseError as error:
        trail.failed("id_token_hint", rule, str(error))
        raise InvalidRequest("The id_token_hint is not an ID token of this server.", detail=str(error)) from None
    if signed.claims.get("iss") != rt.issuer:
        trail.failed("id_token_hint", rule, f"the issuer {signed.claims.get('iss')!r}")
        raise InvalidRequest("The id_token_hint is not an ID token of this server.", detail="another issuer")
    trail.passed("id_token_hint", rule, "one of ours")
    if isinstance(signed.claims.get("sub"), str):
        trail.user_id = signed.claims["sub"]
    return signed.claims


async def _client(client_id: str | None, hint: dict[str, Any] | None, *, rt: Runtime, trail: Trail) -> Client | None:
    audience = hint.get("aud") if hint else None
    if client_id is not None and audience is not None and client_id != audience:
        trail.failed("client_id", str(audience), client_id)
        # Section 2: when both are present, the OP MUST verify that the client is the audience of the hint.
        raise InvalidRequest("client_id and id_token_hint are of different applications.")
    name = client_id or audience
    client = await rt.store.read.clients.get(name) if isinstance(name, str) else None
    if client is not None:
        trail.client_id = client.id
    return client


def _return_to(params: dict[str, str], client: Client | None, trail: Trail) -> str | None:
    wanted = params.get("post_logout_redirect_uri")
    if wanted is None:
        return None
    if client is None or wanted not in client.post_logout_redirect_uris:
        registered = client.post_logout_redirect_uris if client else "those of a client, and none was named"
        trail.failed("post_logout_redirect_uri", registered, wanted)
        raise InvalidRequest("The post_logout_redirect_uri is not registered for this application.")
    return with_params(wanted, {"state": params["state"]}) if "state" in params else wanted
