"""Adding a way to sign in: for somebody who is signed in, or in the middle of a sign-in that needs it."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from ...authenticators.api import Authenticator, Enrolled, Enrolling, Redrawing, Rejected
from ...domain.audit import AuditEvent
from ...domain.errors import AccessDenied, NotFound, ProtocolError, TemporarilyUnavailable
from ...domain.journey import Proof, complete
from ...domain.methods import method_in_words
from ...domain.outgoing_mail import OutgoingMail
from ...domain.session import Session
from ...domain.user import User
from ...ports.transaction import Tx
from ...ports.users import Credential
from ...tokens import opaque
from .. import mailing
from ..notices import notices
from ..runtime import Caller, Refusal, Runtime, or_raise
from .asking import context_of
from .full import hold_session
from .keeping import closed, stored_of, subject_of
from .planning import proofs_of_session
from .state import Asked, Pending

log = logging.getLogger("admit.sign_in")
LABEL_MAX = 64
_ID_BYTES = 16
_FAILED = "That did not work. Try again."
# The same words for every reason. A clock that is wrong is the usual one.
_FAILED_OF = {"totp": "That code is not right. Type the one that the app shows now; the phone's clock has to be right."}
_FULL = "You have as many of these as is allowed. Remove one that you don't use any more, then try again."
_TAKEN = "This one is set up already."
_USED = "This page was used already. Begin again."


@dataclass(frozen=True, slots=True)
class Addition:
    """A credential that is ready to be stored, by `store` in a unit of work."""

    authenticator: Authenticator
    user: User
    asked: Asked
    enrolled: Enrolled = field(repr=False)
    credential: Credential = field(repr=False)
    most: int = 1
    mails: list[OutgoingMail] = field(default_factory=list, repr=False)


def enrolling(name: str, *, rt: Runtime) -> Enrolling:
    """The authenticator of that name, if people can add it.

    Raises:
        NotFound: There is none, or it has nothing to set up.
    """
    found: object = rt.authenticators.get(name)
    if not isinstance(found, Enrolling):
        raise NotFound(f"There is nothing to set up for {name!r} on this server.")
    return found


async def begin_enrolment(name: str, user: User, *, rt: Runtime, now: int) -> Pending:
    """Begin to add a credential.

    Raises:
        NotFound: No such authenticator, or nothing to set up.
        AccessDenied: The person has as many as may be.
        TemporarilyUnavailable: The authenticator failed.
    """
    by, authenticator = enrolling(name, rt=rt), rt.authenticators[name]
    stored = await stored_of(rt.store.read, user, authenticator, rt=rt)
    if len(stored) >= by.most:
        raise AccessDenied(_FULL, detail=f"{len(stored)} of {name} already", advice=_FULL)
    subject = await subject_of(rt.store.read, user)
    if subject is None:
        raise LookupError(user.id)
    try:
        ctx = context_of(authenticator, first=False, rt=rt, now=now)
        challenge = await by.begin_enrolment(ctx, subject, stored)
    except ProtocolError:
        raise
    except Exception:
        log.exception("the authenticator %s failed to begin an enrolment", name)
        text = "This can't be set up right now. Try again later."
        raise TemporarilyUnavailable(text, detail=f"{name} failed to begin an enrolment", advice=text) from None
    return Pending(name, challenge, rt.entropy(_ID_BYTES).hex())


async def begin_again(name: str, user: User, asked: Asked, *, rt: Runtime, now: int) -> Pending:
    """The same enrolment once more after an answer that was not good, where the authenticator can draw it again; else a new one.

    Raises:
        NotFound: See `begin_enrolment`.
        AccessDenied: See `begin_enrolment`.
        TemporarilyUnavailable: See `begin_enrolment`.
    """
    authenticator: object = rt.authenticators.get(name)
    subject = await subject_of(rt.store.read, user)
    theirs = (asked.authenticator, asked.user_id) == (name, user.id)
    if not isinstance(authenticator, Redrawing) or not theirs or subject is None:
        return await begin_enrolment(name, user, rt=rt, now=now)
    ctx = context_of(rt.authenticators[name], first=False, rt=rt, now=now)
    return Pending(name, authenticator.redraw(ctx, subject, asked.state), asked.id)


async def finish_enrolment(
    name: str, user: User, asked: Asked, response: Mapping[str, str], *, label: str = "", rt: Runtime, caller: Caller
) -> Addition:
    """Judge what came back; nothing is stored yet.

    Raises:
        NotFound: See `begin_enrolment`.
        AccessDenied: It is not good, or was meant for somebody else.
    """
    now, by, authenticator = rt.clock(), enrolling(name, rt=rt), rt.authenticators[name]
    if asked.user_id != user.id or asked.authenticator != name:
        caller.trail.failed("challenge", "one for this person", "another one's")
        raise AccessDenied(_FAILED, detail="the challenge was for somebody else", advice=_FAILED)
    stored = await stored_of(rt.store.read, user, authenticator, rt=rt)
    try:
        ctx = context_of(authenticator, first=False, rt=rt, now=now)
        verdict = await by.finish_enrolment(ctx, asked.state, response, stored)
    except ProtocolError:
        raise
    except Exception:
        log.exception("the authenticator %s failed in an enrolment", name)
        verdict = Rejected(f"{name} failed")
    if not isinstance(verdict, Enrolled):
        reason = verdict.reason if isinstance(verdict, Rejected) else f"{name} gave no answer"
        caller.trail.failed("what was set up", "good", reason)
        text = _FAILED_OF.get(name, _FAILED)
        raise AccessDenied(text, detail=reason, advice=text)
    credential_id = rt.new_id("crd")
    credential = Credential(
        id=credential_id,
        user_id=user.id,
        authenticator=name,
        data=closed(verdict.data, credential_id, authenticator, rt=rt),
        version=1,
        created_at=now,
        updated_at=now,
        label=tidy_label(label) or verdict.label,
        lookup=verdict.lookup or None,
    )
    method = method_in_words(name, credential.label)
    mails = await notices(user, "method_added", method=method, rt=rt, caller=caller, now=now)
    return Addition(authenticator, user, asked, verdict, credential, by.most, mails)


def tidy_label(label: str) -> str:
    """What a person calls a credential: one line of at most 64 characters that can be seen."""
    return " ".join("".join(char for char in label if char.isprintable()).split())[:LABEL_MAX]


async def store(tx: Tx, addition: Addition, *, rt: Runtime, caller: Caller, now: int) -> Refusal | None:
    """Within a unit: store the credential, once, while there is room for it."""
    user, credential = addition.user, addition.credential
    # Locks the row, so that two additions come one after the other.
    if await tx.users.hold(user.id) is None:
        return Refusal(AccessDenied(_FAILED, detail="the user was disabled meanwhile", advice=_FAILED))
    marker = rt.vault.mac("challenge", addition.asked.id.encode())
    if not await tx.proofs.take(marker, keep_until=now + 2 * 3600):
        caller.trail.failed("challenge", "one that was not answered yet", "it was used before")
        return Refusal(AccessDenied(_USED, detail="the challenge was used before", advice=_USED))
    if addition.enrolled.replaces:
        await tx.credentials.remove(user.id, credential.authenticator)
    elif len(await tx.credentials.of_user(user.id, credential.authenticator)) >= addition.most:
        return Refusal(AccessDenied(_FULL, detail="as many as may be", advice=_FULL))
    if not await tx.credentials.put(credential):
        caller.trail.failed("what was set up", "new", "it belongs to an account already")
        return Refusal(AccessDenied(_TAKEN, detail="it belongs to an account already", advice=_TAKEN))
    await mailing.add(tx, addition.mails, rt=rt)
    return None


def added(addition: Addition, *, rt: Runtime, caller: Caller, now: int) -> AuditEvent:
    """The event of an addition."""
    details: dict[str, str | int | bool | None] = {
        "credential": addition.credential.id,
        "by": addition.credential.authenticator,
        "label": addition.credential.label,
    }
    user = addition.user
    return rt.event("credential.added", user.id, actor=user.id, caller=caller, now=now, details=details)


@dataclass(frozen=True, slots=True)
class Added:
    """What was stored, and the new secret of the session's cookie where the session is worth more by it."""

    credential: Credential
    cookie: str | None = field(default=None, repr=False)


