"""Signing in: drives what `domain.journey` decides, and makes the session."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ..authenticators.api import Rejected
from ..domain.client import Client
from ..domain.errors import AccessDenied, InvalidRequest, TooManyTries
from ..domain.journey import Complete
from ..domain.session import Session
from ..domain.user import PASSWORD_MAX, USERNAME_MAX, User, username_key
from ..ports.transaction import Tx
from ..tokens import opaque
from . import throttling
from .endings import end_session
from .proving import Proven, prove, stored_credentials
from .runtime import Caller, Refusal, Runtime, or_raise
from .session_limit import make_room

WRONG = "That user name and password don't match."
DISABLED = "the user is disabled"
MOST_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInTry:
    """What somebody sent. `device` is the id from this browser's device cookie, with the user that it was made for;
    `channel` names a way in that has a budget of its own.
    """

    username: str
    fields: Mapping[str, str] = field(repr=False)
    device: tuple[str, str] | None = None
    channel: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """The session, and its cookie's secret (None for an app without a browser)."""

    user: User
    session: Session
    sign_in: Complete
    cookie: str | None = field(repr=False)


async def sign_in(
    attempt: SignInTry,
    *,
    in_browser: bool,
    previous: Session | None,
    client: Client | None = None,
    rt: Runtime,
    caller: Caller,
) -> SignedIn:
    """Judge a try by user name and password and make the session.

    The same answer and the same work for an unknown user and a wrong password. A new cookie secret at every sign-in; the same
    person signing in anew keeps the session (and what hangs on it), another person ends it.

    Raises:
        InvalidRequest: A field is missing or too long.
        AccessDenied: Not proven.
        TooManySessions: Proven, and a policy denies the person one more session.
        TooManyTries: A counter is beyond its limit.
        Busy: The hashing queue is full.
    """
    username, now = attempt.username, rt.clock()
    trail = caller.trail
    if not username or "password" not in attempt.fields:
        text = "Fill in both the user name and the password."
        raise InvalidRequest(text, detail="one of them is empty", advice=text)
    trail.quiet = True
    if len(username) > USERNAME_MAX or len(attempt.fields["password"]) > 4 * PASSWORD_MAX:
        raise AccessDenied(WRONG, detail="user name or password longer than any can be", advice=WRONG)
    user = await rt.store.read.users.by_username_key(username_key(username))
    known_device = user is not None and attempt.device is not None and attempt.device[0] == user.id
    if user is not None and attempt.device is not None and known_device:
        account = throttling.device_counter(user.id, attempt.device[1], rt=rt)
    else:
        account = throttling.account_counter(username, exists=user is not None, channel=attempt.channel, rt=rt)
    if user is None:
        trail.passed("form", "user name and password", "both")
    else:
        trail.user_id = user.id
        trail.passed("user name", "one that is known", user.id)
    try:
        paid = await throttling.charge(
            account,
            from_known_device=known_device,
            network=throttling.network_counter(caller, channel=attempt.channel, rt=rt),
            rt=rt,
            caller=caller,
            username_known=user.id if user else None,
        )
    except TooManyTries as refusal:
        counters = "of this person, this browser and this network"
        trail.failed("failures before", f"few, {counters}", f"too many; tries count again in {refusal.retry_after_s} s")
        raise
    trail.passed("failures before", "few", "few")
    proven = await prove(attempt.fields, user, rt=rt, now=now)
    if isinstance(proven, Rejected) or user is None:
        reason = proven.reason if isinstance(proven, Rejected) else "no such user"
        if user is None:
            trail.failed("user name", "one that is known", "unknown")
        elif user.disabled_at is not None and reason == DISABLED:
            trail.failed("user is enabled", True, False)
        else:
            trail.failed("proof", "the one that this person has set", reason)
        await _record_failure(user, reason, rt=rt, caller=caller, now=now)
        raise AccessDenied(WRONG, detail=reason, advice=WRONG)
    return await _begin_session(
        user, proven, paid, in_browser=in_browser, previous=previous, client=client, rt=rt, caller=caller, now=now
    )


