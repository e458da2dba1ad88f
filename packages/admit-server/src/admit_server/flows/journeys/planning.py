"""What a sign-in has to prove: the settings, the rules that match, and the strength that client and policies ask for."""

from dataclasses import dataclass

from ...authenticators.api import Authenticator, enrols
from ...domain.authorization_request import AuthorizationRequest
from ...domain.client import Client
from ...domain.journey import (
    ACR_ONE_FACTOR,
    ACR_TWO_FACTORS,
    Ask,
    Complete,
    Means,
    NoWay,
    Proof,
    needed_acr,
    next_step,
    strongest,
)
from ...domain.requirement import Requirement, in_words
from ...domain.session import Session
from ...domain.sign_in_rule import SignInRule, Situation, required
from ...domain.token_policy import TokenPolicy
from ...domain.user import User
from ...ports.transaction import Tx
from ...ports.users import Credential
from ..effective import effective_policy
from ..runtime import Caller, Runtime
from .keeping import opened, subject_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is required, why, and by what means this person can prove it.

    Attributes:
        requirement: The default of the settings and every rule that matches.
        rules: Those rules.
        acr: The least class of the sign-in.
        means: The authenticators of this server, in the order of the settings.
        policy: By which the grant would be made; None where it is not for a resource.
    """

    requirement: Requirement
    rules: tuple[SignInRule, ...]
    acr: str
    means: tuple[Means, ...]
    policy: TokenPolicy | None
    may_enrol: bool

    @property
    def in_words(self) -> str:
        """What is required, as an administrator writes it."""
        strength = "" if self.acr == ACR_ONE_FACTOR else f", {self.acr}"
        return in_words(self.requirement) + strength

    @property
    def strongest(self) -> str:
        """What this person can prove at most, once they have set up all that there is."""
        return strongest(each for each in self.means if each.usable or each.enrollable)

    def next(self, proofs: tuple[Proof, ...]) -> Ask | Complete | NoWay:
        """The next step after these proofs."""
        return next_step(self.requirement, proofs, self.means, acr=self.acr, may_enrol=self.may_enrol)


async def plan_for(
    user: User | None,
    *,
    request: AuthorizationRequest | None = None,
    audience: str | None = None,
    client: Client | None,
    new_device: bool,
    may_enrol: bool = False,
    every: list[SignInRule] | None = None,
    rt: Runtime,
    caller: Caller,
) -> Plan:
    """The plan of a person's sign-in. For nobody in particular: as if every authenticator could be used.

    `audience` says for which resource where there is no request; `every` are all rules, where they were read already.
    """
    tx, audience = rt.store.read, request.audience if request is not None else audience
    situation = Situation(
        client_id=client.id if client else None,
        audience=audience,
        roles=user.roles if user else (),
        address=caller.address,
        new_device=new_device,
    )
    every = await tx.sign_in_rules.all() if every is None else every
    requirement, rules = required(rt.sign_in_requires, every, situation)
    policy = await policy_for(user, audience=audience, client=client, rt=rt)
    acr, all_means = needed_acr(request.acr_values if request else (), policy), await means_of(user, rt=rt)
    if acr == ACR_ONE_FACTOR and user is not None and any(_is_second_factor(each) for each in all_means):
        acr = ACR_TWO_FACTORS
    return Plan(
        requirement=requirement,
        rules=tuple(rules),
        acr=acr,
        means=all_means,
        policy=policy,
        may_enrol=may_enrol and user is not None,
    )


async def policy_for(
    user: User | None, *, audience: str | None, client: Client | None, rt: Runtime
) -> TokenPolicy | None:
    """By which the grant would be made; None while nobody is known, or where the resource has gone."""
    if user is None or audience is None or client is None:
        return None
    resource = await rt.store.read.resources.get(audience)
    if resource is None:
        return None
    return (await effective_policy(rt.store.read, rt, client=client, resource=resource, user=user)).policy


async def means_of(user: User | None, *, rt: Runtime) -> tuple[Means, ...]:
    """The authenticators of this server, as they are for one person; for nobody, as if all had been set up."""
    if user is None:
        return tuple(means(each) for each in rt.authenticators.values())
    tx = rt.store.read
    return await means_with(tx, user, await tx.credentials.all_of_user(user.id), rt=rt)


async def means_with(tx: Tx, user: User, kept: list[Credential], *, rt: Runtime) -> tuple[Means, ...]:
    """By what means a person could sign in, had they these credentials."""
    subject = await subject_of(tx, user)
    found = []
    for each in rt.authenticators.values():
        stored = tuple(opened(one, each, rt=rt) for one in kept if one.authenticator == each.name)
        found.append(means(each, usable=subject is not None and each.usable(subject, stored)))
    return tuple(found)


def _is_second_factor(means: Means) -> bool:
    """Whether somebody who set this up did so to be asked for it beside another proof.

    A device of codes is good for nothing else; a passkey takes the place of a password.
    """
    return means.usable and means.enrollable and means.factors == {"possession"}


def means(authenticator: Authenticator, *, usable: bool = True) -> Means:
    """One authenticator, as journeys see it."""
    # One that can't be used here at all has room for none (passkeys on an IP address).
    addable = enrols(authenticator)
    room = authenticator.most > 0 if enrols(authenticator) else True
    return Means(
        name=authenticator.name,
        factors=frozenset(authenticator.factors),
        phishing_resistant=authenticator.phishing_resistant,
        usable=usable and room,
        enrollable=addable and room and not authenticator.stands_in,
        stands_in=authenticator.stands_in,
    )


def proofs_of_session(session: Session) -> tuple[Proof, ...]:
    """What a session proved. One that is older than the records of proofs can only have been opened with a password."""
    return session.proofs or (Proof("password", session.auth_time, session.amr, frozenset({"knowledge"})),)
