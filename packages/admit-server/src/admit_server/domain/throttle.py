"""Throttling of failed sign-ins: counters that grow, and the delay that follows."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class ThrottleRule:
    """How many failures are free in a window, and how the delay grows after that. Seconds."""

    free_failures: int
    window_s: int
    first_delay_s: int
    longest_delay_s: int

    def delay_s(self, failures: int) -> int:
        """The delay after so many failures: nothing while they are free, then doubling up to the longest."""
        excess = failures - self.free_failures
        if excess < 0:
            return 0
        return min(self.longest_delay_s, self.first_delay_s << min(excess, 20))


@dataclass(frozen=True, slots=True)
class Counter:
    """Failures under one key. `blocked_until` is in seconds, UTC."""

    failures: int
    window_started_at: int
    blocked_until: int


FRESH = Counter(failures=0, window_started_at=0, blocked_until=0)

# Per account: an attacker gets 5 tries, then fewer and fewer, in the end one every 20 minutes. NIST SP 800-63B-4 section 3.2.2
# wants no more than 100 consecutive failures on an account; these delays keep a whole day below that.
ACCOUNT = ThrottleRule(free_failures=5, window_s=86_400, first_delay_s=10, longest_delay_s=1200)
# A browser that signed in here before has a counter of its own, so strangers can't keep the owner out.
DEVICE = ThrottleRule(free_failures=10, window_s=3600, first_delay_s=5, longest_delay_s=300)
# Per network: many people may share one address, so it is wide.
NETWORK = ThrottleRule(free_failures=50, window_s=600, first_delay_s=10, longest_delay_s=600)

# Per network again: how many different accounts failed from there. Passwords that leaked elsewhere are tried once on each account, so
# that no account's counter and few networks' ever fill.
ACCOUNTS_OF_NETWORK = ThrottleRule(free_failures=20, window_s=3600, first_delay_s=10, longest_delay_s=600)

# Tries of an account that an outside process left without an answer: so many a day are no failures of the person. The next ones are, so
# that whoever can make the process fail has no tries without end; with those of ACCOUNT they stay under the 100 as well.
UNANSWERED = ThrottleRule(free_failures=10, window_s=86_400, first_delay_s=0, longest_delay_s=0)

# What is sent to a person: nobody's mailbox or phone is flooded by a stranger who knows their name.
SENDING = ThrottleRule(free_failures=4, window_s=3600, first_delay_s=60, longest_delay_s=1800)


def tightened(rule: ThrottleRule) -> ThrottleRule:
    """What a rule becomes for unknown devices while leaked passwords are tried on many accounts: a quarter, and three times the delay."""
    free, delay = max(2, rule.free_failures // 4), min(3 * rule.first_delay_s, rule.longest_delay_s)
    return replace(rule, free_failures=free, first_delay_s=delay)


def after_failure(counter: Counter, rule: ThrottleRule, *, now: int) -> Counter:
    """The counter after one more failure."""
    if now - counter.window_started_at >= rule.window_s and now >= counter.blocked_until:
        counter = Counter(failures=0, window_started_at=now, blocked_until=0)
    failures = counter.failures + 1
    delay = rule.delay_s(failures)
    return Counter(failures, counter.window_started_at, now + delay if delay else counter.blocked_until)


def wait_s(counter: Counter, *, now: int) -> int:
    """How long this key has to wait, 0 when it may try now."""
    return max(0, counter.blocked_until - now)
