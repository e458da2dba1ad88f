"""`admit serve`, the demo API, and the launcher that starts both, with an administrator beside them."""

import asyncio
import json
import re
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.whole.apps import DEMO_PASSWORD, Person
from tests.whole.programs import HOST, PROGRAMS, READY_S, ROOT, Program, eventually, free_port, runs, wait_until_ready

from admit_server.app import open_runtime
from admit_server.flows.admin import clients, policies, users
from admit_server.flows.runtime import Caller, Runtime
from admit_server.settings import load_settings

BY_TESTS = Caller(actor="tests")


class Server:
    """`admit serve` on a data directory. May be killed and started again on the same port."""

    def __init__(
        self,
        data: Path,
        *,
        database: str | None = None,
        demo_api: str = "",
        port: int | None = None,
        clock: "MovedClock | None" = None,
        issuer: str = "",
        settings: dict[str, str] | None = None,
    ) -> None:
        self.moved = (clock.environment if clock else {}) | (settings or {})
        self.settings = settings or {}
        self.data, self.database, self.port = data, database, port or free_port()
        self.url = f"http://{HOST}:{self.port}"
        self.issuer = issuer or self.url
        """Where clients and verifiers find it: elsewhere, behind a balancer or a cable."""
        self.demo_api = demo_api or f"http://{HOST}:{free_port()}"
        self.program: Program | None = None

    def start(self) -> float:
        """Start and wait until it is ready; the seconds it took."""
        began = time.monotonic()
        command = [str(PROGRAMS / "admit"), "serve", "--data", str(self.data), "--port", str(self.port), "--demo"]
        if self.database is not None:
            command += ["--database", self.database]
        if self.issuer != self.url:
            command += ["--issuer", self.issuer]
        log = self.data.with_name(f"{self.data.name}.log")
        self.program = Program(command, log=log, environment={"ADMIT_DEMO_API": self.demo_api} | self.moved)
        wait_until_ready(f"{self.url}/readyz", self.program)
        return time.monotonic() - began

    def kill(self) -> None:
        """End it as a power cut would, as far as a process can know."""
        assert self.program is not None
        self.program.process.kill()
        self.program.process.wait()
        self.program.refuse_tracebacks()

    def stop(self) -> None:
        if self.program is not None:
            self.program.end()
            self.program.refuse_tracebacks()

    def administer(self, work: Callable[[Runtime], Awaitable[Any]]) -> Any:
        """Do something to the database beside the running server, as the `admit` command does."""
        with pytest.MonkeyPatch.context() as patched:
            for name, value in self.settings.items():
                patched.setenv(name, value)
            settings = load_settings(data=self.data, database=self.database, port=self.port, issuer=self.issuer)

        async def inside() -> Any:
            async with open_runtime(settings, create=False) as rt:
                return await work(rt)

        # In a thread of its own: the thread of a test may have a loop running.
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, inside()).result()

    def command(self, *words: str, given: str = "") -> Any:
        """Run the `admit` command on the same database; what it answers with --json."""
        where = ["--data", str(self.data)] + (["--database", self.database] if self.database else [])
        done = subprocess.run(
            [PROGRAMS / "admit", *words, *where, "--json"], input=given, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def add_user(self, password: str = DEMO_PASSWORD) -> "Person":
        """Somebody whom no other test knows, so that no failed sign-in elsewhere counts against them."""
        name = f"person-{secrets.token_hex(4)}"
        new = users.NewUser(username=name, password=password)
        self.administer(lambda rt: users.add(new, rt=rt, caller=BY_TESTS))
        return Person(name, password)

    def add_client(self, *, policy: Any = None, **given: Any) -> clients.Client:
        """A client for the demo API; with `policy`, under a named policy of its own."""
        name = given.pop("name", f"app-{secrets.token_hex(4)}")

        async def add(rt: Runtime) -> clients.Client:
            named = None
            if policy is not None:
                named = f"policy-{secrets.token_hex(4)}"
                await policies.set_policy(named, policy, rt=rt, caller=BY_TESTS)
            defaults = {"kind": "public", "audiences": (self.demo_api,), "policy": named}
            added = await clients.add(clients.NewClient(name=name, **(defaults | given)), rt=rt, caller=BY_TESTS)
            return added.client

        client: clients.Client = self.administer(add)
        return client


def mail_settings(office: Any) -> dict[str, str]:
    """The environment of a server that hands its mail to an office of `tools/post_office.py`."""
    return {
        "ADMIT_MAIL__HOST": office.host,
        "ADMIT_MAIL__PORT": str(office.port),
        "ADMIT_MAIL__SECURITY": "insecure_plain",
        "ADMIT_MAIL__SENDER": "admit@id.example",
    }


class MovedClock:
    """The time of programs that are started with its environment: the machine's, and what a test added to it."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / "clock-ahead"
        self._ahead_s = 0
        self._file.write_text("0")
        self.environment = {
            "PYTHONPATH": str(Path(__file__).with_name("moved_clock")),
            "TESTS_CLOCK_AHEAD": str(self._file),
        }

    def now(self) -> float:
        """Seconds since 1970, as those programs have it."""
        return time.time() + self._ahead_s

    def advance(self, seconds: int) -> None:
        """Let them all live through so many seconds in a moment."""
        self._ahead_s += seconds
        new = self._file.with_suffix(".new")
        new.write_text(str(self._ahead_s))
        new.replace(self._file)


class DemoApi:
    """The demo API beside a server that a test kills and starts as it likes."""

    def __init__(self, server: Server, *, log: Path) -> None:
        self.url = server.demo_api
        port = str(urlsplit(self.url).port)
        command = [sys.executable, "-m", "uvicorn", "--app-dir", str(ROOT / "examples" / "demo"), "api:app"]
        command += ["--host", HOST, "--port", port, "--log-level", "warning", "--timeout-graceful-shutdown", "1"]
        self.program = Program(
            command, log=log, environment={"ADMIT_ISSUER": server.url, "DEMO_PORT": port} | server.moved
        )
        wait_until_ready(f"{self.url}/livez", self.program)

    def stop(self) -> None:
        self.program.end()
        self.program.refuse_tracebacks()


class Launcher(Program):
    """`make run`'s launcher: the server and the demo API side by side."""

    def __init__(
        self,
        data: Path,
        *,
        database: str | None = None,
        ports: tuple[int, int] | None = None,
        clock: "MovedClock | None" = None,
        settings: dict[str, str] | None = None,
        host_name: str = HOST,
    ) -> None:
        self.port, self.api_port = ports or (free_port(), free_port())
        self.server = Server(
            data, database=database, demo_api=f"http://{HOST}:{self.api_port}", port=self.port, settings=settings
        )
        self.url, self.api = self.server.url, self.server.demo_api
        command = [sys.executable, str(ROOT / "examples" / "demo" / "run.py"), "--port", str(self.port)]
        command += ["--api-port", str(self.api_port), "--data", str(data), "--name", host_name]
        environment = {"DEMO_FRESH_S": "3"} | ({"ADMIT_STORAGE__DATABASE": database} if database else {})
        environment |= (clock.environment if clock else {}) | (settings or {})
        super().__init__(command, log=data.with_name(f"{data.name}.log"), environment=environment)

    def wait_until_ready(self) -> float:
        """Until it has said so; the seconds that it says it took."""

        def told() -> re.Match[str] | None:
            assert self.process.poll() is None, f"ended; it said: {self.said}"
            return re.search(r"ready in ([0-9.]+) s", self.said)

        return float(eventually(told, within_s=READY_S, what="the launcher's welcome")[1])

    def ended_by(self, number: signal.Signals, *, within_s: float = 20) -> tuple[int, float, list[int]]:
        """Ask it to end: exit code, seconds, and which of its processes run on."""
        started = self.children()
        began = time.monotonic()
        code = self.end(number, within_s=within_s)
        return code, time.monotonic() - began, [pid for pid in started if runs(pid)]
