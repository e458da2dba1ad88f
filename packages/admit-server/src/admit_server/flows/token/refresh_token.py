"""A refresh token for the next pair (RFC 6749 section 6), rotated (RFC 9700 section 4.14.2)."""

from dataclasses import dataclass, field, replace

from ...domain.errors import InvalidGrant, InvalidScope
from ...domain.grant import AlreadyUsed, Consumed, Replayed, Unknown
from ...domain.scopes import format_scope
from ...ports.grants import NewRefreshToken
from ...ports.transaction import Tx
from ...tokens import opaque
from ...tokens.envelope import NotSealedHere
from .. import issuing
from ..client_auth import AuthenticatedClient
from ..endings import end_grant
from ..runtime import Caller, Refusal, Runtime, or_raise

MOST_REPLAYS = 5
_UNKNOWN = "The refresh token is unknown, expired or was used."


@dataclass(frozen=True, slots=True)
class RefreshGrant:
    """The parsed request. No scopes: all that the token carries."""

    token: str = field(repr=False)
    scopes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rotated:
    """The next pair: its refresh token is new, or still sealed under the one presented (a replay)."""

    ready: issuing.ReadyToSign
    sealed_successor: bytes | None = None


async def exchange(
    grant: RefreshGrant, *, who: AuthenticatedClient, rt: Runtime, caller: Caller
) -> issuing.IssuedTokens:
    """Spend the refresh token and give the next pair.

    The immediate predecessor, presented again inside the reuse window, gets the same successor: two tabs, a lost reply or a retry
    log nobody out. Outside it the whole family ends, because the thief can't be told from the honest holder.

    Raises:
        InvalidGrant: Unknown for this client, expired, used, or its grant or session has ended.
        InvalidScope: More than the token carries; nothing is spent.
    """
    client, now = who.client, rt.clock()
    client.require_grant_type("refresh_token")
    if not opaque.is_opaque(grant.token, "rt"):
        raise InvalidGrant(_UNKNOWN, detail="malformed refresh token")
    digest, token, feed_nonce = opaque.digest(grant.token), issuing.blank(rt), rt.nonce()
    successor = opaque.mint("rt", rt.entropy(opaque.SECRET_BYTES))
    successor_digest = opaque.digest(successor)
    # Sealed so that only who presents the same token again can read it, and only with the key from outside the database.
    sealed = rt.vault.seal_under(grant.token, successor.encode(), row=digest.hex(), nonce=rt.entropy(12))
    refreshed = rt.event("token.refreshed", "", actor=client.id, caller=caller, now=now)
    replayed = rt.event("refresh_token.replayed", "", actor=client.id, caller=caller, now=now)
    reused = rt.event("refresh_token.reused", "", actor=client.id, caller=caller, now=now, outcome="refused")

    async def unit(tx: Tx) -> Rotated | Refusal:
        match await tx.refresh_tokens.consume(
            digest,
            client_id=client.id,
            successor_digest=successor_digest,
            sealed_successor=sealed,
            now=now,
        ):
            case Unknown():
                return Refusal(InvalidGrant(_UNKNOWN, detail="refresh token unknown for this client"))
            case AlreadyUsed(grant_id, late_tab=True):
                await tx.audit.append(replace(reused, target=grant_id, details={"late_tab": True}))
                return Refusal(InvalidGrant(_UNKNOWN, detail="its successor was used already; family kept"))
            case AlreadyUsed(grant_id):
                await tx.audit.append(replace(reused, target=grant_id))
                await end_grant(tx, grant_id, reason="refresh_token_reused", nonce=feed_nonce, now=now)
                return Refusal(InvalidGrant(_UNKNOWN, detail=f"refresh token reuse, family {grant_id} revoked"))
            case Replayed() as replay:
                return await _replay(tx, replay)
            case Consumed() as used:
                return await _rotate(tx, used)

    async def _replay(tx: Tx, replay: Replayed) -> Rotated | Refusal:
        await tx.audit.append(replace(replayed, target=replay.grant_id, details={"replays": replay.replays}))
        if replay.replays > MOST_REPLAYS:
            await end_grant(tx, replay.grant_id, reason="refresh_token_replayed", nonce=feed_nonce, now=now)
            return Refusal(
                InvalidGrant(_UNKNOWN, detail=f"more than {MOST_REPLAYS} replays, family {replay.grant_id} revoked")
            )
        held = await issuing.hold_alive(tx, replay.grant_id, now=now)
        if held is None or now >= replay.successor_expires_at:
            return Refusal(
                InvalidGrant("The sign-in has ended.", detail=f"grant {replay.grant_id} or its session ended")
            )
        if excess := grant.scopes - replay.scopes:
            raise InvalidScope(f"Not in the original grant: {format_scope(excess)}.")
        scopes = grant.scopes or replay.scopes
        return Rotated(await issuing.prepare(tx, held, scopes=scopes, token=token, now=now), replay.sealed_successor)

    async def _rotate(tx: Tx, used: Consumed) -> Rotated | Refusal:
        if now >= used.expires_at:
            return Refusal(InvalidGrant(_UNKNOWN, detail=f"expired {now - used.expires_at} s ago"))
        if excess := grant.scopes - used.scopes:
            # Raised, not returned: this undoes the consumption.
            raise InvalidScope(f"Not in the original grant: {format_scope(excess)}.")
        held = await issuing.hold_alive(tx, used.grant_id, now=now)
        if held is None:
            return Refusal(InvalidGrant("The sign-in has ended.", detail=f"grant {used.grant_id} or its session ended"))
        if used.parent_digest is not None:
            await tx.refresh_tokens.forget_sealed(used.parent_digest)
        await tx.refresh_tokens.add(
            NewRefreshToken(
                digest=successor_digest,
                grant_id=held.id,
                client_id=client.id,
                parent_digest=digest,
                scopes=used.scopes,
                created_at=now,
                expires_at=held.policy.refresh_expiry(family_ends_at=held.expires_at, now=now),
                keep_until=held.expires_at + issuing.REFRESH_KEEP_S,
                reuse_window_s=held.policy.refresh_reuse_window_s,
            )
        )
        await tx.audit.append(replace(refreshed, target=held.id))
        return Rotated(await issuing.prepare(tx, held, scopes=grant.scopes or used.scopes, token=token, now=now))

    outcome = await rt.store.write(unit)
    if isinstance(outcome, Refusal):
        rt.on_revocation()
    rotated = or_raise(outcome)
    text = successor
    if rotated.sealed_successor is not None:
        try:
            text = rt.vault.open_under(grant.token, rotated.sealed_successor, row=digest.hex()).decode()
        except NotSealedHere as error:
            raise InvalidGrant(_UNKNOWN, detail=f"the sealed successor can't be opened: {error}") from None
    return issuing.finish(rotated.ready, rt=rt, now=now, refresh_token=text)
