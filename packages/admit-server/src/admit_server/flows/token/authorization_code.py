"""A code for tokens (RFC 6749 section 4.1.3)."""

from dataclasses import dataclass, field, replace

from ...domain.errors import InvalidDpopProof, InvalidGrant, InvalidRequest
from ...domain.grant import AlreadyUsed, CodeConsumed, Unknown
from ...domain.pkce import verify_s256
from ...ports.transaction import Tx
from ...tokens import opaque
from .. import issuing
from ..binding import for_refresh
from ..client_auth import AuthenticatedClient
from ..denials import tie, tie_to_owner
from ..endings import end_grant
from ..recording import record_unproved
from ..runtime import Caller, Refusal, Runtime, or_raise
from ..token_forms import form_of


@dataclass(frozen=True, slots=True)
class CodeGrant:
    """The parsed request."""

    code: str = field(repr=False)
    redirect_uri: str | None
    code_verifier: str | None = field(repr=False)


async def exchange(grant: CodeGrant, *, who: AuthenticatedClient, rt: Runtime, caller: Caller) -> issuing.IssuedTokens:
    """Spend the code and give the first tokens of its grant.

    Any presentation by its client consumes it, also with a wrong verifier; a second use revokes what the first one gave
    (RFC 6749 section 4.1.2, RFC 9700 section 2.1.1).

    Raises:
        InvalidGrant: Unknown for this client, used, expired, another redirect URI, a wrong verifier, or its grant has ended.
    """
    client, now, trail = who.client, rt.clock(), caller.trail
    client.require_grant_type("authorization_code", trail)
    if not opaque.is_opaque(grant.code, "ac"):
        trail.failed("code's form", "an authorization code with a good checksum", form_of(grant.code))
        raise InvalidGrant("The code is unknown or was used.", detail="malformed code")
    digest, token, feed_nonce = opaque.digest(grant.code), issuing.blank(rt, caller=caller, now=now), rt.nonce()
    refresh = opaque.mint("rt", rt.entropy(opaque.SECRET_BYTES)) if "refresh_token" in client.grant_types else None
    issued = rt.event("token.issued", "", actor=client.id, caller=caller, now=now)
    reused = rt.event("code.reused", "", actor=client.id, caller=caller, now=now, outcome="refused")
    mark = trail.mark()

    async def unit(tx: Tx) -> tuple[issuing.ReadyToSign, str | None, str | None] | Refusal:
        trail.back_to(mark)
        match await tx.codes.consume(digest, client_id=client.id, now=now):
            case Unknown():
                return Refusal(InvalidGrant("The code is unknown or was used.", detail="code unknown for this client"))
            case AlreadyUsed(grant_id):
                trail.grant_id = grant_id
                trail.failed("code is unused", True, "used before; so everything that it gave was ended")
                # RFC 6749 section 4.1.2: revoke all tokens previously issued based on that code.
                await tx.audit.append(replace(reused, target=grant_id))
                await end_grant(tx, grant_id, reason="code_reused", nonce=feed_nonce, now=now)
                return Refusal(
                    InvalidGrant("The code is unknown or was used.", detail=f"code reuse, grant {grant_id} revoked")
                )
            case CodeConsumed() as code:
                trail.grant_id = code.grant_id
                if refusal := _judge(grant, code, caller=caller, now=now):
                    return Refusal(refusal)
                held = await issuing.hold_alive(tx, code.grant_id, token=token, now=now)
                if held is None:
                    return Refusal(
                        InvalidGrant("The sign-in has ended.", detail=f"grant {code.grant_id} or its session ended")
                    )
                family = held.grant
                ready = await issuing.prepare(tx, held, scopes=family.scopes, token=token, now=now)
                given = refresh if family.transaction is None else None  # its ticket is for once
                if given is not None:
                    cnf = for_refresh(client, ready.cnf)
                    await tx.refresh_tokens.add(
                        issuing.refresh_token_row(opaque.digest(given), family, scopes=family.scopes, now=now, cnf=cnf)
                    )
                await tx.audit.append(replace(issued, target=family.id))
                return ready, given, code.nonce

    try:
        outcome = await rt.store.write(unit)
    except (InvalidDpopProof, InvalidRequest) as error:
        record_unproved(trail.grant_id, error, proved=caller.holder.proved, rt=rt)
        raise
    if isinstance(outcome, Refusal):
        rt.on_revocation()
        await _explain(digest, client_id=client.id, rt=rt, caller=caller)
    ready, given, nonce = or_raise(outcome)
    if ready.lease is not None and ready.lease.id == token.lease.id:
        rt.on_revocation()  # it may follow one that ran out, whose end was written in this unit
    return issuing.finish(ready, rt=rt, now=now, refresh_token=given, nonce=nonce)


async def _explain(digest: bytes, *, client_id: str, rt: Runtime, caller: Caller) -> None:
    """Whom the refused code concerns, and whose it is if it is not this client's."""
    trail = caller.trail
    if trail.grant_id is not None:
        await tie(trail.grant_id, rt=rt, caller=caller)
        return
    owner = await rt.store.read.codes.owner(digest)
    await tie_to_owner(owner, what="code", client_id=client_id, rt=rt, caller=caller)


def _judge(grant: CodeGrant, code: CodeConsumed, *, caller: Caller, now: int) -> InvalidGrant | None:
    trail = caller.trail
    trail.passed("code is unused", True, True)
    if now >= code.expires_at:
        trail.failed("code's time", "not over", f"over since {now - code.expires_at} s")
        return InvalidGrant("The code has expired.", detail=f"expired {now - code.expires_at} s ago")
    trail.passed("code's time", "not over", f"{code.expires_at - now} s left")
    # RFC 6749 section 4.1.3: if it was in the authorization request, the values MUST be identical. OAuth 2.1 section 10.2: with
    # PKCE the parameter may be left out here. A code from /authorize-challenge has none.
    if grant.redirect_uri is None and code.code_challenge is None and code.redirect_uri:
        trail.failed("redirect_uri", code.redirect_uri, None)
        return InvalidGrant("The redirect_uri is missing.")
    if grant.redirect_uri is not None and grant.redirect_uri != code.redirect_uri:
        trail.failed("redirect_uri", code.redirect_uri or "none: the code came without one", grant.redirect_uri)
        return InvalidGrant("The redirect_uri is not the one of the authorization request.")
    trail.passed("redirect_uri", code.redirect_uri, grant.redirect_uri)
    try:
        verify_s256(verifier=grant.code_verifier, challenge=code.code_challenge)
    except InvalidGrant as refusal:
        trail.failed("code_verifier", "the one whose hash came with the request", refusal.public)
        return refusal
    trail.passed("code_verifier", "the one whose hash came with the request", "the same")
    # RFC 9449 section 10: "If they do not match, it MUST reject the request."
    if code.dpop_jkt not in ("", caller.holder.proved.jkt):
        trail.failed("key of the code (dpop_jkt)", code.dpop_jkt, caller.holder.proved.jkt or "no proof")
        return InvalidGrant("The code is bound to another key.", detail="dpop_jkt differs from the key of the proof")
    return None