async def add_credential(addition: Addition, *, shown_in: Session | None = None, rt: Runtime, caller: Caller) -> Added:
    """Store a credential of somebody who is signed in.

    Whoever set it up has shown it in doing so: it counts in `shown_in`, their session, so that they need not show it again at once.
    The session is worth more then, so it gets a new cookie: a copy of the one before gains nothing.

    Raises:
        SignInTooOld: The session has ended meanwhile.
        AccessDenied: It was used already, belongs to an account already, or there is no room for it.
    """
    now, user = rt.clock(), addition.user
    event = added(addition, rt=rt, caller=caller, now=now)
    cookie = opaque.mint("ss", rt.entropy(opaque.SECRET_BYTES))

    async def unit(tx: Tx) -> Added | Refusal:
        current = await hold_session(tx, shown_in, now=now) if shown_in is not None else None
        refusal = await store(tx, addition, rt=rt, caller=caller, now=now)
        if refusal is not None:
            return refusal
        await tx.audit.append(event)
        counts = current is not None and await _note_shown(tx, addition, current, cookie=cookie, now=now)
        return Added(addition.credential, cookie if counts else None)

    caller.trail.user_id = user.id
    return or_raise(await rt.store.write(unit))


async def _note_shown(tx: Tx, addition: Addition, session: Session, *, cookie: str, now: int) -> bool:
    by, proved = addition.authenticator, addition.enrolled.proved
    if proved is None or not session.in_browser or session.user_id != addition.user.id:
        return False
    factors = proved.factors if proved.factors is not None else by.factors
    proof = Proof(by.name, now, tuple(proved.amr), frozenset(factors), by.phishing_resistant)
    proofs = (*proofs_of_session(session), proof)
    # As old as it was: nothing of it was proven anew but this.
    is_now = complete(proofs)
    return await tx.sessions.renew(
        session.id,
        user_id=session.user_id,
        digest=opaque.digest(cookie),
        auth_time=session.auth_time,
        amr=is_now.amr,
        acr=is_now.acr,
        proofs=proofs,
        now=now,
    )
