"""`python -m benchmarks.sign_in`: sign-ins a second by password beside raw Argon2, other requests meanwhile, and what pages weigh.

Raw Argon2 and the server are measured in turn, in one run, each with two threads; read the ratio. The load shares the machine with them.
"""

import asyncio
import base64
import gzip
import hashlib
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode

import uvloop
from argon2 import PasswordHasher

from admit_server.machine.hashing import HashingLimits

from .load import NextRequest, Turn, post, turn
from .people import PASSWORD, Browser
from .server import _free_port, _once, _wait_ready

ROUNDS = int(os.environ.get("ROUNDS", "5"))
SECONDS = float(os.environ.get("SECONDS", "4"))
# More would meet the counters of one network; so few keep two threads busy.
CONNECTIONS = 8
THREADS = 2


def main() -> None:
    """Run it all."""
    with tempfile.TemporaryDirectory() as folder:
        port = _free_port()
        environment = os.environ | {"BENCH_PEOPLE": str(CONNECTIONS), "ADMIT_SIGN_IN__HASH_THREADS": str(THREADS)}
        server = subprocess.Popen([sys.executable, "-m", "benchmarks.served", folder, str(port)], env=environment)
        try:
            _wait_ready(port)
            document = uvloop.run(_race(port, Path(folder)))
            document["pages"] = _pages(port)
        finally:
            server.terminate()
            server.wait()
    print("\n" + json.dumps(document))


async def _race(port: int, folder: Path) -> dict[str, object]:
    secrets = json.loads((folder / "bench.json").read_text())
    asks = await _introspecting(port, secrets)
    pages, apps = await asyncio.to_thread(_on_pages, port), _by_app()
    for way in (pages, apps):
        await turn(port, way, seconds=1)
    rates: list[tuple[float, float, float]] = []
    quiet, flooded = Turn(), Turn()
    for _ in range(ROUNDS):
        raw = await asyncio.to_thread(_raw)
        on_pages, by_app = await turn(port, pages, seconds=SECONDS), await turn(port, apps, seconds=SECONDS)
        if failed := on_pages.errors + by_app.errors:
            raise SystemExit(f"{failed} sign-ins failed")
        rates.append((on_pages.per_second, by_app.per_second, raw))
        _take(quiet, await turn(port, [asks] * 2, seconds=1))
        _, during = await asyncio.gather(turn(port, pages, seconds=SECONDS), turn(port, [asks] * 2, seconds=SECONDS))
        _take(flooded, during)
    page, app, raw = (statistics.median(each[n] for each in rates) for n in range(3))
    page_ratio, app_ratio = (statistics.median(each[n] / each[2] for each in rates) for n in range(2))
    print(f"{ROUNDS} rounds of {SECONDS:g} s, {CONNECTIONS} connections, {THREADS} threads\n")
    print(f"raw Argon2id      {raw:8.1f} /s")
    print(
        f"/sign-in          {page:8.1f} /s, {page_ratio:.0%} of that (median of the rounds; goal 90%): a known browser"
    )
    print(f"/authorize-challenge {app:5.1f} /s, {app_ratio:.0%} of that: a public app, with grant and code")
    for name, each in (("alone", quiet), ("in a login flood", flooded)):
        print(
            f"/introspect {name:<18} p50 {each.percentile(0.5):6.2f} ms, p99 {each.percentile(0.99):6.2f} ms, {each.errors} errors"
        )
    return {
        "raw_per_second": raw,
        "sign_ins_per_second": {"page": page, "app": app},
        "ratio": {"page": page_ratio, "app": app_ratio},
        "introspect_p99_ms": {"alone": quiet.percentile(0.99), "flooded": flooded.percentile(0.99)},
    }


def _take(into: Turn, more: Turn) -> None:
    into.requests += more.requests
    into.errors += more.errors
    into.latencies += more.latencies


def _raw() -> float:
    """Hashes a second with the same parameters and as many threads, and nothing else."""
    limits = HashingLimits()
    hasher = PasswordHasher(time_cost=limits.passes, memory_cost=limits.memory_kib, parallelism=limits.lanes)
    hashed = hasher.hash(PASSWORD)
    ends = time.perf_counter() + SECONDS

    def work() -> int:
        done = 0
        while time.perf_counter() < ends:
            hasher.verify(hashed, PASSWORD)
            done += 1
        return done

    began = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        done = sum(future.result() for future in [pool.submit(work) for _ in range(THREADS)])
    return done / (time.perf_counter() - began)


def _on_pages(port: int) -> list[NextRequest]:
    """Each connection is a person who signs in again and again with the form of the page, in a browser that is known."""
    requests = []
    for number in range(CONNECTIONS):
        browser = Browser(port, number)
        requests.append(browser.sign_in(f"bench-{number}"))
        browser.close()
    return [lambda _, request=request: request for request in requests]  # type: ignore[misc]


def _by_app() -> list[NextRequest]:
    """Each connection is a person of its own, who signs in again and again."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(b"v" * 43).digest()).rstrip(b"=").decode()
    form = {"client_id": "app", "scope": "read", "code_challenge": challenge, "code_challenge_method": "S256"}
    requests = [
        post("/authorize-challenge", urlencode(form | {"username": f"bench-{n}", "password": PASSWORD}))
        for n in range(CONNECTIONS)
    ]
    return [lambda _, request=request: request for request in requests]  # type: ignore[misc]


async def _introspecting(port: int, secrets: dict[str, str]) -> NextRequest:
    worker = "Basic " + base64.b64encode(f"worker:{secrets['worker']}".encode()).decode()
    reader = "Basic " + base64.b64encode(f"reader:{secrets['reader']}".encode()).decode()
    form = urlencode({"grant_type": "client_credentials", "resource": secrets["opaque"]})
    token = json.loads(await _once(port, post("/token", form, authorization=worker)))["access_token"]
    request = post("/introspect", urlencode({"token": token}), authorization=reader)
    return lambda _: request


def _pages(port: int) -> dict[str, int]:
    """Bytes of each page with the styles and scripts that it loads, and of the same compressed, as a proxy sends them."""
    print(f"\n{'page':<14}{'bytes':>9}{'gzip':>9}   (with styles and scripts, without the icon; goal under 20,000)")
    weights = {}
    for number, path in enumerate(("/sign-in", "/forgot", "/sign-up")):
        browser = Browser(port, number)
        _, text = browser.get(path)
        parts = [text.encode()]
        for address in re.findall(r'(?:href|src)="(/static/[^"]+\.(?:css|js))"', text):
            parts.append(browser.get(address)[1].encode())
        browser.close()
        weights[path] = sum(map(len, parts))
        print(f"{path:<14}{weights[path]:>9,}{sum(len(gzip.compress(part)) for part in parts):>9,}")
    return weights


if __name__ == "__main__":
    main()
