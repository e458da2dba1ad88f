"""A code for tokens (RFC 6749 section 4.1.3)."""

from dataclasses import dataclass, field, replace

from ...domain.errors import InvalidGrant
from ...domain.grant import AlreadyUsed, CodeConsumed, Unknown
from ...domain.pkce import verify_s256
from ...ports.grants import NewRefreshToken
from ...ports.transaction import Tx
from ...tokens import opaque
from .. import issuing
from ..client_auth import AuthenticatedClient
from ..endings import end_grant
from ..runtime import Caller, Refusal, Runtime, or_raise


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
    client, now = who.client, rt.clock()
    client.require_grant_type("authorization_code")
    if not opaque.is_opaque(grant.code, "ac"):
        raise InvalidGrant("The code is unknown or was used.", detail="malformed code")
    digest, token, feed_nonce = opaque.digest(grant.code), issuing.blank(rt), rt.nonce()
    refresh = opaque.mint("rt", rt.entropy(opaque.SECRET_BYTES)) if "refresh_token" in client.grant_types else None
    issued = rt.event("token.issued", "", actor=client.id, caller=caller, now=now)
    reused = rt.event("code.reused", "", actor=client.id, caller=caller, now=now, outcome="refused")

    async def unit(tx: Tx) -> tuple[issuing.ReadyToSign, str | None] | Refusal:
        match await tx.codes.consume(digest, client_id=client.id, now=now):
            case Unknown():
                return Refusal(InvalidGrant("The code is unknown or was used.", detail="code unknown for this client"))
            case AlreadyUsed(grant_id):
                # RFC 6749 section 4.1.2: revoke all tokens previously issued based on that code.
                await tx.audit.append(replace(reused, target=grant_id))
                await end_grant(tx, grant_id, reason="code_reused", nonce=feed_nonce, now=now)
                return Refusal(
                    InvalidGrant("The code is unknown or was used.", detail=f"code reuse, grant {grant_id} revoked")
                )
            case CodeConsumed() as code:
                if refusal := _judge(grant, code, now=now):
                    return Refusal(refusal)
                held = await issuing.hold_alive(tx, code.grant_id, now=now)
                if held is None:
                    return Refusal(
                        InvalidGrant("The sign-in has ended.", detail=f"grant {code.grant_id} or its session ended")
                    )
                family = held.grant
                if refresh is not None:
                    expires_at = family.policy.refresh_expiry(family_ends_at=family.expires_at, now=now)
                    await tx.refresh_tokens.add(
                        NewRefreshToken(
                            digest=opaque.digest(refresh),
                            grant_id=family.id,
                            client_id=client.id,
                            parent_digest=None,
                            scopes=family.scopes,
                            created_at=now,
                            expires_at=expires_at,
                            keep_until=family.expires_at + issuing.REFRESH_KEEP_S,
                            reuse_window_s=family.policy.refresh_reuse_window_s,
                        )
                    )
                await tx.audit.append(replace(issued, target=family.id))
                return await issuing.prepare(tx, held, scopes=family.scopes, token=token, now=now), code.nonce

    outcome = await rt.store.write(unit)
    if isinstance(outcome, Refusal):
        rt.on_revocation()
    ready, nonce = or_raise(outcome)
    return issuing.finish(ready, rt=rt, now=now, refresh_token=refresh, nonce=nonce)


def _judge(grant: CodeGrant, code: CodeConsumed, *, now: int) -> InvalidGrant | None:
    if now >= code.expires_at:
        return InvalidGrant("The code has expired.", detail=f"expired {now - code.expires_at} s ago")
    # RFC 6749 section 4.1.3: if it was in the authorization request, the values MUST be identical. OAuth 2.1 section 10.2: with
    # PKCE the parameter may be left out here. A code from /authorize-challenge has none.
    if grant.redirect_uri is None and code.code_challenge is None and code.redirect_uri:
        return InvalidGrant("The redirect_uri is missing.")
    if grant.redirect_uri is not None and grant.redirect_uri != code.redirect_uri:
        return InvalidGrant("The redirect_uri is not the one of the authorization request.")
    try:
        verify_s256(verifier=grant.code_verifier, challenge=code.code_challenge)
    except InvalidGrant as refusal:
        return refusal
    return None
