"""The sign-in that a change of the account needs: fresh, and as strong as the person can make it."""

from ...domain.account import SignInTooOld, require_fresh
from ...domain.journey import acr_of, reaches, strongest
from ...domain.removal import Required
from ...domain.requirement import Requirement, parse_requirement, together
from ...domain.session import Session
from ...domain.sign_in_rule import SignInRule
from ...domain.user import User
from ...ports.transaction import Tx
from ..runtime import Runtime
from .planning import means_with, proofs_of_session


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
    shown = acr_of((proof.factors, proof.phishing_resistant) for proof in proofs_of_session(current))
    if not reaches(shown, await full_class(user, rt=rt)):
        raise SignInTooOld


async def full_class(user: User, *, rt: Runtime) -> str:
    """The class of a full sign-in: the strongest that the person can show with what they have set up, whatever asks for it.

    Recovery codes may stand in for what got lost, but are nothing that somebody has set up in this sense.
    """
    tx = rt.store.read
    every = await tx.credentials.all_of_user(user.id)
    return strongest(each for each in await means_with(tx, user, every, rt=rt) if each.usable and not each.stands_in)


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
