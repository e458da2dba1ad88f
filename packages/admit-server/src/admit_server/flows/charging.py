"""Counting a try as failed before it is made, on counters that any number of tries race for, and taking that back."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..domain.errors import TooManyTries
from ..domain.throttle import (
    ACCOUNT,
    ACCOUNTS_OF_NETWORK,
    DEVICE,
    FRESH,
    NETWORK,
    Counter,
    ThrottleRule,
    after_failure,
    tightened,
    wait_s,
)
from ..ports.transaction import Tx
from .runtime import Caller, Refusal, Runtime, or_raise
from .stuffing import StuffingWatch, alarm


@dataclass(frozen=True, slots=True)
class _Spread:
    """Counts the different accounts that are tried from one network: `pair` is there once an account was."""

    network: bytes
    pair: bytes


@dataclass(frozen=True, slots=True)
class Charge:
    """What was charged in advance; `refund` takes it back after a success."""

    counters: tuple[tuple[bytes, ThrottleRule], ...]
    spread: _Spread | None = None
    watch: StuffingWatch = field(default_factory=StuffingWatch, repr=False, compare=False)


async def charge(
    account: bytes, *, from_known_device: bool, network: bytes, rt: Runtime, caller: Caller, username_known: str | None
) -> Charge:
    """Count a try as failed before it is made.

    Raises:
        TooManyTries: A counter is still blocked; nothing is hashed, and nothing more is counted.
    """
    # A browser that signed this person in before is judged by its own counter alone: strangers behind the same address can't keep the
    # owner out. It opens nothing to them, because the device cookie names its one user.
    if from_known_device:
        return await charge_all(((account, DEVICE),), rt=rt, caller=caller, username_known=username_known)
    spread = _Spread(
        rt.vault.mac("throttle accounts of a network", network), rt.vault.mac("throttle pair", network + account)
    )
    counters = ((account, ACCOUNT), (network, NETWORK))
    paid = await charge_all(counters, spread=spread, rt=rt, caller=caller, username_known=username_known)
    rt.stuffing.tried(account, caller.network, now=rt.clock())
    return paid


async def charge_all(
    counters: tuple[tuple[bytes, ThrottleRule], ...],
    *,
    spread: _Spread | None = None,
    rt: Runtime,
    caller: Caller,
    username_known: str | None,
) -> Charge:
    """Count one more in each of these, or in none.

    Raises:
        TooManyTries: One of them is still blocked.
    """
    now = rt.clock()
    seen = rt.stuffing.sees(now=now) if spread is not None else None
    alarm_key = rt.vault.mac("throttle stuffing", b"")
    began = rt.event("sign_in.stuffing", "", actor="server", caller=Caller(), now=now) if seen is not None else None
    refused = rt.event("sign_in.throttled", username_known or "", actor="", caller=caller, now=now, outcome="refused")

    async def unit(tx: Tx) -> Charge | Refusal:
        # Look at all before any is charged: a try that is refused costs nothing.
        charged, waits = list(counters), [key for key, _ in counters] + ([spread.network] if spread else [])
        found = await tx.throttles.of((*waits, *((spread.pair, alarm_key) if spread else ())))
        longest = max(wait_s(found.get(key, FRESH), now=now) for key in waits)
        if spread is not None:
            stored = found.get(alarm_key)
            limited = await alarm(tx, alarm_key, stored, seen=seen, rule=rt.stuffing.rule, event=began, now=now)
            if not longest and await _first(tx, spread.pair, found.get(spread.pair), now=now):
                charged.append((spread.network, ACCOUNTS_OF_NETWORK))
            charged = [(key, tightened(rule)) for key, rule in charged] if limited else charged
        for key, rule in charged if not longest else ():
            longest = longest or await _add_one(tx, key, rule, found.get(key), now=now)
        if not longest:
            return Charge(counters, spread, rt.stuffing)
        if username_known:
            await tx.audit.append(refused)
        return Refusal(TooManyTries(retry_after_s=longest))

    return or_raise(await rt.store.write(unit))


async def _first(tx: Tx, pair: bytes, was: Counter | None, *, now: int) -> bool:
    """Whether an account is tried from a network for the first time within the window."""
    window_s = ACCOUNTS_OF_NETWORK.window_s
    if was is not None and now - was.window_started_at < window_s:
        return False
    return await tx.throttles.compare_and_set(pair, was=was, becomes=Counter(1, now, 0), expires_at=now + window_s)


async def _add_one(tx: Tx, key: bytes, rule: ThrottleRule, was: Counter | None, *, now: int) -> int:
    """Charge one counter, read as `was`, and return 0; or how long it is blocked, if others filled it in the meantime."""
    while True:
        if blocked := wait_s(was or FRESH, now=now):
            return blocked
        becomes = after_failure(was or FRESH, rule, now=now)
        expires = max(becomes.blocked_until, becomes.window_started_at + rule.window_s)
        if await tx.throttles.compare_and_set(key, was=was, becomes=becomes, expires_at=expires):
            return 0
        was = await tx.throttles.get(key)


async def give_back(paid: Charge, *, rt: Runtime, now: int) -> None:
    """Take a charge back for a try that was not judged; what was counted before stays."""

    await rt.store.write(lambda tx: take_back(tx, paid.counters, paid.spread, now=now))
    paid.watch.not_judged(paid.counters[0][0])


async def refund(tx: Tx, paid: Charge, *, now: int) -> None:
    """After a success: the account's or device's counter begins anew, the network gets this one try back."""
    (account, _), *others = paid.counters
    paid.watch.succeeded(account, now=now)
    await tx.throttles.clear(account)
    await take_back(tx, others, paid.spread, now=now)


async def take_back(
    tx: Tx, counters: Sequence[tuple[bytes, ThrottleRule]], spread: _Spread | None, *, now: int
) -> None:
    """One try less in each of these; and the account was no stranger's to this network after all."""
    if spread is not None and await tx.throttles.clear(spread.pair):
        counters = [*counters, (spread.network, ACCOUNTS_OF_NETWORK)]
    found = await tx.throttles.of([key for key, _ in counters]) if counters else {}
    for key, rule in counters:
        await _give_back(tx, key, rule, found.get(key), now=now)


async def _give_back(tx: Tx, network: bytes, rule: ThrottleRule, counter: Counter | None, *, now: int) -> None:
    for _ in range(3):
        if counter is None or counter.failures == 0:
            return
        failures = counter.failures - 1
        blocked = counter.blocked_until if rule.delay_s(failures) else 0
        becomes = Counter(failures, counter.window_started_at, blocked)
        if await tx.throttles.compare_and_set(network, was=counter, becomes=becomes, expires_at=now + rule.window_s):
            return
        counter = await tx.throttles.get(network)
