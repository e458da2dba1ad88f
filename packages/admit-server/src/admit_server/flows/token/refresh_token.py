"""A refresh token for the next pair (RFC 6749 section 6), rotated (RFC 9700 section 4.14.2)."""

from dataclasses import dataclass, field, replace

from ...domain.errors import InvalidDpopProof, InvalidGrant, InvalidRequest, InvalidScope
from ...domain.grant import AlreadyUsed, Consumed, Grant, Replayed, Unknown
from ...domain.scopes import format_scope
from ...ports.transaction import Tx
from ...tokens import opaque
from ...tokens.envelope import NotSealedHere
from .. import issuing
from ..binding import for_refresh
from ..client_auth import AuthenticatedClient
from ..denials import tie, tie_to_owner
from ..endings import end_grant
from ..recording import record_issue, record_unproved
from ..role_scopes import permitted
from ..runtime import Caller, Refusal, Runtime, or_raise
from ..token_forms import form_of

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
    made_at: int = 0


@dataclass(frozen=True, slots=True)
class _TooOld(Refusal):
    """The refresh token was over before it was used."""

    grant_id: str
    made_at: int


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
    client, now, trail = who.client, rt.clock(), caller.trail
    client.require_grant_type("refresh_token", trail)
    if not opaque.is_opaque(grant.token, "rt"):
        trail.failed("token's form", "a refresh token with a good checksum", form_of(grant.token))
        raise InvalidGrant(_UNKNOWN, detail="malformed refresh token")
    digest, token, feed_nonce = opaque.digest(grant.token), issuing.blank(rt, caller=caller, now=now), rt.nonce()
    successor = opaque.mint("rt", rt.entropy(opaque.SECRET_BYTES))
    successor_digest = opaque.digest(successor)
    # Sealed so that only who presents the same token again can read it, and only with the key from outside the database.
    sealed = rt.vault.seal_under(grant.token, successor.encode(), row=digest.hex(), nonce=rt.entropy(12))
    refreshed = rt.event("token.refreshed", "", actor=client.id, caller=caller, now=now)
    replayed = rt.event("refresh_token.replayed", "", actor=client.id, caller=caller, now=now)
    reused = rt.event("refresh_token.reused", "", actor=client.id, caller=caller, now=now, outcome="refused")

    mark = trail.mark()

    async def unit(tx: Tx) -> Rotated | Refusal:
        trail.back_to(mark)
        match await tx.refresh_tokens.consume(
            digest,
            client_id=client.id,
            proved=caller.holder.proved,
            successor_digest=successor_digest,
            sealed_successor=sealed,
            now=now,
        ):
            case Unknown():
                return Refusal(InvalidGrant(_UNKNOWN, detail="refresh token unknown for this client"))
            case AlreadyUsed(grant_id, late_tab=True):
                trail.grant_id = grant_id
                trail.failed("token is unused", "the newest of its family", "used before; its successor was used too")
                await tx.audit.append(replace(reused, target=grant_id, details={"late_tab": True}))
                return Refusal(InvalidGrant(_UNKNOWN, detail="its successor was used already; family kept"))
            case AlreadyUsed(grant_id):
                trail.grant_id = grant_id
                trail.failed("token is unused", "the newest of its family", "used long before; so the family was ended")
                await tx.audit.append(replace(reused, target=grant_id))
                await end_grant(tx, grant_id, reason="refresh_token_reused", nonce=feed_nonce, now=now)
                return Refusal(InvalidGrant(_UNKNOWN, detail=f"refresh token reuse, family {grant_id} revoked"))
            case Replayed() as replay:
                return await _replay(tx, replay)
            case Consumed() as used:
                return await _rotate(tx, used)

    async def _replay(tx: Tx, replay: Replayed) -> Rotated | Refusal:
        await tx.audit.append(replace(replayed, target=replay.grant_id, details={"replays": replay.replays}))
        trail.grant_id = replay.grant_id
        if replay.replays > MOST_REPLAYS:
            trail.failed("repeats of a used token", f"at most {MOST_REPLAYS}", replay.replays)
            await end_grant(tx, replay.grant_id, reason="refresh_token_replayed", nonce=feed_nonce, now=now)
            return Refusal(
                InvalidGrant(_UNKNOWN, detail=f"more than {MOST_REPLAYS} replays, family {replay.grant_id} revoked")
            )
        held = await issuing.hold_alive(tx, replay.grant_id, token=token, now=now)
        if held is None or now >= replay.successor_expires_at:
            return Refusal(
                InvalidGrant("The sign-in has ended.", detail=f"grant {replay.grant_id} or its session ended")
            )
        if excess := grant.scopes - replay.scopes:
            raise InvalidScope(f"Not in the original grant: {format_scope(excess)}.")
        scopes = await _still_permitted(tx, held.grant, grant.scopes or replay.scopes, rt=rt)
        return Rotated(await issuing.prepare(tx, held, scopes=scopes, token=token, now=now), replay.sealed_successor)

    async def _rotate(tx: Tx, used: Consumed) -> Rotated | Refusal:
        trail.grant_id = used.grant_id
        trail.passed("token is unused", "the newest of its family", True)
        if now >= used.expires_at:
            trail.failed("token's time", "not over", f"over since {now - used.expires_at} s")
            expired = InvalidGrant(_UNKNOWN, detail=f"expired {now - used.expires_at} s ago")
            return _TooOld(expired, used.grant_id, used.created_at)
        trail.passed("token's time", "not over", f"{used.expires_at - now} s left")
        if excess := grant.scopes - used.scopes:
            trail.failed("scope", used.scopes, grant.scopes)
            # Raised, not returned: this undoes the consumption.
            raise InvalidScope(f"Not in the original grant: {format_scope(excess)}.")
        held = await issuing.hold_alive(tx, used.grant_id, token=token, now=now)
        if held is None:
            return Refusal(InvalidGrant("The sign-in has ended.", detail=f"grant {used.grant_id} or its session ended"))
        family = held.grant
        scopes = await _still_permitted(tx, family, grant.scopes or used.scopes, rt=rt)
        ready = await issuing.prepare(tx, held, scopes=scopes, token=token, now=now)
        if used.parent_digest is not None:
            await tx.refresh_tokens.forget_sealed(used.parent_digest)
        await tx.refresh_tokens.add(
            issuing.refresh_token_row(
                successor_digest,
                family,
                scopes=used.scopes,
                now=now,
                parent_digest=digest,
                cnf=for_refresh(client, ready.cnf, before=used.cnf),
            )
        )
        await tx.audit.append(replace(refreshed, target=family.id))
        return Rotated(ready, made_at=used.created_at)

    try:
        outcome = await rt.store.write(unit)
    except (InvalidScope, InvalidDpopProof, InvalidRequest) as error:
        if not isinstance(error, InvalidScope):
            record_unproved(trail.grant_id, error, refreshed=0, proved=caller.holder.proved, rt=rt)
        await _explain(digest, client_id=client.id, rt=rt, caller=caller)
        raise
    if isinstance(outcome, _TooOld):
        record_issue(
            outcome.grant_id,
            refreshed=outcome.made_at,
            code="refresh_expired",
            proved=caller.holder.proved,
            rt=rt,
        )
    if isinstance(outcome, Refusal):
        rt.on_revocation()
        await _explain(digest, client_id=client.id, rt=rt, caller=caller)
    rotated = or_raise(outcome)
    text = successor
    if rotated.sealed_successor is not None:
        try:
            text = rt.vault.open_under(grant.token, rotated.sealed_successor, row=digest.hex()).decode()
        except NotSealedHere as error:
            raise InvalidGrant(_UNKNOWN, detail=f"the sealed successor can't be opened: {error}") from None
    return issuing.finish(rotated.ready, rt=rt, now=now, refresh_token=text, refreshed=rotated.made_at)


async def _still_permitted(tx: Tx, grant: Grant, scopes: frozenset[str], *, rt: Runtime) -> frozenset[str]:
    """Without what the person's roles, or what a role holds, took away since the sign-in (RFC 6749 section 5.1 tells it)."""
    user = await tx.users.get(grant.user_id) if grant.user_id is not None else None
    return await permitted(tx, rt, user=user, audience=grant.audience, scopes=scopes)


async def _explain(digest: bytes, *, client_id: str, rt: Runtime, caller: Caller) -> None:
    """Whom the refused token concerns, and whose it is if it is not this client's."""
    trail = caller.trail
    if trail.grant_id is not None:
        await tie(trail.grant_id, rt=rt, caller=caller)
        return
    owner = await rt.store.read.refresh_tokens.owner(digest)
    bound = await rt.store.read.refresh_tokens.bound_to(digest)
    if owner is not None and owner[1] == client_id and not caller.holder.proved.covers(bound):
        proved = caller.holder.proved
        trail.failed("key of the token", bound.jkt or bound.x5t, proved.jkt or proved.x5t or "no proof")
        await tie(owner[0], rt=rt, caller=caller)
        return
    await tie_to_owner(owner, what="token", client_id=client_id, rt=rt, caller=caller)
