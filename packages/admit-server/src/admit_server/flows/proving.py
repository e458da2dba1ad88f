"""Proving who somebody is: walks the journey with the authenticators, and trusts none of them further than its answer."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..authenticators.api import (
    Authenticator,
    Context,
    CredentialUpdate,
    NotMine,
    Pending,
    Rejected,
    StoredCredential,
    Verified,
)
from ..domain.errors import ProtocolError
from ..domain.journey import Ask, Complete, Proof, Requirement, next_step
from ..domain.user import User, normalize_password
from ..ports.transaction import Tx
from .runtime import Runtime

log = logging.getLogger("admit.sign_in")


@dataclass(frozen=True, slots=True)
class Proven:
    """All that is required was proven, `against` these credentials of each authenticator; `updates` are still to be written."""

    complete: Complete
    updates: tuple[CredentialUpdate, ...]
    against: tuple[tuple[str, tuple[StoredCredential, ...]], ...]
    proofs: tuple[Proof, ...] = ()


async def prove(sent: Mapping[str, str], user: User | None, *, rt: Runtime, now: int) -> Proven | Rejected:
    """Walk the journey with the fields that were sent. One request carries one step's fields, or several.

    Raises:
        Busy: The hashing queue is full.
    """
    ctx = Context(
        now=now,
        entropy=rt.entropy,
        verify_hash=rt.hasher.verify,
        make_hash=rt.hasher.hash,
        needs_rehash=rt.hasher.needs_rehash,
    )
    proofs: list[Proof] = []
    updates: list[CredentialUpdate] = []
    against: list[tuple[str, tuple[StoredCredential, ...]]] = []
    fields = dict(sent) | {"password": normalize_password(sent["password"])}
    while True:
        match next_step(Requirement(), tuple(proofs)):
            case Complete() as complete:
                if user is None or user.disabled_at is not None:
                    return Rejected("no such user" if user is None else "the user is disabled")
                return Proven(complete, tuple(updates), tuple(against), tuple(proofs))
            case Ask(name):
                stored = await stored_credentials(rt.store.read, user, name) if user else ()
                match await _judged(rt.authenticators[name], ctx, fields, stored):
                    case Verified(subject=subject) if subject is not None and (user is None or subject != user.id):
                        return Rejected(f"{name} proved somebody else")
                    case Verified() as verified:
                        proofs.append(Proof(name, now, verified.amr))
                        updates.extend(verified.credential_updates)
                        against.append((name, stored))
                    case Rejected() as rejected:
                        return rejected
                    case _:
                        return Rejected(f"{name} gave no answer")


async def stored_credentials(tx: Tx, user: User, authenticator: str) -> tuple[StoredCredential, ...]:
    """What one authenticator keeps of one person."""
    kept = await tx.credentials.of_user(user.id, authenticator)
    return tuple(StoredCredential(id=c.id, data=c.data, version=c.version) for c in kept)


async def _judged(
    authenticator: Authenticator, ctx: Context, fields: Mapping[str, str], stored: Sequence[StoredCredential]
) -> Verified | Rejected | Pending | NotMine:
    """What an authenticator says. It may be a stranger's code: whatever it raises fails closed."""
    try:
        return await authenticator.finish(ctx, b"", fields, stored)
    except ProtocolError:
        raise  # the pool of hashes is full: nothing was judged
    except Exception:
        log.exception("the authenticator %s failed; the sign-in was refused", authenticator.name)
        return Rejected(f"{authenticator.name} failed")
