"""What a person is asked next, and what they may take instead."""

from contextlib import suppress
from dataclasses import dataclass, field, replace

from ...domain.email_address import LONGEST
from ...domain.errors import AccessDenied, InvalidRequest, NotFound, TemporarilyUnavailable
from ...domain.journey import Ask, Complete
from ...domain.sign_in_rule import SignInRule
from ...domain.user import User
from ..devices import known_browser
from ..new_session import Occasion
from ..outages import excuse
from ..people import find_for_sign_in
from ..runtime import Caller, Runtime
from ..throttling import charge_sending
from .asking import begin
from .enrolment import begin_again, begin_enrolment
from .full import in_full
from .keeping import sent_to, subject_of
from .planning import Plan, plan_for
from .state import Asked, Journey, Pending

STUCK = "This sign-in needs a proof that is not set up for your account. Ask the administrator to help you."


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step, ready to be shown.

    Attributes:
        journey: To come back with; holds what was sent, so that loading the page again sends nothing.
        method: The authenticator that is asked.
        others: What would lead on as well, after a word of the person.
        beside: What is asked on the same page, because it needs no user name.
        failing: What would have been asked instead, and could not be begun: the process behind it is down, for instance.
        enrol: The person sets the authenticator up first.
        pending: The challenge; None: it needs a name first, or a word that something may be sent.
        user: The person, once they proved something.
    """

    journey: Journey
    method: str
    others: tuple[str, ...]
    enrol: bool = False
    pending: Pending | None = field(default=None, repr=False)
    user: User | None = None
    beside: tuple[Pending, ...] = ()
    failing: tuple[str, ...] = ()


async def plan_of(
    user: User | None, occasion: Occasion, *, every: list[SignInRule] | None = None, rt: Runtime, caller: Caller
) -> Plan:
    """What this sign-in has to prove. `every`: all rules, where they were read already."""
    plan = await plan_for(
        user,
        request=occasion.request,
        client=occasion.client,
        new_device=user is None or await known_browser(user, rt=rt, caller=caller) is None,
        # An app without a browser has no pages on which something could be set up.
        may_enrol=rt.enrol_at_sign_in and occasion.in_browser,
        every=every,
        rt=rt,
        caller=caller,
    )
    return in_full(plan) if user is not None and occasion.full else plan


async def offer(
    journey: Journey,
    occasion: Occasion,
    *,
    may_send: bool,
    channel: str = "",
    again: Asked | None = None,
    rt: Runtime,
    caller: Caller,
) -> Step:
    """The next step of a journey, begun.

    What is offered before anything was proven depends on nobody's account.

    Args:
        journey: How far the person is.
        occasion: For what they sign in.
        may_send: Mails and the like may go out: the person asked for it with a post.
        channel: Names a way in that has a budget of its own.
        again: What was answered wrongly: an enrolment is asked for once more with the same secret.
        rt: The runtime.
        caller: Where the request came from.

    Raises:
        InvalidRequest: The name is longer than any.
        AccessDenied: What is still needed can't be proven by this person.
        TooManyTries: Something was sent too often.
        TemporarilyUnavailable: The authenticator failed, and so did all that would lead on in its place.
    """
    proved = journey.proved_user
    if len(journey.name) > LONGEST:
        text = "That is longer than any user name or address."
        raise InvalidRequest(text, detail="a name longer than any", advice=text)
    user = await rt.store.read.users.get(proved) if proved is not None else None
    plan = await plan_of(user, occasion, rt=rt, caller=caller)
    ask = plan.next(journey.proofs)
    if isinstance(ask, Complete) and journey.given:
        # What was still asked is not asked any more: from the beginning, which is short now.
        return await offer(Journey(name=journey.name), occasion, may_send=False, rt=rt, caller=caller)
    if not isinstance(ask, Ask):
        caller.trail.failed("what is required", plan.in_words, "it can't be proven with what is set up")
        raise AccessDenied(STUCK, detail=f"no step leads to {plan.in_words}", advice=STUCK)
    choices = (ask.authenticator, *ask.others)
    chosen = journey.choice if journey.choice in choices else ask.authenticator
    order = (chosen, *(name for name in choices if name != chosen))
    failure: TemporarilyUnavailable | None = None
    for number, method in enumerate(order):
        step = Step(
            # What took another one's place keeps it: the page that comes next begins nothing that contacts somebody.
            journey=replace(journey, choice=method if method == journey.choice or number else ""),
            method=method,
            others=tuple(name for name in choices if name != method),
            enrol=user is not None and not any(each.usable for each in plan.means if each.name == method),
            user=user,
            failing=order[:number],
        )
        if failure is not None and step.enrol:
            continue  # what is down for a while is no reason to add to an account
        try:
            # Nobody asked that something is sent by what only takes another one's place.
            may = may_send and not number
            return await _begun(
                step, journey, occasion, may_send=may, channel=channel, again=again, rt=rt, caller=caller
            )
        except TemporarilyUnavailable as error:
            failure = failure or error
    raise failure or TemporarilyUnavailable(detail="a step without any choice")


async def _begun(
    step: Step,
    journey: Journey,
    occasion: Occasion,
    *,
    may_send: bool,
    channel: str,
    again: Asked | None,
    rt: Runtime,
    caller: Caller,
) -> Step:
    """The step with its challenge."""
    now, method, user = rt.clock(), step.method, step.user
    if step.enrol and not journey.enrols(now=now, fresh_s=rt.account.fresh_s):
        # Whoever found an open browser must not add to the account: it is proved anew first.
        return await offer(journey.of_its_own(), occasion, may_send=may_send, channel=channel, rt=rt, caller=caller)
    if step.enrol and user is not None:
        return replace(step, pending=await _enrolment(method, user, again, rt=rt, now=now))
    authenticator = rt.authenticators[method]
    if not authenticator.contacts:
        pending = await begin(authenticator, user, first=not journey.given, rt=rt, now=now)
        step = replace(step, pending=pending, journey=replace(step.journey, pending=None))
        return (
            await _with_what_needs_no_name(step, rt=rt, now=now) if not journey.given and not journey.choice else step
        )
    if journey.pending is not None and journey.pending.authenticator == method:
        return replace(step, pending=journey.pending)
    if not may_send or not (journey.name or user):
        return replace(step, journey=replace(step.journey, pending=None))
    somebody = user or await find_for_sign_in(journey.name, tx=rt.store.read)
    paid = await charge_sending(somebody, journey.name, method=method, channel=channel, rt=rt, caller=caller)
    chosen, resume = replace(step.journey, choice=method), occasion.resume
    to = sent_to(await subject_of(rt.store.read, somebody), rt=rt)

    def sent(pending: Pending) -> Journey:
        return replace(chosen, pending=replace(pending, name=journey.name, to=to))

    try:
        pending = await begin(
            authenticator,
            somebody,
            first=not journey.given,
            resume=(lambda pending: resume(sent(pending))) if resume is not None else None,
            rt=rt,
            now=now,
        )
    except TemporarilyUnavailable:
        await excuse(paid, rt=rt, now=now)
        raise
    going_on = sent(pending)
    return replace(step, pending=going_on.pending, journey=going_on)


async def _with_what_needs_no_name(step: Step, *, rt: Runtime, now: int) -> Step:
    names = [n for n in step.others if rt.authenticators[n].names_the_person and not rt.authenticators[n].contacts]
    beside: list[Pending] = []
    for name in names:
        # One that can't be begun is left among the others, where it is tried again by whoever wants it.
        with suppress(TemporarilyUnavailable):
            beside.append(await begin(rt.authenticators[name], None, first=True, rt=rt, now=now))
    begun = {each.authenticator for each in beside}
    return replace(step, beside=tuple(beside), others=tuple(name for name in step.others if name not in begun))


async def _enrolment(method: str, user: User, again: Asked | None, *, rt: Runtime, now: int) -> Pending:
    try:
        if again is not None:
            return await begin_again(method, user, again, rt=rt, now=now)
        return await begin_enrolment(method, user, rt=rt, now=now)
    except NotFound:
        raise AccessDenied(STUCK, detail=f"{method} has nothing to set up", advice=STUCK) from None
