"""Signing in: one step of a journey at a time, and the session when all of it is proven."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ..domain.errors import AccessDenied, InvalidRequest, ProtocolError, UnmetAuthenticationRequirements
from ..domain.journey import Ask, Complete, NoWay, Proof, complete
from ..domain.sign_in_rule import SignInRule
from ..domain.user import PASSWORD_MAX, USERNAME_MAX, User
from ..ports.transaction import Tx
from .journeys.enrolment import Addition, added, store
from .journeys.judging import USED, WRONG, apply_proof, judge
from .journeys.planning import Plan
from .journeys.state import Asked, Journey
from .journeys.steps import STUCK, plan_of
from .new_session import Before, Occasion, SignedIn, begin_session, still_stands
from .runtime import Caller, Refusal, Runtime, or_raise

# Name or address, and what an authenticator may take: a passkey's answer is a few thousand characters.
LONGEST_FIELD = 32_768
_ADDRESS_MAX = 254


BEGINNING = Journey()
NOT_ASKED = "This step is not asked for here. Begin again."


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInTry:
    """What somebody sent: the answer to one step.

    Attributes:
        name: The user name that was typed; '' where the journey or the proof names the person.
        method: The authenticator that is answered.
        response: Its fields.
        journey: How far this sign-in was.
        asked: The challenge that is answered.
        channel: Names a way in that has a budget of its own.
    """

    name: str = ""
    method: str = "password"
    response: Mapping[str, str] = field(repr=False)
    journey: Journey = BEGINNING
    asked: Asked | None = None
    channel: str = ""


@dataclass(frozen=True, slots=True)
class NextStep:
    """One step was proven; this one comes next."""

    journey: Journey
    ask: Ask
    user: User


async def sign_in(attempt: SignInTry, occasion: Occasion, *, rt: Runtime, caller: Caller) -> SignedIn | NextStep:
    """Judge one step; when it was the last one, make the session.

    The same answer and the same work for an unknown user and a wrong proof. A new cookie secret at every sign-in; the same
    person signing in anew keeps the session (and what hangs on it), another person ends it.

    Raises:
        InvalidRequest: A field is missing.
        AccessDenied: Not proven; or proven, and what else is needed can't be.
        TooManySessions: Proven, and a policy denies the person one more session.
        TooManyTries: A counter is beyond its limit.
        StillWaiting: The authenticator waits for something.
        Busy: The hashing queue is full.
    """
    authenticator = rt.authenticators.get(attempt.method)
    if authenticator is None:
        text = "There is no such way to sign in here."
        raise InvalidRequest(text, detail=f"no authenticator {attempt.method[:40]!r}", advice=text)
    response = _response(attempt)
    # Read once for the whole try: a rule that is set while a proof is judged holds from the next one on.
    every = await rt.store.read.sign_in_rules.all()
    await _asked_for(attempt, occasion, every, rt=rt, caller=caller)
    caller.trail.quiet = True
    if len(attempt.name) > max(USERNAME_MAX, _ADDRESS_MAX) or any(len(v) > LONGEST_FIELD for v in response.values()):
        raise AccessDenied(WRONG, detail="user name or password longer than any can be", advice=WRONG)
    if len(response.get("password", "")) > 4 * PASSWORD_MAX:
        raise AccessDenied(WRONG, detail="user name or password longer than any can be", advice=WRONG)
    proven = await judge(
        attempt.journey,
        attempt.asked or Asked(attempt.method),
        response,
        name=attempt.name,
        authenticator=authenticator,
        channel=attempt.channel,
        rt=rt,
        caller=caller,
    )
    now = rt.clock()
    journey = replace(attempt.journey, name=attempt.name or attempt.journey.name)
    journey = journey.after(proven.proof, proven.seen_after(), user_id=proven.user.id)

    async def before(tx: Tx) -> Refusal | None:
        return await apply_proof(tx, proven, authenticator, rt=rt, caller=caller, now=now)

    return await conclude(
        proven.user, journey, occasion, before=before, last=attempt.method, every=every, rt=rt, caller=caller
    )


async def sign_in_by_enrolling(
    addition: Addition, journey: Journey, occasion: Occasion, *, rt: Runtime, caller: Caller
) -> SignedIn | NextStep:
    """Go on with a sign-in after the person set up what it lacked.

    Raises:
        AccessDenied: The journey does not ask for it; or as `sign_in`.
    """
    user, now, name = addition.user, rt.clock(), addition.authenticator.name
    plan = await plan_of(user, occasion, rt=rt, caller=caller)
    match plan.next(journey.proofs):
        case Ask(enrol=True) as ask if (
            name in (ask.authenticator, *ask.others)
            and journey.proved_user == user.id
            and journey.enrols(now=now, fresh_s=rt.account.fresh_s)
        ):
            pass
        case _:
            caller.trail.failed("step", "one that lets the person set something up", name)
            raise AccessDenied(USED, detail="the journey does not ask for this", advice=USED)
    if addition.enrolled.proved is not None:
        journey = journey.after(_proof_of(addition, now=now), ((addition.credential.id, 1),), user_id=user.id)
    event = added(addition, rt=rt, caller=caller, now=now)

    async def before(tx: Tx) -> Refusal | None:
        refusal = await store(tx, addition, rt=rt, caller=caller, now=now)
        if refusal is None:
            await tx.audit.append(event)
        return refusal

    return await conclude(user, journey, occasion, before=before, last=name, rt=rt, caller=caller)


async def conclude(
    user: User,
    journey: Journey,
    occasion: Occasion,
    *,
    before: Before,
    last: str,
    every: list[SignInRule] | None = None,
    rt: Runtime,
    caller: Caller,
) -> SignedIn | NextStep:
    """After a step: the next one, or the session. What the step has to write is written in the same unit."""
    now, plan = rt.clock(), await plan_of(user, occasion, every=every, rt=rt, caller=caller)
    match plan.next(journey.proofs):
        case Complete() as done:
            return await begin_session(user, journey, done, occasion, before=before, last=last, rt=rt, caller=caller)
        case Ask() as ask:
            details: dict[str, str | int | bool | None] = {"by": last, "next": ask.authenticator}
            event = rt.event("sign_in.step", user.id, actor=user.id, caller=caller, now=now, details=details)
            refusal = None
        case NoWay(missing):
            details = {"by": last, "missing": " ".join(missing)}
            event = rt.event(
                "sign_in.stuck", user.id, actor=user.id, caller=caller, now=now, outcome="refused", details=details
            )
            refusal = Refusal(_no_way(plan, journey, missing, caller=caller))

    async def unit(tx: Tx) -> Refusal | None:
        refused = await still_stands(tx, journey, user, occasion, last=last, caller=caller, now=now) or await before(tx)
        if refused is None:
            await tx.audit.append(event)
        return refused or refusal

    or_raise(await rt.store.write(unit))
    return NextStep(journey, ask, user)


async def _asked_for(
    attempt: SignInTry, occasion: Occasion, every: list[SignInRule], *, rt: Runtime, caller: Caller
) -> None:
    """A step that leads nowhere is not judged: nobody guesses codes, or fills their counters, without the password before them."""
    proved = attempt.journey.proved_user
    user = await rt.store.read.users.get(proved) if proved is not None else None
    plan = await plan_of(user, occasion, every=every, rt=rt, caller=caller)
    asked = plan.next(attempt.journey.proofs)
    choices = (asked.authenticator, *asked.others) if isinstance(asked, Ask) else ()
    given = {proof.authenticator for proof in attempt.journey.proofs}
    if attempt.method not in choices and attempt.method not in given:
        caller.trail.failed("step", choices, attempt.method)
        raise InvalidRequest(NOT_ASKED, detail=f"{attempt.method} is not asked for here", advice=NOT_ASKED)


def _no_way(plan: Plan, journey: Journey, missing: tuple[str, ...], *, caller: Caller) -> ProtocolError:
    if not missing:
        caller.trail.failed("strength of the sign-in", plan.acr, complete(journey.proofs).acr)
        return UnmetAuthenticationRequirements("The sign-in is not as strong as that.")
    found = f"not set up: {' '.join(missing)}"
    caller.trail.failed("what is required", plan.in_words, found)
    return AccessDenied(STUCK, detail=found, advice=STUCK)


def _response(attempt: SignInTry) -> dict[str, str]:
    named = attempt.name or attempt.journey.name or attempt.journey.user_id
    if attempt.method == "password" and not (named and "password" in attempt.response):
        text = "Fill in both the user name and the password."
        raise InvalidRequest(text, detail="one of them is empty", advice=text)
    return dict(attempt.response)


def _proof_of(addition: Addition, *, now: int) -> Proof:
    by, proved = addition.authenticator, addition.enrolled.proved
    factors = proved.factors if proved is not None and proved.factors is not None else by.factors
    return Proof(by.name, now, tuple(proved.amr) if proved else (), frozenset(factors), by.phishing_resistant)
