"""Beginning a step: what an authenticator may use, and the challenge that it gives out."""

import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from urllib.parse import quote

from ...authenticators.api import Authenticator, Challenge, Context, Message, NotReached
from ...domain.errors import ProtocolError, TemporarilyUnavailable
from ...domain.user import User
from ..mailing import queue
from ..runtime import Runtime
from .keeping import stored_of, subject_of
from .state import LASTS_S, Pending

log = logging.getLogger("admit.sign_in")
_ID_BYTES = 16


def context_of(authenticator: Authenticator, *, first: bool, rt: Runtime, now: int) -> Context:
    """What this authenticator may use in this step, but for sending."""
    return Context(
        now=now,
        entropy=rt.entropy,
        verify_hash=rt.hasher.verify,
        make_hash=rt.hasher.hash,
        needs_rehash=rt.hasher.needs_rehash,
        issuer=rt.issuer,
        mac=partial(rt.vault.mac, f"authenticator {authenticator.name}"),
        post=rt.post,
        first=first,
    )


class _Sending:
    """Holds mails back until the challenge is known, since the address to go on at is part of them."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.links: dict[str, str] = {}

    async def send(self, message: Message) -> None:
        self.messages.append(message)

    def link(self, secret: str) -> str:
        place = f"\0link {len(self.links)}\0"
        self.links[place] = secret
        return place

    def written(self, address: str) -> list[Message]:
        """The mails with their links."""
        joint = "&" if "?" in address else "?"
        links = {place: f"{address}{joint}link={quote(secret)}" for place, secret in self.links.items()}

        def filled(text: str) -> str:
            for place, link in links.items():
                text = text.replace(place, link)
            return text

        return [
            replace(each, values={name: filled(text) for name, text in each.values.items()}) for each in self.messages
        ]


async def begin(
    authenticator: Authenticator,
    user: User | None,
    *,
    first: bool,
    resume: Callable[[Pending], str] | None = None,
    rt: Runtime,
    now: int,
) -> Pending:
    """Begin a ceremony. It may be a stranger's code: whatever it raises fails closed.

    Args:
        authenticator: Which.
        user: Who is asked; None for nobody, which takes the same work.
        first: Nothing was proven yet.
        resume: The address at which the journey goes on, for links that are mailed.
        rt: The runtime.
        now: Seconds, UTC.

    Raises:
        TemporarilyUnavailable: The authenticator failed.
    """
    tx, sending = rt.store.read, _Sending()
    subject = await subject_of(tx, user)
    stored = await stored_of(tx, user, authenticator, rt=rt)
    ctx = context_of(authenticator, first=first, rt=rt, now=now)
    ctx = replace(ctx, send=sending.send, link=sending.link if resume is not None else None)
    try:
        challenge = await authenticator.begin(ctx, subject, stored)
        if not isinstance(challenge, Challenge):
            raise TypeError(f"begin gave {type(challenge).__name__} instead of a Challenge")
    except ProtocolError:
        raise
    except NotReached as error:
        log.warning("the authenticator %s can't begin: %s", authenticator.name, error)
        raise _unavailable(f"{authenticator.name} can't begin: {error}") from None
    except Exception:
        log.exception("the authenticator %s failed to begin", authenticator.name)
        raise _unavailable(f"{authenticator.name} failed to begin") from None
    pending = Pending(authenticator.name, challenge, rt.entropy(_ID_BYTES).hex())
    for message in sending.written(resume(pending) if resume is not None else ""):
        await queue(message, user_id=user.id if user else "", lives_s=LASTS_S, rt=rt)
    return pending


def _unavailable(detail: str) -> TemporarilyUnavailable:
    text = "What you would be asked for does not work right now. Try again in a few minutes."
    return TemporarilyUnavailable(text, detail=detail, advice=text)
