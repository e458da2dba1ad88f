"""Seeing credential stuffing: each process looks at the tries that it gets, and an alarm is all servers'."""

from collections import deque
from dataclasses import dataclass, field, replace

from ..domain.audit import AuditEvent
from ..domain.stuffing import Seen, StuffingRule, is_stuffing
from ..domain.throttle import Counter
from ..ports.transaction import Tx

# What a process remembers of one window at most. An attack is seen long before.
MOST = 10_000


@dataclass(frozen=True, slots=True)
class _Try:
    at: int
    account: bytes
    network: str


@dataclass(slots=True)
class StuffingWatch:
    """The tries of unknown devices in one process that were not yet followed by a success, and who signed in."""

    rule: StuffingRule = field(default_factory=StuffingRule)
    _tries: deque[_Try] = field(default_factory=lambda: deque(maxlen=MOST), repr=False)
    _signed_in: dict[bytes, int] = field(default_factory=dict, repr=False)
    _looked_at: int = -1
    _found: Seen | None = None

    def tried(self, account: bytes, network: str, *, now: int) -> None:
        """An unknown device tries an account. Counts as failed until it is known that it did not."""
        if self.rule.accounts:
            self._tries.append(_Try(now, account, network))

    def succeeded(self, account: bytes, *, now: int) -> None:
        """Somebody signed in. May be told twice."""
        if self.rule.accounts and len(self._signed_in) < MOST:
            self._signed_in[account] = now

    def not_judged(self, account: bytes) -> None:
        """The last try of an account came to nothing, neither failure nor success."""
        for index in range(len(self._tries) - 1, -1, -1):
            if self._tries[index].account == account:
                del self._tries[index]
                return

    def seen(self, *, now: int) -> Seen:
        """What the window up to now held."""
        self._forget(now - self.rule.window_s)
        failed = [each for each in self._tries if each.account not in self._signed_in]
        return Seen(
            failed=len({each.account for each in failed}),
            networks=len({each.network for each in failed}),
            signed_in=len(self._signed_in),
        )

    def sees(self, *, now: int) -> Seen | None:
        """What was seen, if it is stuffing."""
        # Most windows hold few tries, and then nobody has to look closer.
        if not self.rule.accounts or len(self._tries) < self.rule.accounts:
            return None
        # Looking goes through all that is remembered: once a second, not with each of many tries.
        if now != self._looked_at:
            seen = self.seen(now=now)
            self._looked_at, self._found = now, seen if is_stuffing(seen, self.rule) else None
        return self._found

    def _forget(self, before: int) -> None:
        while self._tries and self._tries[0].at < before:
            self._tries.popleft()
        self._signed_in = {account: at for account, at in self._signed_in.items() if at >= before}


async def alarm(
    tx: Tx,
    key: bytes,
    stored: Counter | None,
    *,
    seen: Seen | None,
    rule: StuffingRule,
    event: AuditEvent | None,
    now: int,
) -> bool:
    """Whether tries of unknown devices are limited now.

    `stored` is what stands under the key, `seen` what this process sees at this moment, of which `event` tells.

    Of any number of processes that see the same attack one writes that it began.
    """
    goes_on = stored is not None and stored.blocked_until > now
    # Written anew once a minute, not with each try.
    if seen is not None and not (goes_on and stored is not None and stored.blocked_until > now + rule.lasts_s - 60):
        until = now + rule.lasts_s
        wins = await tx.throttles.compare_and_set(
            key, was=stored, becomes=Counter(seen.failed, now, until), expires_at=until
        )
        if wins and not goes_on and event is not None:
            details: dict[str, str | int | bool | None] = {"accounts": seen.failed, "networks": seen.networks}
            await tx.audit.append(replace(event, details=details))
        return True
    return goes_on
