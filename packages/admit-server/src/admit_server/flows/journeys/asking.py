"""Beginning a step: what an authenticator may use, and the challenge that it gives out."""

import logging
from functools import partial

from ...authenticators.api import Authenticator, Challenge, Context, Message
from ...domain.errors import ProtocolError, TemporarilyUnavailable
from ...domain.user import User
from ..mailing import queue
from ..runtime import Runtime
from .keeping import stored_of, subject_of
from .state import LASTS_S, Pending

log = logging.getLogger("admit.sign_in")
_ID_BYTES = 16


def context_of(
    authenticator: Authenticator, user: User | None = None, *, first: bool, rt: Runtime, now: int
) -> Context:
    """What this authenticator may use in this step, for this person."""

    async def send(message: Message) -> None:
        await queue(message, user_id=user.id if user else "", lives_s=LASTS_S, rt=rt)

    return Context(
        now=now,
        entropy=rt.entropy,
        verify_hash=rt.hasher.verify,
        make_hash=rt.hasher.hash,
        needs_rehash=rt.hasher.needs_rehash,
        issuer=rt.issuer,
        mac=partial(rt.vault.mac, f"authenticator {authenticator.name}"),
        send=send,
        post=rt.post,
        first=first,
    )


async def begin(authenticator: Authenticator, user: User | None, *, first: bool, rt: Runtime, now: int) -> Pending:
    """Begin a ceremony. It may be a stranger's code: whatever it raises fails closed.

    Raises:
        TemporarilyUnavailable: The authenticator failed.
    """
    tx = rt.store.read
    subject = await subject_of(tx, user)
    stored = await stored_of(tx, user, authenticator, rt=rt)
    try:
        challenge = await authenticator.begin(
            context_of(authenticator, user, first=first, rt=rt, now=now), subject, stored
        )
        if not isinstance(challenge, Challenge):
            raise TypeError(f"begin gave {type(challenge).__name__} instead of a Challenge")
    except ProtocolError:
        raise
    except Exception:
        log.exception("the authenticator %s failed to begin", authenticator.name)
        text = "This way to sign in does not work right now. Take another one, or try again later."
        raise TemporarilyUnavailable(text, detail=f"{authenticator.name} failed to begin", advice=text) from None
    return Pending(authenticator.name, challenge, rt.entropy(_ID_BYTES).hex())
