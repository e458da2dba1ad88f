"""How long one policy decision takes: `.venv/bin/python -m benchmarks.limits`."""

import time
import timeit

from admit.limits import Attempt, Limits, groups_of

ATTEMPT = Attempt(method="GET", path="/orders/4711/items", address="10.20.30.40")
WEDNESDAY_NOON = 1_785_931_200.0
LIMITS = Limits(
    actions=groups_of(("GET /orders/*", "GET /orders/*/items", "POST /orders", "orders.refund")),
    networks=groups_of(("192.0.2.0/24", "10.0.0.0/8", "2001:db8::/32")),
    hours=groups_of(("mon-fri 08:00-18:00 Europe/Berlin",)),
)
ROUNDS, TURNS = 20, 10_000


def per_call_us(statement: str) -> float:
    """The best of several turns, in microseconds of this process: what else the machine does is not counted."""
    values = {"limits": LIMITS, "attempt": ATTEMPT, "now": WEDNESDAY_NOON, "claim": LIMITS.as_claim(), "Limits": Limits}
    turns = timeit.repeat(statement, globals=values, number=TURNS, repeat=ROUNDS, timer=time.process_time)
    return min(turns) / TURNS * 1e6


def main() -> None:
    """Print both figures."""
    assert LIMITS.violation(ATTEMPT, now=WEDNESDAY_NOON) is None
    decision = per_call_us("limits.violation(attempt, now=now)")
    reading = per_call_us("Limits.from_claim(claim)")
    print(f"one decision (actions, networks, hours): {decision:.2f} µs (goal: under 5)")
    print(f"reading the limits of a token: {reading:.2f} µs")


if __name__ == "__main__":
    main()
