"""The session that a finished journey makes: within one unit, with what the last step still has to write."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace

from ..domain.authorization_request import AuthorizationRequest
from ..domain.client import Client
from ..domain.errors import AccessDenied
from ..domain.journey import Complete
from ..domain.session import Session, seen_every_s
from ..domain.user import User
from ..ports.store import StoreUnavailable
from ..ports.transaction import Tx
from ..tokens import opaque
from .devices import note, sighting
from .endings import end_session
from .journeys.judging import USED
from .journeys.keeping import seen_now
from .journeys.state import Journey
from .new_code import CodeToBe, write_code
from .runtime import Caller, Refusal, Runtime, or_raise
from .session_limit import make_room

MOST_NAMED = 5
Before = Callable[[Tx], Awaitable[Refusal | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """For what somebody signs in.

    Attributes:
        in_browser: On pages; else with an app that shows its own.
        previous: The session that this browser has already, idle or not.
        request: What was asked at the authorization endpoint; None for the server's own pages.
        client: Who asked it.
        resume: The address at which a journey goes on in the same browser, for links that are mailed.
        code: An authorization code is made with the session, in the same unit: `prepare_code` for this person.
        full: It is for a change of the account: two factors are asked of who has set up two.
    """

    in_browser: bool = True
    previous: Session | None = None
    request: AuthorizationRequest | None = None
    client: Client | None = None
    resume: Callable[[Journey], str] | None = None
    code: Callable[[User], CodeToBe] | None = None
    full: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """The session, its cookie's secret, the id of the browser (None for an app without one), and the code that was asked for."""

    user: User
    session: Session
    sign_in: Complete
    cookie: str | None = field(repr=False)
    device: str | None = None
    code: str | None = field(default=None, repr=False)


async def begin_session(
    user: User,
    journey: Journey,
    complete: Complete,
    occasion: Occasion,
    *,
    before: Before,
    last: str,
    rt: Runtime,
    caller: Caller,
) -> SignedIn:
    """Make the session, or renew the one that this person has in this browser.

    Args:
        user: Who signed in.
        journey: With every proof.
        complete: What the session says of itself.
        occasion: For what.
        before: Writes what the last step proved, first in the unit.
        last: The authenticator of the last step, whose credentials `before` judges.
        rt: The runtime.
        caller: Where it came from.

    Raises:
        AccessDenied: A proof no longer stands: the user was disabled, or a credential changed, meanwhile.
        TooManySessions: A policy denies the person one more session.
    """
    now, previous = rt.clock(), occasion.previous
    cookie = opaque.mint("ss", rt.entropy(opaque.SECRET_BYTES)) if occasion.in_browser else None
    digest = opaque.digest(cookie) if cookie else None
    fresh = Session(
        id=rt.new_id("ses"),
        user_id=user.id,
        auth_time=complete.auth_time,
        amr=complete.amr,
        acr=complete.acr,
        network=caller.network,
        user_agent=caller.user_agent[:256],
        in_browser=occasion.in_browser,
        created_at=now,
        last_seen_at=now,
        expires_at=now + rt.session_lifetime_s,
        proofs=journey.proofs,
    )
    done = rt.event("sign_in.done", user.id, actor=user.id, caller=caller, now=now, details={"session": fresh.id})
    replaced = None
    if previous is not None:
        replaced = rt.event(
            "session.ended", previous.id, actor=user.id, caller=caller, now=now, details={"reason": "replaced"}
        )
    limited = rt.event("sessions.limited", user.id, actor=user.id, caller=caller, now=now)
    feed_nonce = rt.nonce()
    device = _device_of(caller, rt=rt) if occasion.in_browser else None
    client_id = occasion.client.id if occasion.client else None
    seen = await sighting(user, device=device, client_id=client_id, rt=rt, caller=caller, now=now)

    new_code = occasion.code(user) if occasion.code is not None else None
    # Written by the unit: sessions that it ended.
    ended: list[str] = []

    async def made(tx: Tx) -> Session | Refusal:
        ended.clear()
        refusal = await still_stands(tx, journey, user, occasion, last=last, caller=caller, now=now) or await before(tx)
        if refusal is not None:
            return refusal
        if previous is not None and previous.user_id == user.id and digest is not None:
            renewed = await tx.sessions.renew(
                previous.id,
                user_id=user.id,
                digest=digest,
                auth_time=complete.auth_time,
                amr=complete.amr,
                acr=complete.acr,
                proofs=journey.proofs,
                now=now,
            )
            again = await tx.sessions.get(previous.id) if renewed else None
            if again is not None:
                await tx.audit.append(done)
                await note(tx, seen, rt=rt)
                return again
        made_room = await make_room(tx, user, client=occasion.client, rt=rt, caller=caller, nonce=feed_nonce, now=now)
        if isinstance(made_room, Refusal):
            await tx.audit.append(replace(limited, outcome="refused"))
            return made_room
        ended.extend(made_room)
        if made_room:
            shown = " ".join(made_room[:MOST_NAMED])
            await tx.audit.append(replace(limited, details={"ended": len(made_room), "sessions": shown}))
        await tx.audit.append(done)
        await note(tx, seen, rt=rt)
        if replaced is not None and await end_session(
            tx, replaced.target, reason="replaced", nonce=feed_nonce, now=now
        ):
            await tx.audit.append(replaced)
            ended.append(replaced.target)
        await tx.sessions.add(fresh, digest=digest)
        return fresh

    async def unit(tx: Tx) -> tuple[Session, str | None] | Refusal:
        session = await made(tx)
        if isinstance(session, Refusal):
            return session
        if new_code is None:
            return session, None
        code = await write_code(tx, new_code, session_id=session.id, sign_in=complete, rt=rt, caller=caller)
        return code if isinstance(code, Refusal) else (session, code)

    outcome = await rt.store.write(unit)
    if ended:
        rt.on_revocation()
    session, code = or_raise(outcome)
    return SignedIn(user=user, session=session, sign_in=complete, cookie=cookie, device=device, code=code)


