"""Leases: an app says that it lives, that it quits, or that it is done; one that says nothing in time has ended."""

import hmac
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..domain.audit import AuditEvent
from ..domain.errors import InvalidRequest, LeaseEnded
from ..domain.grant import Grant
from ..domain.ids import ID_BYTES, new_id
from ..domain.lease import ACTIONS, HOLDER_MAX, QUIT_S, Action, Lease
from ..ports.transaction import Tx
from ..tokens import opaque
from ..tokens.envelope import Vault
from .endings import end_lease, end_leases
from .runtime import Caller, Runtime
from .token_forms import form_of

# So few in a unit that other writers wait for milliseconds only.
AT_ONCE = 25
_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLease:
    """What a lease is made of if it turns out that one is needed; drawn outside the unit, so that the unit may run again.

    Most tokens need none, so nothing but bytes is drawn beforehand.
    """

    random: bytes = field(repr=False)
    vault: Vault = field(repr=False)
    network: str
    now: int

    @property
    def id(self) -> str:
        """Of the lease."""
        return new_id("lse", self.random[:ID_BYTES])

    @property
    def event(self) -> AuditEvent:
        """What is written about one that it follows, and that ran out."""
        event_id = new_id("evt", self.random[ID_BYTES : 2 * ID_BYTES])
        return AuditEvent(
            id=event_id, at=self.now, actor="server", action="lease.ended", target="", network=self.network
        )

    @property
    def nonce(self) -> str:
        """Of the unit's positions in the feed."""
        return self.random[2 * ID_BYTES :].hex()

    def begin(self, grant: Grant, *, length_s: int, now: int) -> Lease:
        """The lease of a grant that begins now."""
        return Lease(
            id=self.id,
            digest=opaque.digest(next(texts_of(self.id, self.vault))),
            client_id=grant.client_id,
            session_id=grant.session_id,
            length_s=length_s,
            created_at=now,
            ends_at=now + length_s,
        )


def draw(rt: Runtime, *, caller: Caller, now: int) -> NewLease:
    """Draw what a new lease is made of."""
    return NewLease(random=rt.entropy(2 * ID_BYTES + 8), vault=rt.vault, network=caller.network, now=now)


def texts_of(lease_id: str, vault: Vault) -> Iterator[str]:
    """What the text of a lease is under each key of the key file, the sealing one first.

    Every answer of the token endpoint carries it, so it follows from the id and a key outside the database and is stored nowhere.
    """
    for key in vault.keys_for("lease").values():
        yield opaque.mint("ls", hmac.digest(key, lease_id.encode(), "sha256"))


def text_of(lease: Lease, vault: Vault) -> str | None:
    """The text that renews a lease; None when the key it was made under is no longer in the key file."""
    return next((text for text in texts_of(lease.id, vault) if opaque.digest(text) == lease.digest), None)


async def hold(tx: Tx, grant: Grant, new: NewLease, *, now: int) -> Lease | None:
    """Renew the lease of a living grant whose policy has one, or give it its first. None: it is over; issue nothing.

    Whoever asks for tokens lives, so this is a renewal. Locks come in one order everywhere: grant, session, lease.
    """
    length_s = grant.policy.lease_s
    assert length_s is not None  # noqa: S101 - asked by the caller
    if grant.lease_id is not None:
        return await tx.leases.renew(grant.lease_id, holder=None, now=now)
    for _ in range(_TRIES):
        current = await tx.leases.of_app(grant.session_id, grant.client_id) if grant.session_id is not None else None
        if current is None:
            lease: Lease | None = new.begin(grant, length_s=length_s, now=now)
            if lease is None or not await tx.leases.add(lease):
                continue  # another page of this app was first: join its lease
        elif current.is_alive(now):
            lease = await tx.leases.join(current.id, length_s=length_s, now=now)
        else:
            await end_lease(tx, current.id, event=new.event, if_run_out=True, nonce=new.nonce, now=now)
            continue
        if lease is not None:
            await tx.grants.set_lease(grant.id, lease.id)
            return lease
    return None


async def is_of_a_parent(tx: Tx, grant: Grant) -> bool:
    """Whether a grant was made from a token on a lease: it ends with that lease, and gives nobody else the means to renew it."""
    parents = [await tx.grants.get(parent.grant_id) for parent in grant.descent.ancestors]
    return any(parent is not None and parent.lease_id is not None for parent in parents)


