"""`make bench`: requests a second of the token paths beside a hello-world of the same process, in turn, in one run.

Prints a table and one JSON document. The server runs on one core and the load on another where there are two. Read ratios, not
figures: all rows of a round are measured one after the other in the same minute, and the ratio is the median over rounds.
"""

import asyncio
import base64
import hashlib
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlencode

import uvloop

from .load import NextRequest, Turn, check, post, turn

ROUNDS = int(os.environ.get("ROUNDS", "5"))
SECONDS = float(os.environ.get("SECONDS", "2"))
CONNECTIONS = int(os.environ.get("CONNECTIONS", "16"))


def main() -> None:
    """Run it all."""
    with tempfile.TemporaryDirectory() as folder:
        port = _free_port()
        began = time.perf_counter()
        pin = [0] if (os.cpu_count() or 1) > 1 else []
        server = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.served", folder, str(port)], preexec_fn=lambda: _pin(pin)
        )
        try:
            _wait_ready(port)
            first_start = time.perf_counter() - began
            if pin:
                _pin([1])
            rows = uvloop.run(_race(port, Path(folder)))
            loaded = _rss_mib(server.pid)
        finally:
            server.terminate()
            server.wait()
        idle, start = _idle(folder)
    _report(
        rows, {"idle_rss_mib": idle, "loaded_rss_mib": loaded, "start_s": start, "first_start_s": round(first_start, 2)}
    )


async def _race(port: int, folder: Path) -> dict[str, list[Turn]]:
    secrets = json.loads((folder / "bench.json").read_text())
    worker = "Basic " + base64.b64encode(f"worker:{secrets['worker']}".encode()).decode()
    reader = "Basic " + base64.b64encode(f"reader:{secrets['reader']}".encode()).decode()
    form = urlencode({"grant_type": "client_credentials", "resource": "https://api.bench.example"})
    opaque_form = urlencode({"grant_type": "client_credentials", "resource": secrets["opaque"]})
    opaque = json.loads(await _once(port, post("/token", opaque_form, authorization=worker)))["access_token"]
    signed = json.loads(await _once(port, post("/token", form, authorization=worker)))["access_token"]
    families = [await _sign_in(port) for _ in range(CONNECTIONS)]
    hello = post("/hello", form, authorization=worker)
    credentials = post("/token", form, authorization=worker)
    introspect = post("/introspect", urlencode({"token": opaque}), authorization=reader)
    check_jwt, check_opaque = check("/jwt/items/7", token=signed), check("/opaque/items/7", token=opaque)
    refreshes = [_refresher(token) for token in families]
    contenders: dict[str, Callable[[], list[NextRequest]]] = {
        "hello": lambda: [lambda _: hello] * CONNECTIONS,
        "client_credentials": lambda: [lambda _: credentials] * CONNECTIONS,
        "introspect": lambda: [lambda _: introspect] * CONNECTIONS,
        "check (jwt)": lambda: [lambda _: check_jwt] * CONNECTIONS,
        "check (opaque)": lambda: [lambda _: check_opaque] * CONNECTIONS,
        "refresh": lambda: list(refreshes),
    }
    for makers in contenders.values():
        await turn(port, makers(), seconds=0.5)
    rows: dict[str, list[Turn]] = {name: [] for name in contenders}
    for _ in range(ROUNDS):
        for name, makers in contenders.items():
            rows[name].append(await turn(port, makers(), seconds=SECONDS))
    return rows


def _refresher(token: str) -> NextRequest:
    """Each connection spends its own family, one token after the other; the newest survives from turn to turn."""
    newest = token

    def make(body: bytes) -> bytes:
        nonlocal newest
        if body:
            newest = json.loads(body)["refresh_token"]
        return post("/token", urlencode({"grant_type": "refresh_token", "client_id": "app", "refresh_token": newest}))

    return make


async def _sign_in(port: int) -> str:
    verifier = base64.urlsafe_b64encode(os.urandom(32)).rstrip(b"=").decode()
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    form = {"client_id": "app", "scope": "read", "code_challenge": challenge, "code_challenge_method": "S256"}
    who = {"username": "bench", "password": "three oaks by the river"}
    answer = json.loads(await _once(port, post("/authorize-challenge", urlencode(form | who))))
    code = {
        "grant_type": "authorization_code",
        "client_id": "app",
        "code": answer["authorization_code"],
        "code_verifier": verifier,
    }
    token: str = json.loads(await _once(port, post("/token", urlencode(code))))["refresh_token"]
    return token


async def _once(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    at = head.lower().find(b"content-length:")
    body = await reader.readexactly(int(head[at + 15 : head.index(b"\r\n", at)]))
    writer.close()
    if b" 200 " not in head.split(b"\r\n")[0]:
        raise SystemExit(f"the benchmark's own request failed: {body!r}")
    return body


def _idle(folder: str) -> tuple[float, float]:
    """Resident memory of an idle server on the data just made, and the seconds from its start to `/readyz`, best of three."""
    starts: list[float] = []
    rss = 0.0
    for _ in range(3):
        port = _free_port()
        began = time.perf_counter()
        admit = Path(sys.executable).with_name("admit")
        command = [str(admit), "serve", "--data", folder, "--port", str(port)]
        server = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            _wait_ready(port)
            starts.append(time.perf_counter() - began)
            time.sleep(2)
            rss = _rss_mib(server.pid)
        finally:
            server.terminate()
            server.wait()
    return rss, round(min(starts), 2)


def _report(rows: dict[str, list[Turn]], figures: dict[str, float]) -> None:
    hello = [t.per_second for t in rows["hello"]]
    document: dict[str, object] = {
        "python": platform.python_version(),
        "versions": {
            name: version(name) for name in ("admit-server", "starlette", "uvicorn", "uvloop", "cryptography")
        },
        "rounds": ROUNDS,
        "seconds": SECONDS,
        "connections": CONNECTIONS,
        **figures,
    }
    print(f"{ROUNDS} rounds of {SECONDS:g} s, {CONNECTIONS} connections, one process; median (min-max)\n")
    print(f"{'path':<22}{'requests/s':>24}{'/ hello':>22}{'p50 ms':>9}{'p99 ms':>9}{'errors':>8}")
    for name, turns in rows.items():
        rates = [t.per_second for t in turns]
        ratios = [rate / base for rate, base in zip(rates, hello, strict=True)]
        rate = f"{statistics.median(rates):,.0f} ({min(rates):,.0f}-{max(rates):,.0f})"
        ratio = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"
        p50, p99 = (statistics.median(t.percentile(share) for t in turns) for share in (0.5, 0.99))
        errors = sum(t.errors for t in turns)
        print(f"{name:<22}{rate:>24}{ratio:>22}{p50:>9.2f}{p99:>9.2f}{errors:>8}")
        document[name] = {
            "per_second": statistics.median(rates),
            "of_hello": statistics.median(ratios),
            "p99_ms": p99,
            "errors": errors,
        }
    print()
    for name, value in figures.items():
        print(f"{name:<22}{value:>12}")
    print("\n" + json.dumps(document))


def _wait_ready(port: int) -> None:
    for _ in range(1500):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1) as answer:
                if answer.status == 200:
                    return
        except OSError:
            pass
        time.sleep(0.01)
    raise SystemExit("the server did not get ready within 15 s")


def _rss_mib(pid: int) -> float:
    with open(f"/proc/{pid}/status") as status:
        return next(round(int(line.split()[1]) / 1024, 1) for line in status if line.startswith("VmRSS"))


def _pin(cores: list[int]) -> None:
    if cores and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    main()
