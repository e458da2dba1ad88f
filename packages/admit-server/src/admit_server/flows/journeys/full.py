"""The sign-in that a change of the account needs: fresh, and with two factors where two matter."""

from ...domain.account import SignInTooOld, require_fresh
from ...domain.journey import ACR_ONE_FACTOR, ACR_TWO_FACTORS, Means, acr_of, reaches
from ...domain.removal import Required, needs_two_factors, two_factors_at_most
from ...domain.requirement import Requirement, parse_requirement, together
from ...domain.session import Session
from ...domain.sign_in_rule import SignInRule
from ...domain.user import User
from ...ports.transaction import Tx
from ...ports.users import Credential
from ..runtime import Runtime
from .keeping import opened, subject_of
from .planning import means, proofs_of_session


async def require_full_sign_in(current: Session, *, rt: Runtime) -> None:
    """Before a way to sign in is added or removed (ASVS 5.0 7.5.1: full re-authentication).

    Where two factors matter, whoever has the password alone could else take the second one away, or add one of their own.

    Raises:
        SignInTooOld: The sign-in is too old, or showed one factor of two that matter.
    """
    require_fresh(current, rt.account, now=rt.clock())
    user = await rt.store.read.users.get(current.user_id)
    if user is None:
        raise SignInTooOld
    needed = await full_class(user, rt=rt)
    if needed == ACR_ONE_FACTOR:
        return
    shown = acr_of((proof.factors, proof.phishing_resistant) for proof in proofs_of_session(current))
    if not reaches(shown, needed):
        raise SignInTooOld


async def full_class(user: User, *, rt: Runtime) -> str:
    """The class of a full sign-in: two factors, if the person can show two and anything here asks for two; else one.

    Recovery codes may stand in for what got lost, but are nothing that somebody has set up in this sense.
    """
    tx = rt.store.read
    every = await tx.credentials.all_of_user(user.id)
    usable = [each for each in await means_with(tx, user, every, rt=rt) if each.usable and not each.stands_in]
    if two_factors_at_most(usable) == ACR_ONE_FACTOR:
        return ACR_ONE_FACTOR
    required = await required_of(tx, user, rt=rt)
    by_rule = any(needs_two_factors(each, usable) for each in (required.always, *required.sometimes))
    limits = [rt.default_policy, *(policy for _, policy in await tx.policies.all())]
    by_policy = any(limit.acr is not None and reaches(limit.acr, ACR_TWO_FACTORS) for limit in limits)
    return ACR_TWO_FACTORS if by_rule or by_policy else ACR_ONE_FACTOR


async def means_with(tx: Tx, user: User, kept: list[Credential], *, rt: Runtime) -> tuple[Means, ...]:
    """By what means a person could sign in, had they these credentials."""
    subject = await subject_of(tx, user)
    found = []
    for each in rt.authenticators.values():
        stored = tuple(opened(one, each, rt=rt) for one in kept if one.authenticator == each.name)
        found.append(means(each, usable=subject is not None and each.usable(subject, stored)))
    return tuple(found)


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