def parse_action(text: str | None) -> Action:
    """What to do with a lease.

    Raises:
        InvalidRequest: None of the three.
    """
    for action in ACTIONS:
        if action == text:
            return action
    raise InvalidRequest(f"action is one of {', '.join(ACTIONS)}.")


async def act(text: str, action: Action, *, holder: str | None, rt: Runtime, caller: Caller) -> int:
    """Do what an app asks of its lease; how many seconds it lives on.

    To end what has ended is no error; to renew it is.

    Args:
        text: The credential, as it came with the tokens.
        action: `renew`; `quit`, which shortens it to 15 s and never lengthens it; `end`, at once.
        holder: Which window of the app asks. A window that quits is not heard once another one has renewed the lease.
        rt: The runtime.
        caller: Where from.

    Raises:
        LeaseEnded: It is unknown or over.
        InvalidRequest: The holder is too long.
    """
    if holder is not None and not (len(holder) <= HOLDER_MAX and holder.isprintable()):
        raise InvalidRequest(f"holder has at most {HOLDER_MAX} printable characters.")
    lease = await _find(text, rt=rt, caller=caller)
    match action:
        case "renew":
            return await _renew(lease, holder=holder, rt=rt, caller=caller)
        case "quit":
            return await _quit(lease, holder=holder, rt=rt)
        case "end":
            await _end([lease.id], if_run_out=False, rt=rt, caller=caller, actor=lease.client_id)
            return 0


async def end_those_run_out(*, rt: Runtime) -> int:
    """End every lease that nobody renewed in time, and the tokens that hang on it; how many this process ended.

    Several processes may do so at once: each lease is ended by one of them.
    """
    ended = 0
    while found := await rt.store.read.leases.run_out(now=rt.clock(), limit=AT_ONCE):
        ended += await _end(found, if_run_out=True, rt=rt, caller=Caller(), actor="server")
        if len(found) < AT_ONCE:
            break
    return ended


async def _find(text: str, *, rt: Runtime, caller: Caller) -> Lease:
    trail = caller.trail
    if not opaque.is_opaque(text, "ls"):
        trail.failed("lease's form", "the text of a lease with a good checksum", form_of(text))
        raise LeaseEnded("The lease is unknown.", detail="malformed lease")
    lease = await rt.store.read.leases.by_digest(opaque.digest(text))
    if lease is None:
        trail.failed("lease is known", "one that was given here", "never given here, or long over and forgotten")
        raise LeaseEnded("The lease is unknown.", detail="lease unknown")
    # Nobody but the app of this client holds the text.
    trail.client_id, trail.proved, trail.session_id = lease.client_id, True, lease.session_id
    trail.passed("lease is known", "one that was given here", lease.id)
    return lease


async def _renew(lease: Lease, *, holder: str | None, rt: Runtime, caller: Caller) -> int:
    now = rt.clock()
    if lease.is_alive(now) and lease.needs_no_write(now, holder=holder):
        return lease.ends_at - now

    async def unit(tx: Tx) -> Lease | None:
        return await tx.leases.renew(lease.id, holder=holder, now=now)

    renewed = await rt.store.write(unit) if lease.is_alive(now) else None
    if renewed is None:
        over_since = min(lease.ends_at, lease.ended_at or lease.ends_at)
        caller.trail.failed("lease is alive", True, f"ended {max(0, now - over_since)} s ago")
        raise LeaseEnded("The lease is over.", detail=f"lease {lease.id} is over")
    return renewed.ends_at - now


async def _quit(lease: Lease, *, holder: str | None, rt: Runtime) -> int:
    now = rt.clock()

    async def unit(tx: Tx) -> Lease | None:
        return await tx.leases.shorten(lease.id, ends_at=now + QUIT_S, holder=holder, now=now)

    changed = None
    if lease.is_alive(now) and lease.ends_at > now + QUIT_S and holder in (None, lease.holder):
        changed = await rt.store.write(unit)
    left = changed or lease
    return left.ends_at - now if left.is_alive(now) else 0


async def _end(lease_ids: list[str], *, if_run_out: bool, rt: Runtime, caller: Caller, actor: str) -> int:
    now, nonce = rt.clock(), rt.nonce()
    events = {
        lease_id: rt.event("lease.ended", lease_id, actor=actor, caller=caller, now=now) for lease_id in lease_ids
    }

    async def unit(tx: Tx) -> int:
        return await end_leases(tx, events, if_run_out=if_run_out, nonce=nonce, now=now)

    ended = await rt.store.write(unit)
    if ended:
        rt.on_revocation()
    return ended