def _device_of(caller: Caller, *, rt: Runtime) -> str:
    """The browser's id: the one that it has, whoever signed in with it before, or a new one."""
    return caller.device.device if caller.device is not None else rt.entropy(16).hex()


async def still_stands(
    tx: Tx, journey: Journey, user: User, occasion: Occasion, *, last: str, caller: Caller, now: int
) -> Refusal | None:
    """Within a unit, before it writes anything: whether what earlier steps stood on is as it was.

    A password that was changed since proves nothing any more, and nothing is added to the account on its word.
    """
    # Locks the row: what is looked at here can't change before the commit.
    if await tx.users.hold(user.id) is None:
        caller.trail.failed("user is enabled", True, "disabled meanwhile")
        return Refusal(AccessDenied(USED, detail="the user was disabled meanwhile", advice=USED))
    for given in journey.given:
        name = given.proof.authenticator
        if given.seen is None:
            # It was proved by the session that this browser had: it counts as long as that session lives.
            mine = occasion.previous is not None and occasion.previous.id == given.session
            before = await tx.sessions.get(given.session) if mine and given.session is not None else None
            stands = before is not None and before.user_id == user.id and before.is_alive(now)
        else:
            stands = name == last or await seen_now(tx, user.id, name) == given.seen
        if not stands:
            caller.trail.failed("proof", "the one that this person has set", "it was changed meanwhile, or has ended")
            return Refusal(AccessDenied(USED, detail="an earlier proof does not stand any more", advice=USED))
    return None


async def session_of_cookie(cookie: str | None, *, rt: Runtime) -> Session | None:
    """The living session of a cookie's secret, also an idle one: to be ended, or proved anew, and for nothing else."""
    if cookie is None or not opaque.is_opaque(cookie, "ss"):
        return None
    session = await rt.store.read.sessions.by_digest(opaque.digest(cookie))
    return session if session is not None and session.is_alive(rt.clock()) else None


async def current_session(cookie: str | None, *, unattended: bool = False, rt: Runtime) -> Session | None:
    """The session of a cookie's secret, neither ended nor idle, and note that its browser was here.

    Args:
        cookie: The secret.
        unattended: Nobody need be in front of the browser (`prompt=none`): nothing is noted.
        rt: The runtime.
    """
    session, now = await session_of_cookie(cookie, rt=rt), rt.clock()
    if session is None or session.is_idle(now, idle_s=rt.session_idle_s):
        return None
    was = session.last_seen_at
    if not unattended and now - was >= seen_every_s(rt.session_idle_s):

        async def unit(tx: Tx) -> None:
            await tx.sessions.see(session.id, was=was, now=now)

        # Where it can't be written the page is shown all the same: the session goes idle the sooner.
        with suppress(StoreUnavailable):
            await rt.store.write(unit)
    return session
