"""A person's own ways to sign in: what each is called, and removing one without locking oneself out."""

from dataclasses import dataclass

from ...authenticators.api import Authenticator
from ...domain.account import require_fresh
from ...domain.errors import NotAllowed, NotFound
from ...domain.journey import NoWay, next_step
from ...domain.session import Session
from ...domain.sign_in_rule import Situation, required
from ...domain.user import User
from ...ports.transaction import Tx
from ...ports.users import Credential
from .. import mailing
from ..journeys.enrolment import tidy_label
from ..journeys.keeping import opened, subject_of
from ..journeys.planning import means
from ..notices import notices
from ..runtime import Caller, Runtime

_GONE = "You have no such thing any more; it may have been removed already."
_ONLY_WAY = "Without it you could not sign in any more. Add another one first."
_SURE = "It is the last one that protects your account beside a password. Say that you want this, then remove it."


@dataclass(frozen=True, slots=True)
class OwnCredential:
    """One of a person's credentials; `is_last`: the last strong one, removed only after a second word."""

    credential: Credential
    is_last: bool


async def of_person(user_id: str, authenticator: str, *, rt: Runtime) -> list[OwnCredential]:
    """What one authenticator keeps of a person, the oldest first."""
    every = await rt.store.read.credentials.all_of_user(user_id)
    found = [each for each in every if each.authenticator == authenticator]
    return [OwnCredential(each, _is_last_strong(each, every, rt)) for each in found]


async def rename(credential_id: str, label: str, *, current: Session, rt: Runtime, caller: Caller) -> None:
    """Call it something else.

    Raises:
        NotFound: It is gone, or another person's.
        NotAllowed: A name that nobody could see.
    """
    label = tidy_label(label)
    if not label:
        raise NotAllowed("Write a name that can be read.")
    now, user_id = rt.clock(), current.user_id
    details: dict[str, str | int | bool | None] = {"credential": credential_id, "label": label}
    event = rt.event("credential.renamed", user_id, actor=user_id, caller=caller, now=now, details=details)

    async def unit(tx: Tx) -> None:
        if not await tx.credentials.rename(user_id, credential_id, label=label):
            raise NotFound(_GONE)
        await tx.audit.append(event)

    await rt.store.write(unit)


async def remove(
    credential_id: str, authenticator: str, *, sure: bool, current: Session, rt: Runtime, caller: Caller
) -> None:
    """Take a way to sign in off the account. `sure`: the person said so again, which the last strong one needs.

    Raises:
        SignInTooOld: ASVS 5.0 7.5.1: only after having authenticated again.
        NotFound: It is gone, of another authenticator, or another person's.
        NotAllowed: It is the only way left; or the last strong one, and nobody said so again.
    """
    now, user_id = rt.clock(), current.user_id
    require_fresh(current, rt.account, now=now)
    owner = await rt.store.read.users.get(user_id)
    label = next((e.label for e in await rt.store.read.credentials.all_of_user(user_id) if e.id == credential_id), "")
    mails = (
        await notices(owner, "method_removed", rt=rt, caller=caller, now=now, method=label or authenticator)
        if owner
        else []
    )

    async def unit(tx: Tx) -> None:
        # Locks the row: of two removals at once the second sees what the first left.
        user = await tx.users.hold(user_id)
        every = await tx.credentials.all_of_user(user_id)
        found = next((each for each in every if each.id == credential_id and each.authenticator == authenticator), None)
        if user is None or found is None:
            raise NotFound(_GONE)
        rest = [each for each in every if each.id != credential_id]
        if await _can_sign_in(tx, user, every, rt) and not await _can_sign_in(tx, user, rest, rt):
            raise NotAllowed(_ONLY_WAY)
        if _is_last_strong(found, every, rt) and not sure:
            raise NotAllowed(_SURE)
        await tx.credentials.remove_one(user_id, credential_id)
        details: dict[str, str | int | bool | None] = {
            "credential": found.id,
            "by": authenticator,
            "label": found.label,
        }
        await tx.audit.append(
            rt.event("credential.removed", user_id, actor=user_id, caller=caller, now=now, details=details)
        )
        await mailing.add(tx, mails, rt=rt)

    await rt.store.write(unit)


async def _can_sign_in(tx: Tx, user: User, kept: list[Credential], rt: Runtime) -> bool:
    """Whether what everybody of these roles has to prove can be proven with these credentials."""
    subject = await subject_of(tx, user)
    found = []
    for each in rt.authenticators.values():
        stored = tuple(opened(one, each, rt=rt) for one in kept if one.authenticator == each.name)
        found.append(means(each, usable=subject is not None and each.usable(subject, stored)))
    situation = Situation(roles=user.roles, new_device=False)
    requirement, _ = required(rt.sign_in_requires, await tx.sign_in_rules.all(), situation)
    return not isinstance(next_step(requirement, (), tuple(found)), NoWay)


def _is_last_strong(one: Credential, every: list[Credential], rt: Runtime) -> bool:
    strong = {name for name, each in rt.authenticators.items() if _is_strong(each)}
    return one.authenticator in strong and not any(e.authenticator in strong and e.id != one.id for e in every)


def _is_strong(authenticator: Authenticator) -> bool:
    return "possession" in authenticator.factors and not authenticator.stands_in