async def _record_failure(user: User | None, reason: str, *, rt: Runtime, caller: Caller, now: int) -> None:
    event = rt.event(
        "sign_in.failed",
        user.id if user else "",
        actor="",
        caller=caller,
        now=now,
        outcome="refused",
        details={"reason": reason},
    )

    async def unit(tx: Tx) -> None:
        if user is not None:
            await tx.audit.append(event)

    rt.tally.count("sign_in_failed", caller.network, minute=now // 60)
    # Unknown names are counted, not listed, so that strangers can't fill the table; the same unit runs, so that both cost the same.
    await rt.store.write(unit)


async def _begin_session(
    user: User,
    proven: Proven,
    paid: throttling.Charge,
    *,
    in_browser: bool,
    previous: Session | None,
    client: Client | None,
    rt: Runtime,
    caller: Caller,
    now: int,
) -> SignedIn:
    complete = proven.complete
    cookie = opaque.mint("ss", rt.entropy(opaque.SECRET_BYTES)) if in_browser else None
    digest = opaque.digest(cookie) if cookie else None
    fresh = Session(
        id=rt.new_id("ses"),
        user_id=user.id,
        auth_time=complete.auth_time,
        amr=complete.amr,
        acr=complete.acr,
        network=caller.network,
        user_agent=caller.user_agent[:256],
        in_browser=in_browser,
        created_at=now,
        expires_at=now + rt.session_lifetime_s,
        proofs=proven.proofs,
    )
    done = rt.event("sign_in.done", user.id, actor=user.id, caller=caller, now=now, details={"session": fresh.id})
    replaced = None
    if previous is not None:
        replaced = rt.event(
            "session.ended", previous.id, actor=user.id, caller=caller, now=now, details={"reason": "replaced"}
        )
    limited = rt.event("sessions.limited", user.id, actor=user.id, caller=caller, now=now)
    feed_nonce = rt.nonce()

    async def unit(tx: Tx) -> Session | Refusal:
        if await tx.users.hold(user.id) is None:
            caller.trail.failed("user is enabled", True, "disabled meanwhile")
            return Refusal(AccessDenied(WRONG, detail="the user was disabled meanwhile", advice=WRONG))
        for name, seen in proven.against:
            # A change ends every session; whoever was still proving the old one must not get another.
            if await stored_credentials(tx, user, name) != seen:
                caller.trail.failed("proof", "the one that this person has set", "it was changed meanwhile")
                return Refusal(AccessDenied(WRONG, detail="the credential was changed meanwhile", advice=WRONG))
        for update in proven.updates:
            await tx.credentials.replace(update.id, data=update.data, version=update.version, now=now)
        await throttling.refund(tx, paid, now=now)
        if previous is not None and previous.user_id == user.id and digest is not None:
            renewed = await tx.sessions.renew(
                previous.id,
                user_id=user.id,
                digest=digest,
                auth_time=complete.auth_time,
                amr=complete.amr,
                acr=complete.acr,
                proofs=proven.proofs,
                now=now,
            )
            again = await tx.sessions.get(previous.id) if renewed else None
            if again is not None:
                await tx.audit.append(done)
                return again
        made_room = await make_room(tx, user, client=client, rt=rt, caller=caller, nonce=feed_nonce, now=now)
        if isinstance(made_room, Refusal):
            await tx.audit.append(replace(limited, outcome="refused"))
            return made_room
        if made_room:
            shown = " ".join(made_room[:MOST_NAMED])
            await tx.audit.append(replace(limited, details={"ended": len(made_room), "sessions": shown}))
        await tx.audit.append(done)
        if replaced is not None and await end_session(
            tx, replaced.target, reason="replaced", nonce=feed_nonce, now=now
        ):
            await tx.audit.append(replaced)
        await tx.sessions.add(fresh, digest=digest)
        return fresh

    session = or_raise(await rt.store.write(unit))
    rt.on_revocation()
    return SignedIn(user=user, session=session, sign_in=complete, cookie=cookie)


async def current_session(cookie: str | None, *, rt: Runtime) -> Session | None:
    """The living session of a cookie's secret."""
    if cookie is None or not opaque.is_opaque(cookie, "ss"):
        return None
    session = await rt.store.read.sessions.by_digest(opaque.digest(cookie))
    return session if session is not None and session.is_alive(rt.clock()) else None
