"""Links that work once: made, looked at, spent. Opening one spends nothing, because mail scanners open what they find."""

from dataclasses import dataclass, field
from typing import Final

from ..domain.errors import LinkEnded
from ..domain.one_use_link import PATHS, OneUseLink, Purpose
from ..ports.transaction import Tx
from ..tokens import opaque
from ..tokens.opaque import OpaqueKind
from .runtime import Caller, Refusal, Runtime

# Each of them sets a password.
_WAYS_IN: Final[tuple[Purpose, ...]] = ("reset", "invitation", "recovery")
KINDS: Final[dict[Purpose, OpaqueKind]] = {
    "reset": "rst",
    "invitation": "inv",
    "address": "adr",
    "recovery": "rec",
    "sign_up": "sup",
}


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link: what is stored of it, and its address, which is nowhere else."""

    link: OneUseLink
    url: str = field(repr=False)


def new_link(
    purpose: Purpose, *, user_id: str, data: str = "", lives_s: int, starts_after_s: int = 0, rt: Runtime, now: int
) -> NewLink:
    """Make a link. Its address is built from the configured issuer, never from a request."""
    secret = opaque.mint(KINDS[purpose], rt.entropy(opaque.SECRET_BYTES))
    link = OneUseLink(
        digest=opaque.digest(secret),
        purpose=purpose,
        user_id=user_id,
        data=data,
        created_at=now,
        starts_at=now + starts_after_s,
        expires_at=now + starts_after_s + lives_s,
    )
    return NewLink(link, f"{rt.issuer}{PATHS[purpose]}?link={secret}")


async def look(secret: str, purpose: Purpose, *, rt: Runtime, caller: Caller) -> OneUseLink:
    """The link of that secret, if it is good now, without spending it.

    Raises:
        LinkEnded: It is not; the trail says why.
    """
    if not opaque.is_opaque(secret, KINDS[purpose]):
        caller.trail.failed("link", f"one for {purpose}", "another text")
        raise LinkEnded(detail="not a link of this kind")
    link = await rt.store.read.links.get(opaque.digest(secret))
    if link is None or link.purpose != purpose:
        caller.trail.failed("link", f"one for {purpose}", "unknown, or removed since")
        raise LinkEnded(detail="unknown")
    if link.user_id:
        caller.trail.user_id = link.user_id
    now = rt.clock()
    if not link.is_good(now):
        caller.trail.failed("link", "unused and in its time", _why_not(link, now))
        raise LinkEnded(detail=_why_not(link, now), starts_at=link.starts_at if now < link.starts_at else None)
    caller.trail.passed("link", "unused and in its time", "it is")
    return link


async def spend(tx: Tx, link: OneUseLink, *, caller: Caller, now: int) -> Refusal | None:
    """Spend it, in the unit that does what it is for. Of any number of callers exactly one gets None."""
    if await tx.links.spend(link.digest, purpose=link.purpose, now=now) is not None:
        return None
    caller.trail.failed("link", "unused", "used meanwhile")
    return Refusal(LinkEnded(detail="used meanwhile"))


async def forget_ways_in(tx: Tx, user_id: str) -> None:
    """Take away what is on its way to set another password, in the unit that sets one: it would undo that."""
    for purpose in _WAYS_IN:
        await tx.links.forget(user_id, purpose=purpose)


async def forget_mailed_ways_in(tx: Tx, user_id: str) -> None:
    """Take away those that lie in a mailbox, in the unit that changes which mailbox is the person's."""
    for purpose in _WAYS_IN:
        await tx.links.forget_mailed(user_id, purpose=purpose)


def _why_not(link: OneUseLink, now: int) -> str:
    if link.used_at is not None:
        return f"used {now - link.used_at} s ago"
    if now < link.starts_at:
        return f"good in {link.starts_at - now} s"
    return f"ended {now - link.expires_at} s ago"
