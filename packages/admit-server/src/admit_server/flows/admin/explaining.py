"""Which steps a sign-in would ask of somebody, and why."""

from dataclasses import dataclass, replace

from ...domain.client import Client
from ...domain.errors import NotFound
from ...domain.journey import ACR_ONE_FACTOR, Ask, Complete, NoWay, Proof, needed_acr
from ...domain.requirement import names_of, parse_requirement
from ...domain.sign_in_rule import SignInRule
from ...domain.user import User
from ..journeys.planning import Plan, plan_for
from ..runtime import Caller, Runtime
from . import clients, sign_in_rules, users


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Whose sign-in is to be explained, for what, from where."""

    user: str
    client: str | None = None
    audience: str | None = None
    address: str = ""
    new_device: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step that would be asked; `others` would do as well. `enrol`: it would have to be set up first."""

    method: str
    others: tuple[str, ...]
    enrol: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """What a sign-in would have to prove.

    Attributes:
        default: Of the settings.
        rules: Those that match, and those that do not.
        has: The authenticators that this person can use now.
        steps: In their order.
        ends_with: The class of the sign-in; None where no way leads there, and then `missing` says what is not set up.
    """

    user: User
    client: Client | None
    default: str
    matching: tuple[SignInRule, ...]
    others: tuple[SignInRule, ...]
    acr: str
    acr_why: str
    has: tuple[str, ...]
    steps: tuple[Step, ...]
    ends_with: str | None
    missing: tuple[str, ...] = ()


async def explain(question: Question, *, rt: Runtime, caller: Caller) -> Explained:
    """Which steps a sign-in would ask of somebody, and why. Nothing is written.

    Raises:
        NotFound: The user, the client or the resource does not exist.
    """
    user = await users.find(question.user, rt=rt)
    client = await clients.find(question.client, rt=rt) if question.client is not None else None
    audience = question.audience or (client.audiences[0] if client is not None and client.audiences else None)
    if audience is not None and await rt.store.read.resources.get(audience) is None:
        raise NotFound(f"There is no resource {audience!r}; `admit resource list` shows them.")
    plan = await plan_for(
        user,
        audience=audience,
        client=client,
        new_device=question.new_device,
        may_enrol=rt.enrol_at_sign_in,
        rt=rt,
        caller=Caller(address=question.address, actor=caller.actor),
    )
    steps, end = _walked(plan)
    matching = {each.name for each in plan.rules}
    return Explained(
        user=user,
        client=client,
        default=rt.sign_in_requires,
        matching=plan.rules,
        others=tuple(each for each in await sign_in_rules.every(rt=rt) if each.name not in matching),
        acr=plan.acr,
        acr_why=_why_acr(plan),
        has=tuple(each.name for each in plan.means if each.usable),
        steps=steps,
        ends_with=end.acr if isinstance(end, Complete) else None,
        missing=end.missing if isinstance(end, NoWay) else (),
    )


def _walked(plan: Plan) -> tuple[tuple[Step, ...], Complete | NoWay]:
    """The steps that somebody takes who always takes the first that they can."""
    proofs: tuple[Proof, ...] = ()
    steps: list[Step] = []
    usable = {each.name for each in plan.means if each.usable}
    # What is offered before anything was proven depends on nobody's account.
    at_first = replace(plan, means=tuple(replace(each, usable=each.usable or each.enrollable) for each in plan.means))
    while isinstance(asked := (plan if proofs else at_first).next(proofs), Ask):
        offered = (asked.authenticator, *asked.others)
        name = next((name for name in offered if name in usable), asked.authenticator)
        if not proofs and name not in usable:
            return tuple(steps), NoWay(tuple(offered))
        means = next(each for each in plan.means if each.name == name)
        others = tuple(each for each in offered if each != name)
        steps.append(Step(method=name, others=others, enrol=asked.enrol and name not in usable, why=_why(plan, name)))
        proofs += (Proof(means.name, 0, (), means.factors, means.phishing_resistant),)
    return tuple(steps), asked


def _why(plan: Plan, name: str) -> str:
    wanting = [f"rule {each.name}" for each in plan.rules if name in names_of(parse_requirement(each.requires))]
    if not wanting and name in names_of(plan.requirement):
        wanting = ["the settings"]
    return " and ".join(wanting) or f"the strength {plan.acr}"


def _why_acr(plan: Plan) -> str:
    if plan.acr == ACR_ONE_FACTOR:
        return "nothing asks for more"
    if plan.policy is not None and plan.policy.acr is not None and needed_acr((), plan.policy) == plan.acr:
        return "a policy asks for it"
    return "this person has set up a second factor"
