"""A person's own ways to sign in: which there are, what each is called, and removing one without locking oneself out."""

from dataclasses import dataclass

from ...domain.errors import NotAllowed, NotFound
from ...domain.methods import method_in_words
from ...domain.removal import Removal, Required, judge_removal
from ...domain.session import Session
from ...domain.user import User
from ...ports.transaction import Tx
from ...ports.users import Credential
from .. import mailing, notices
from ..journeys.enrolment import tidy_label
from ..journeys.full import hold_session, require_full_sign_in, required_of
from ..journeys.planning import means_with
from ..runtime import Caller, Runtime

_GONE = "You have no such way to sign in any more; it may have been removed already."
_ONLY_WAY = "Without it you could not sign in any more. Add another one first, and try it; then remove this one."
_SURE = (
    "It is the last one that gives you two factors, or lets you in everywhere. Without it you still get in. "
    "Say that you want this, then remove it."
)


class NotSure(NotAllowed):
    """The person has to say it twice."""


@dataclass(frozen=True, slots=True)
class OwnCredential:
    """One of a person's credentials, and what its removal would do to them (`domain.removal`)."""

    credential: Credential
    removal: Removal

    @property
    def name(self) -> str:
        """In words, with the name that the person gave it."""
        return method_in_words(self.credential.authenticator, self.credential.label)

    @property
    def is_last(self) -> bool:
        """It is not removed, or only after a second word."""
        return self.removal != "fine"


async def of_person(user_id: str, authenticator: str | None = None, *, rt: Runtime) -> list[OwnCredential]:
    """What is stored of a person, by one authenticator or by all, the oldest first."""

    async def look(tx: Tx) -> list[OwnCredential]:
        user, every = await tx.users.get(user_id), await tx.credentials.all_of_user(user_id)
        found = [each for each in every if authenticator in (None, each.authenticator)]
        if user is None:
            return []
        required = await required_of(tx, user, rt=rt)
        return [OwnCredential(each, await _judged(tx, user, each, every, required, rt=rt)) for each in found]

    return await rt.store.view(look)


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
    credential_id: str, authenticator: str | None = None, *, sure: bool, current: Session, rt: Runtime, caller: Caller
) -> Credential:
    """Take a way to sign in off the account; what it was.

    Args:
        credential_id: Which.
        authenticator: Of which it has to be; None: any.
        sure: The person was told what it takes from them, and said so again.
        current: Their session.
        rt: The runtime.
        caller: Who asks.

    Raises:
        SignInTooOld: ASVS 5.0 7.5.1, see `require_full_sign_in`.
        NotFound: It is gone, of another authenticator, or another person's.
        NotSure: It leaves less than there was, and nobody said so again.
        NotAllowed: It is the last way to sign in.
    """
    now, user_id = rt.clock(), current.user_id
    await require_full_sign_in(current, rt=rt)
    found = await _find(rt.store.read, credential_id, authenticator, user_id)
    owner = await rt.store.read.users.get(user_id)
    name = method_in_words(found.authenticator, found.label)
    mails = await notices.notices(owner, "method_removed", method=name, rt=rt, caller=caller, now=now) if owner else []
    details: dict[str, str | int | bool | None] = {
        "credential": found.id,
        "by": found.authenticator,
        "label": found.label,
    }
    event = rt.event("credential.removed", user_id, actor=user_id, caller=caller, now=now, details=details)

    async def unit(tx: Tx) -> None:
        # Locks the row: of two removals at once the second sees what the first left.
        await hold_session(tx, current, now=now)
        user = await tx.users.get(user_id)
        if user is None:
            raise NotFound(_GONE)
        one, every = await _find(tx, credential_id, authenticator, user_id), await tx.credentials.all_of_user(user_id)
        verdict = await _judged(tx, user, one, every, await required_of(tx, user, rt=rt), rt=rt)
        if verdict == "last":
            raise NotAllowed(_ONLY_WAY)
        if verdict == "weaker" and not sure:
            raise NotSure(_SURE)
        await tx.credentials.remove_one(user_id, credential_id)
        await mailing.add(tx, mails, rt=rt)
        await tx.audit.append(event)

    await rt.store.write(unit)
    return found


async def _find(tx: Tx, credential_id: str, authenticator: str | None, user_id: str) -> Credential:
    for each in await tx.credentials.all_of_user(user_id):
        if each.id == credential_id and authenticator in (None, each.authenticator):
            return each
    raise NotFound(_GONE)


async def _judged(
    tx: Tx, user: User, one: Credential, every: list[Credential], required: Required, *, rt: Runtime
) -> Removal:
    rest = [each for each in every if each.id != one.id]
    before, after = await means_with(tx, user, every, rt=rt), await means_with(tx, user, rest, rt=rt)
    return judge_removal(required, before=before, after=after)
