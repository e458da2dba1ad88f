"""`python -m benchmarks.enumeration`: can the time of an answer tell who has an account? 500 names that exist against 500 that don't.

For each way in: the requests in random order, one after the other, each from an address of its own.
Then the Mann-Whitney U test, two-sided,
by the normal approximation with correction for ties (Mann and Whitney 1947; Conover, Practical Nonparametric Statistics, 5.1).
p > 0.01: no difference is seen. `WAYS=passkey` measures only those with that in their name.
"""

import json
import math
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

from .people import Browser, hidden_fields
from .server import _free_port, _wait_ready

NAMES = int(os.environ.get("NAMES", "500"))
WRONG = "wrong horse by the river"


def mann_whitney(one: list[float], other: list[float]) -> float:
    """The two-sided p of the hypothesis that neither tends to be larger."""
    both = sorted([(value, 0) for value in one] + [(value, 1) for value in other])
    ranks, ties, start = 0.0, 0.0, 0
    while start < len(both):
        end = start
        while end < len(both) and both[end][0] == both[start][0]:
            end += 1
        ranks += (start + end + 1) / 2 * sum(1 for _, whose in both[start:end] if whose == 0)
        ties += (end - start) ** 3 - (end - start)
        start = end
    n, m, whole = len(one), len(other), len(both)
    u, mean = ranks - n * (n + 1) / 2, n * m / 2
    variance = n * m / 12 * (whole + 1 - ties / (whole * (whole - 1)))
    if variance == 0:
        return 1.0
    z = max(0.0, abs(u - mean) - 0.5) / math.sqrt(variance)
    return math.erfc(z / math.sqrt(2))


def main() -> None:
    """Measure each way in."""
    with tempfile.TemporaryDirectory() as folder:
        port = _free_port()
        # Mail has to be on for the forgotten password; nobody listens there, and nothing is sent while the request is answered.
        environment = os.environ | {
            "BENCH_PEOPLE": str(NAMES),
            "ADMIT_MAIL__HOST": "127.0.0.1",
            "ADMIT_MAIL__PORT": str(_free_port()),
            "ADMIT_MAIL__SECURITY": "insecure_plain",
            "ADMIT_MAIL__SENDER": "bench@example.com",
            "ADMIT_REGISTRATION__OPEN": "true",
            "ADMIT_SIGN_IN__AUTHENTICATORS": '["password", "passkey", "email_code"]',
            "ADMIT_SIGN_IN__REQUIRES": "password or passkey or email_code",
            # Passkeys need a name.
            "ADMIT_SERVER__ISSUER": f"http://localhost:{port}",
        }
        server = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.served", folder, str(port)], env=environment, stderr=subprocess.DEVNULL
        )
        try:
            _wait_ready(port)
            time.sleep(1)  # the first hash, and what else is done shortly after the start
            asked = os.environ.get("WAYS", "")
            found = {name: _measure(port, n, way) for n, (name, way) in enumerate(WAYS.items()) if asked in name}
        finally:
            server.terminate()
            server.wait()
    print("\n" + json.dumps(found))


REQUEST = {"client_id": "app", "scope": "read", "code_challenge": "c" * 43, "code_challenge_method": "S256"}


def _challenge(browser: Browser, name: str) -> Callable[[], int]:
    return lambda: browser.post("/authorize-challenge", REQUEST | {"username": name, "password": WRONG})


def _challenge_passkey(browser: Browser, name: str) -> Callable[[], int]:
    return lambda: browser.post("/authorize-challenge", REQUEST | {"username": name, "method": "passkey"})


def _begin(method: str) -> Callable[[Browser, str], Callable[[], int]]:
    """Typing the name and choosing another way: the post, and the page of that way."""

    def way(browser: Browser, name: str) -> Callable[[], int]:
        hidden = hidden_fields(browser.get("/sign-in")[1])
        hidden.pop("method", None)
        return lambda: browser.follow("/sign-in", hidden | {"username": name, "with": method})

    return way


def _sign_up(browser: Browser, name: str) -> Callable[[], int]:
    """The address is in use or not; the user name is free."""
    hidden = hidden_fields(browser.get("/sign-up")[1])
    wish = {"username": f"new-{name}", "email": f"{name}@example.com"}
    return lambda: browser.post("/sign-up", hidden | wish)


def _sign_up_name(browser: Browser, name: str) -> Callable[[], int]:
    """The user name is in use or not; the address is free."""
    hidden = hidden_fields(browser.get("/sign-up")[1])
    wish = {"username": name, "email": f"new-{name}@example.com"}
    return lambda: browser.post("/sign-up", hidden | wish)


def _sign_in(browser: Browser, name: str) -> Callable[[], int]:
    hidden = hidden_fields(browser.get("/sign-in")[1])
    return lambda: browser.post("/sign-in", hidden | {"username": name, "password": WRONG})


def _forgot(browser: Browser, name: str) -> Callable[[], int]:
    hidden = hidden_fields(browser.get("/forgot")[1])
    return lambda: browser.post("/forgot", hidden | {"name": name})


WAYS: dict[str, Callable[[Browser, str], Callable[[], int]]] = {
    "/sign-in": _sign_in,
    "/authorize-challenge": _challenge,
    "/forgot": _forgot,
    "/sign-in, passkey begun": _begin("passkey"),
    "/sign-in, mailed code begun": _begin("email_code"),
    "/authorize-challenge, passkey begun": _challenge_passkey,
    "/sign-up, address": _sign_up,
    "/sign-up, user name": _sign_up_name,
}


def _measure(port: int, round_number: int, way: Callable[[Browser, str], Callable[[], int]]) -> dict[str, float]:
    tries = [(f"bench-{n}", True) for n in range(NAMES)] + [(f"nobody-{n}", False) for n in range(NAMES)]
    random.Random(round_number).shuffle(tries)
    times: dict[bool, list[float]] = {True: [], False: []}
    statuses: dict[bool, set[int]] = {True: set(), False: set()}
    for number, (name, exists) in enumerate(tries):
        browser = Browser(port, (round_number << 12) + number, origin=f"http://localhost:{port}")
        send = way(browser, name)
        began = time.perf_counter()
        statuses[exists].add(send())
        times[exists].append((time.perf_counter() - began) * 1000)
        browser.close()
    p = mann_whitney(times[True], times[False])
    known, unknown = (statistics.median(times[exists]) for exists in (True, False))
    print(
        f"{next(name for name, each in WAYS.items() if each is way):<35} {NAMES} and {NAMES}: median {known:.2f} and {unknown:.2f} ms, "
        f"p = {p:.3f}, answers {sorted(statuses[True])} and {sorted(statuses[False])}"
    )
    return {"p": p, "known_ms": known, "unknown_ms": unknown}


if __name__ == "__main__":
    main()
