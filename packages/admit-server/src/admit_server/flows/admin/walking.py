"""Walking a journey at a terminal: the same steps, counters and one-use rules as on the pages, without a session at its end."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ...domain.errors import AccessDenied
from ...domain.journey import Ask, Complete
from ...ports.transaction import Tx
from ..journeys.asking import begin
from ..journeys.judging import WRONG, apply_proof, judge
from ..journeys.planning import Plan, plan_for
from ..journeys.state import Asked, Journey
from ..journeys.steps import STUCK
from ..people import find_for_sign_in
from ..runtime import Caller, Refusal, Runtime, or_raise
from ..throttling import charge_sending
from . import clients
from .explaining import Question

CHANNEL = "terminal"
# Needs a browser.
_NOT_HERE = frozenset({"passkey"})
Prompt = Callable[[str, str, str], Awaitable[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """A journey that was proven."""

    user_id: str
    steps: tuple[str, ...]
    amr: tuple[str, ...]
    acr: str


async def walk(question: Question, ask: Prompt, *, rt: Runtime, caller: Caller) -> Walked:
    """Ask for each step in turn.

    Args:
        question: Whose sign-in, for what.
        ask: Asks for one field of an authenticator: its name, the field's, and words.
        rt: The runtime.
        caller: Who walks.

    Raises:
        AccessDenied: A step was not proven, or what is required can't be proven at a terminal.
        TooManyTries: A counter is beyond its limit.
        NotFound: The client does not exist.
    """
    client = await clients.find(question.client, rt=rt) if question.client is not None else None
    journey, steps = Journey(name=question.user), list[str]()
    while True:
        user = await rt.store.read.users.get(journey.proved_user) if journey.proved_user is not None else None
        plan = await plan_for(user, audience=question.audience, client=client, new_device=True, rt=rt, caller=caller)
        match plan.next(journey.proofs):
            case Complete() as done if journey.proved_user is not None:
                return Walked(user_id=journey.proved_user, steps=tuple(steps), amr=done.amr, acr=done.acr)
            case Ask() as asked:
                method = _possible(asked, plan)
            case _:
                raise AccessDenied(STUCK, detail="no step leads on", advice=STUCK)
        steps.append(method)
        journey = await _step(journey, method, ask, rt=rt, caller=caller)


async def _step(journey: Journey, method: str, ask: Prompt, *, rt: Runtime, caller: Caller) -> Journey:
    authenticator, now = rt.authenticators[method], rt.clock()
    somebody = await find_for_sign_in(journey.name, tx=rt.store.read)
    if authenticator.contacts:
        await charge_sending(somebody, journey.name, method=method, channel=CHANNEL, rt=rt, caller=caller)
    pending = await begin(authenticator, somebody, first=not journey.given, rt=rt, now=now)
    fields = [field for field in pending.challenge.fields if field != "username"]
    response = {field: await ask(method, field, field.replace("_", " ").capitalize()) for field in fields}
    asked = Asked(method, pending.challenge.state, pending.id if pending.challenge.state else "", journey.proved_user)
    proven = await judge(
        journey, asked, response, name=journey.name, authenticator=authenticator, channel=CHANNEL, rt=rt, caller=caller
    )
    event = rt.event(
        "sign_in.walked", proven.user.id, actor=caller.actor, caller=caller, now=now, details={"by": method}
    )

    async def unit(tx: Tx) -> Refusal | None:
        if await tx.users.hold(proven.user.id) is None:
            caller.trail.failed("user is enabled", True, "disabled meanwhile")
            return Refusal(AccessDenied(WRONG, detail="the user was disabled meanwhile", advice=WRONG))
        refusal = await apply_proof(tx, proven, authenticator, rt=rt, caller=caller, now=now)
        if refusal is None:
            await tx.audit.append(event)
        return refusal

    or_raise(await rt.store.write(unit))
    return journey.after(proven.proof, proven.seen_after(), user_id=proven.user.id)


def _possible(asked: Ask, plan: Plan) -> str:
    for name in (asked.authenticator, *asked.others):
        if name not in _NOT_HERE and not asked.enrol:
            return name
    text = "This sign-in needs a browser: open the sign-in page."
    raise AccessDenied(text, detail=f"required: {plan.in_words}", advice=text)
