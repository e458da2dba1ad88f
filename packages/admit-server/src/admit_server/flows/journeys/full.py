"""The sign-in that a change of the account needs: fresh, and as strong as the person can make it."""

from dataclasses import replace

from ...domain.account import SignInTooOld, require_fresh
from ...domain.journey import Means, acr_of, reaches, strongest
from ...domain.removal import Required
from ...domain.requirement import AnyOf, Needs, Requirement, parse_requirement, together
from ...domain.session import Session
from ...domain.sign_in_rule import SignInRule
from ...domain.user import User
from ...ports.transaction import Tx
from ..runtime import Runtime
from .planning import Plan, means_with, proofs_of_session


async def require_full_sign_in(current: Session, *, rt: Runtime) -> None:
    """Before what decides who gets in later: a way to sign in, an address, a personal token, the deletion.

    ASVS 5.0 7.5.1: full re-authentication. Whoever phished the weaker proofs could else add a strong one of their own, and with it
    pass every rule that asks for a strong one; or take away what keeps them out.

    Raises:
        SignInTooOld: The sign-in is too old, or weaker than the person can make it.
    """
    require_fresh(current, rt.account, now=rt.clock())
    user = await rt.store.read.users.get(current.user_id)
    if user is None:
        raise SignInTooOld
    proofs, lasting = proofs_of_session(current), await _lasting(user, rt=rt)
    shown = acr_of((proof.factors, proof.phishing_resistant) for proof in proofs)
    if not reaches(shown, strongest(lasting)):
        raise SignInTooOld
    # What shows no factor (a code by mail) is of the weakest class too; whoever can show one has to.
    if any(each.factors for each in lasting) and not any(proof.factors for proof in proofs):
        raise SignInTooOld


async def hold_session(tx: Tx, current: Session, *, now: int) -> Session:
    """Within a unit, before it writes: the session of who asks, as it is now. It can't be ended before the commit.

    Who was thrown out while a slow hash was computed leaves nothing behind.

    Raises:
        SignInTooOld: It has ended meanwhile, or its person is disabled.
    """
    # The person's row first, as wherever both are locked.
    if await tx.users.hold(current.user_id) is None:
        raise SignInTooOld
    if await tx.sessions.hold(current.id, jwt_alive_until=0, now=now) is None:
        raise SignInTooOld
    held = await tx.sessions.get(current.id)
    if held is None or held.user_id != current.user_id:
        raise SignInTooOld
    return held


async def full_class(user: User, *, rt: Runtime) -> str:
    """The class of a full sign-in: the strongest that the person can show with what they have set up, whatever asks for it.

    Recovery codes may stand in for what got lost, but are nothing that somebody has set up in this sense.
    """
    return strongest(await _lasting(user, rt=rt))


def in_full(plan: Plan) -> Plan:
    """The plan of a sign-in that `require_full_sign_in` will take."""
    lasting = [each for each in plan.means if each.usable and not each.stands_in]
    full, factors = strongest(lasting), tuple(Needs(each.name) for each in lasting if each.factors)
    requirement = together([plan.requirement, AnyOf(factors)]) if factors else plan.requirement
    return replace(plan, requirement=requirement, acr=plan.acr if reaches(plan.acr, full) else full)


async def _lasting(user: User, *, rt: Runtime) -> list[Means]:
    tx = rt.store.read
    every = await tx.credentials.all_of_user(user.id)
    return [each for each in await means_with(tx, user, every, rt=rt) if each.usable and not each.stands_in]


async def required_of(tx: Tx, user: User, *, rt: Runtime) -> Required:
    """What the sign-ins of a person have to prove, always and sometimes."""
    rules = [rule for rule in await tx.sign_in_rules.all() if rule.role is None or rule.role in user.roles]
    always = [parse_requirement(rt.sign_in_requires)]
    always += [parse_requirement(rule.requires) for rule in rules if not _depends(rule)]
    sometimes: list[Requirement] = [
        together([*always, parse_requirement(rule.requires)]) for rule in rules if _depends(rule)
    ]
    return Required(always=together(always), sometimes=tuple(sometimes))


def _depends(rule: SignInRule) -> bool:
    """Whether a rule holds for some of a person's sign-ins only."""
    return any((rule.client_id, rule.audience, rule.network, rule.outside, rule.risk))
