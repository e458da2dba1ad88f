"""The programs under test, started as people start them, with everything they say in a file."""

import http.client
import math
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(sys.executable).parent
HOST = "127.0.0.1"
READY_S = (
    60.0  # for machines that do much else at the same time; what a start may take is asserted where it is measured
)


def rounds(usual: int) -> int:
    """How often a test repeats what it races or measures; `ROUNDS=100` in the environment makes a long run of it."""
    return int(os.environ.get("ROUNDS", usual))


def free_port() -> int:
    """A port below those that the system gives to outgoing connections, so that nobody takes it between now and its use."""
    for _ in range(200):
        port = secrets.SystemRandom().randrange(12_000, 32_000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port among 200 tried")


def eventually(condition: Callable[[], Any], *, within_s: float = 10, what: str = "it") -> Any:
    """Ask until the answer is true, and return it."""
    ends_at = time.monotonic() + within_s
    while not (answer := condition()):
        assert time.monotonic() < ends_at, f"{what} did not happen within {within_s} s"
        time.sleep(0.01)
    return answer


# Linux ends the program when the tests are killed and can end nothing any more: prctl(PR_SET_PDEATHSIG, SIGTERM).
_END_WITH_PARENT = "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 15); os.execv(sys.argv[1], sys.argv[1:])"


def ends_with_us(command: list[str]) -> list[str]:
    if sys.platform != "linux":
        return command
    return [sys.executable, "-I", "-S", "-c", _END_WITH_PARENT, *command]


class Program:
    """A child process in a group of its own, with everything it says in one file."""

    def __init__(self, command: list[str], *, log: Path, environment: dict[str, str] | None = None) -> None:
        self._log, self._log_begins = log, log.stat().st_size if log.exists() else 0
        with log.open("ab") as said:
            self.process = subprocess.Popen(
                ends_with_us(command),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                env=os.environ | {"PYTHONUNBUFFERED": "1"} | (environment or {}),
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        """What this process has said, on both its outputs."""
        return self._log.read_bytes()[self._log_begins :].decode(errors="replace")

    def children(self) -> list[int]:
        """The processes that this one has started, and those that these have."""
        found, waiting = [], [self.process.pid]
        while waiting:
            pid = waiting.pop()
            try:
                mine = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            except OSError:
                continue
            found += map(int, mine)
            waiting += map(int, mine)
        return found

    def end(self, number: signal.Signals = signal.SIGTERM, *, within_s: float = 20) -> int:
        """Ask the process to end, and wait; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"did not end within {within_s} s; it said: {self.said[-2000:]}") from None

    def refuse_tracebacks(self) -> None:
        """A traceback in what the process said is a fault, whatever the tests saw of it."""
        assert "Traceback (most recent call last)" not in self.said, self.said[-4000:]


def runs(pid: int) -> bool:
    """Whether a process is there and is more than an entry that waits for its parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def wait_until_ready(url: str, program: Program, *, within_s: float = READY_S) -> None:
    """Until the address answers 200, or the program has ended."""
    parts, ends_at = urlsplit(url), time.monotonic() + within_s
    while True:
        code = program.process.poll()
        assert code is None, f"ended with code {code}; it said: {program.said[-2000:]}"
        connection = http.client.HTTPConnection(parts.netloc, timeout=5)
        try:
            connection.request("GET", parts.path)
            if connection.getresponse().status == 200:
                return
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        assert time.monotonic() < ends_at, f"not ready within {within_s} s; it said: {program.said[-2000:]}"
        time.sleep(0.01)


@contextmanager
def meanwhile(*works: Callable[[threading.Event], None]) -> Iterator[threading.Event]:
    """Let each work on a thread until the block ends or the event is set; the first exception of any is raised at the end."""
    stop = threading.Event()
    with ThreadPoolExecutor(len(works)) as threads:
        under_way = [threads.submit(work, stop) for work in works]
        try:
            yield stop
        finally:
            stop.set()
        for each in under_way:
            each.result(timeout=60)


def share(seconds: list[float], part: float) -> float:
    """The nearest-rank percentile: so many of them took at most this long."""
    return sorted(seconds)[math.ceil(part * len(seconds)) - 1]


def percentiles(seconds: list[float]) -> str:
    """p50, p99 and the worst, in milliseconds, for people."""
    p50, p99, worst = (1000 * share(seconds, part) for part in (0.5, 0.99, 1))
    return f"p50 {p50:.0f} ms, p99 {p99:.0f} ms, max {worst:.0f} ms of {len(seconds)}"
