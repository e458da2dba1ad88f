"""Judging one step: counted before it is looked at, and trusted no further than the authenticator's answer."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...authenticators.api import (
    Authenticator,
    Context,
    CredentialUpdate,
    Naming,
    NotMine,
    NotReached,
    Pending,
    Rejected,
    StoredCredential,
    Verified,
)
from ...domain.errors import AccessDenied, ProtocolError, StillWaiting
from ...domain.journey import Proof
from ...domain.user import User
from ...ports.transaction import Tx
from .. import charging, mailing, throttling
from ..outages import excuse
from ..people import find_for_sign_in
from ..runtime import Caller, Refusal, Runtime
from .asking import context_of
from .keeping import Seen, closed, seen, seen_now, sent_to, stored_of, subject_of
from .state import Asked, Journey
from .suspicion import warning

log = logging.getLogger("admit.sign_in")

# The same words for every reason: which of them it was is told by none.
WRONG = "That user name and password don't match."
WRONG_PROOF = "That did not work. Try again."
_WRONG = {
    "password": WRONG,
    "totp": "That code is not right, or was used before. Type the next one that your app shows.",
    "recovery_codes": "That is none of the recovery codes that you have left.",
    "email_code": "That code is not right, or is too old. Take the one of the newest mail.",
}
UNANSWERED = "There was no answer, so nothing could be judged. Try again in a moment, or take another way."
USED = "This step was used already. Begin it again."
DISABLED = "the user is disabled"


@dataclass(frozen=True, slots=True)
class Proven:
    """A step that was proven, and what has still to be written for it."""

    user: User
    proof: Proof
    verified: Verified
    asked: Asked
    stored: tuple[StoredCredential, ...]
    paid: charging.Charge

    def seen_after(self) -> Seen:
        """The credentials as they are once the updates are written."""
        changed = {update.id for update in self.verified.credential_updates if update.needed}
        return tuple((each.id, each.version + (each.id in changed)) for each in self.stored)


async def who_answers(
    journey: Journey, name: str, authenticator: Authenticator, response: Mapping[str, str], *, rt: Runtime
) -> User | None:
    """Whose proof it would be: of the journey, of the name that was typed, or of the credential that was used."""
    tx = rt.store.read
    if journey.user_id is not None:
        return await tx.users.get(journey.user_id)
    if authenticator.names_the_person and isinstance(authenticator, Naming) and not name:
        lookup = authenticator.lookup(response)
        credential = await tx.credentials.by_lookup(authenticator.name, lookup) if lookup else None
        return await tx.users.get(credential.user_id) if credential else None
    return await find_for_sign_in(name, tx=tx)


async def judge(
    journey: Journey,
    asked: Asked,
    response: Mapping[str, str],
    *,
    name: str,
    authenticator: Authenticator,
    channel: str,
    rt: Runtime,
    caller: Caller,
) -> Proven:
    """Judge a response. The same answer and the same work for an unknown person and a wrong proof.

    Raises:
        AccessDenied: Not proven.
        TooManyTries: A counter is beyond its limit.
        StillWaiting: The authenticator waits for something; nothing was counted.
        Busy: The hashing queue is full.
    """
    now, trail, first = rt.clock(), caller.trail, not journey.given
    # What was sent to one person's mailbox or process is no proof of another one.
    typed = asked.name or name or journey.name
    user = await who_answers(journey, typed, authenticator, response, rt=rt)
    if user is None:
        trail.passed("form", "a user name, or a proof that names the person", "there is one")
    else:
        trail.user_id = user.id
        trail.passed("user name", "one that is known", user.id)
    paid = await throttling.charge_try(user, typed, method=authenticator.name, channel=channel, rt=rt, caller=caller)
    trail.passed("failures before", "few", "few")
    stored = await stored_of(rt.store.read, user, authenticator, rt=rt)
    verdict = await _judged(
        authenticator, context_of(authenticator, first=first, rt=rt, now=now), asked.state, response, stored
    )
    suspect = verdict.suspect if isinstance(verdict, Rejected) else None
    match verdict:
        case Verified(subject=subject) if subject is not None and (user is None or subject != user.id):
            reason = f"{authenticator.name} proved somebody else"
        case Verified() if not await _was_for(user, asked, rt=rt):
            reason = "the challenge was for somebody else"
        case Verified() if user is None:
            reason = "no such user"
        case Verified() if user is not None and user.disabled_at is not None:
            reason = DISABLED
        case Verified() as verified if user is not None:
            factors = verified.factors if verified.factors is not None else authenticator.factors
            proof = Proof(
                authenticator.name, now, tuple(verified.amr), frozenset(factors), authenticator.phishing_resistant
            )
            return Proven(user, proof, verified, asked, stored, paid)
        case Pending(retry_after_s):
            await charging.give_back(paid, rt=rt, now=now)
            raise StillWaiting(retry_after_s=retry_after_s)
        case NotReached() as outage:
            await excuse(paid, rt=rt, now=now)
            reason = str(outage)
        case Rejected(reason):
            pass
        case _:
            reason = f"{authenticator.name} gave no answer"
    await refuse(user, authenticator, reason, suspect=suspect, rt=rt, caller=caller, now=now)
    # Before anything is proven an outage sounds like any refusal: a process may fail for some people alone.
    text = UNANSWERED if isinstance(verdict, NotReached) and not first else _WRONG.get(authenticator.name, WRONG_PROOF)
    raise AccessDenied(text, detail=reason, advice=text)


async def _was_for(user: User | None, asked: Asked, *, rt: Runtime) -> bool:
    """Whether a challenge was given out for this person: after what they had proved; or sent to them, where they still are."""
    if asked.user_id is not None and (user is None or asked.user_id != user.id):
        return False
    # What was sent to one's own mailbox, before the password of another person was proven, is none of theirs.
    return not asked.to or asked.to == sent_to(await subject_of(rt.store.read, user), rt=rt)


async def refuse(
    user: User | None,
    authenticator: Authenticator,
    reason: str,
    *,
    suspect: str | None = None,
    rt: Runtime,
    caller: Caller,
    now: int,
) -> None:
    """Write down that a step was not proven. `suspect`: the credential that may have been copied; its owner is told."""
    trail = caller.trail
    if user is None:
        trail.failed("user name", "one that is known", "unknown")
    elif reason == DISABLED:
        trail.failed("user is enabled", True, False)
    else:
        trail.failed("proof", "the one that this person has set", reason)
    event = rt.event(
        "sign_in.failed",
        user.id if user else "",
        actor="",
        caller=caller,
        now=now,
        outcome="refused",
        details={"reason": reason, "by": authenticator.name},
    )
    warned = None
    if user is not None and suspect is not None:
        warned = await warning(user, suspect, rt=rt, caller=caller, now=now)

    async def unit(tx: Tx) -> None:
        if user is not None:
            await tx.audit.append(event)
            if warned is not None:
                await tx.audit.append(warned[0])
                await mailing.add(tx, warned[1], rt=rt)

    rt.tally.count("sign_in_failed", caller.network, minute=now // 60)
    # Unknown names are counted, not listed, so that strangers can't fill the table; the same unit runs, so that both cost the same.
    await rt.store.write(unit)


async def apply_proof(
    tx: Tx, proven: Proven, authenticator: Authenticator, *, rt: Runtime, caller: Caller, now: int
) -> Refusal | None:
    """Within a unit that holds the person: the proof still stands, its one-use parts are used now, and the charge is given back."""
    trail, user = caller.trail, proven.user
    if await seen_now(tx, user.id, authenticator.name) != seen(proven.stored):
        # A change ends every session; whoever was still proving the old one must not get another.
        trail.failed("proof", "the one that this person has set", "it was changed meanwhile")
        return Refusal(AccessDenied(USED, detail="the credential was changed meanwhile", advice=USED))
    if proven.asked.id and not await tx.proofs.take(
        rt.vault.mac("challenge", proven.asked.id.encode()), keep_until=now + 2 * 3600
    ):
        trail.failed("challenge", "one that was not answered yet", "it was used before")
        return Refusal(AccessDenied(USED, detail="the challenge was used before", advice=USED))
    for update in proven.verified.credential_updates:
        if not await _written(tx, update, authenticator, rt=rt, now=now) and update.needed:
            trail.failed("proof", "one that was not used yet", "it was used at the same moment")
            return Refusal(AccessDenied(USED, detail="somebody else used it at the same moment", advice=USED))
    used = proven.verified.used or (proven.stored[0].id if len(proven.stored) == 1 else None)
    if used is not None:
        await tx.credentials.touch(used, now=now)
    await charging.refund(tx, proven.paid, now=now)
    return None


async def _written(tx: Tx, update: CredentialUpdate, authenticator: Authenticator, *, rt: Runtime, now: int) -> bool:
    # What need not win is the same secret in another text: two first sign-ins with an imported password at once both stand.
    write = tx.credentials.replace if update.needed else tx.credentials.rewrite
    data = closed(update.data, update.id, authenticator, rt=rt)
    return await write(update.id, data=data, version=update.version, now=now)


async def _judged(
    authenticator: Authenticator,
    ctx: Context,
    state: bytes,
    response: Mapping[str, str],
    stored: Sequence[StoredCredential],
) -> Verified | Rejected | Pending | NotMine | NotReached:
    """What an authenticator says. It may be a stranger's code: whatever it raises fails closed."""
    try:
        return await authenticator.finish(ctx, state, response, stored)
    except ProtocolError:
        raise  # the pool of hashes is full: nothing was judged
    except NotReached as outage:
        log.warning("the authenticator %s got no answer: %s", authenticator.name, outage)
        return outage
    except Exception:
        log.exception("the authenticator %s failed; the sign-in was refused", authenticator.name)
        return Rejected(f"{authenticator.name} failed")
