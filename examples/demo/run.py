"""Start the Admit server and the demo API side by side, say what to try, and end both on Ctrl-C.

`make run` calls this with the Python of `.venv`. Standard library only.
"""

from __future__ import annotations

import argparse
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Final

HERE: Final = Path(__file__).resolve().parent
HOST: Final = "127.0.0.1"
READY_WITHIN_S: Final = 30.0
END_WITHIN_S: Final = 2.5
USER: Final = "demo"
PASSWORD: Final = "stamped-ticket-2026"
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class CannotRun(Exception):
    """Why the demo cannot run; the message is one line for people and says what to do."""


class Stop:
    """Whether somebody asked for the end by Ctrl-C or a signal.

    A flag and not an exception: an exception could come between the start of a child and the note that it runs.
    """

    asked = False

    def __init__(self) -> None:
        for number in SIGNALS:
            signal.signal(number, self._ask)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True


class Child:
    """One of the two processes, in a group of its own so that Ctrl-C reaches it through us only."""

    def __init__(
        self, name: str, command: list[str], *, environment: dict[str, str], port: int, ready_path: str
    ) -> None:
        self.name, self._port, self._ready_path = name, port, ready_path
        try:
            self._process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, start_new_session=True)
        except OSError as error:
            raise CannotRun(
                f"{name} cannot be started ({error.strerror}: {command[0]}). Run `make setup` first."
            ) from error

    def ready(self) -> bool:
        """Whether it answers 200 on its readiness path; raises CannotRun if it has ended."""
        self.check()
        connection = http.client.HTTPConnection(HOST, self._port, timeout=1)
        try:
            connection.request("GET", self._ready_path)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def check(self) -> None:
        """Raise CannotRun if the process has ended."""
        code = self._process.poll()
        if code is not None:
            raise CannotRun(
                f"{self.name} ended with code {code}. What it said stands above; `make run` starts it again."
            )

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process and all it has started; none if it is gone."""
        if self.alive():
            try:
                os.killpg(self._process.pid, number)
            except ProcessLookupError:
                pass

    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None


def main() -> int:
    """Run until asked to end. Returns the exit code: 0 after Ctrl-C, 1 when the demo could not run."""
    options = _options()
    stop = Stop()
    children: list[Child] = []
    try:
        started = time.monotonic()
        _check_ports(options.port, options.api_port)
        _start(children, options)
        _wait_until_ready(children, stop)
        if not stop.asked:
            seconds = time.monotonic() - started
            print(_welcome(options.name, options.port, options.api_port, seconds), flush=True)
        while not stop.asked:
            time.sleep(0.1)
            for child in children:
                child.check()
        print("\nEnding ...", file=sys.stderr, flush=True)
        return 0
    except CannotRun as problem:
        print(f"admit demo: {problem}", file=sys.stderr, flush=True)
        return 1
    finally:
        _end(children)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Start the Admit server and the demo API with its page.")
    parser.add_argument("--port", type=int, default=8100, help="port of the Admit server (8100)")
    parser.add_argument("--api-port", type=int, default=8101, help="port of the demo API and its page (8101)")
    parser.add_argument(
        "--name",
        default=HOST,
        choices=(HOST, "localhost"),
        help="the server's name; passkeys need localhost (127.0.0.1)",
    )
    parser.add_argument("--data", type=Path, default=Path("var"), help="folder of the server's database (./var)")
    return parser.parse_args()


def _check_ports(port: int, api_port: int) -> None:
    for number, option in ((port, "--port"), (api_port, "--api-port")):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, number))
            except (OSError, OverflowError) as error:
                raise CannotRun(
                    f"port {number} cannot be used ({error}). End the program that uses it, or choose another: "
                    f"{Path(sys.executable).name} examples/demo/run.py {option} NUMBER"
                ) from error


def _start(children: list[Child], options: argparse.Namespace) -> None:
    """Start both at once; `children` grows one by one, so that a failure in between ends what runs."""
    programs = Path(sys.executable).parent
    serve = [str(programs / "admit"), "serve", "--data", str(options.data), "--port", str(options.port), "--demo"]
    issuer = f"http://{options.name}:{options.port}"
    if options.name != HOST:
        serve += ["--issuer", issuer]
    uvicorn = [sys.executable, "-m", "uvicorn", "--app-dir", str(HERE), "api:app", "--host", HOST, "--port"]
    uvicorn += [str(options.api_port), "--log-level", "warning", "--timeout-graceful-shutdown", "1"]
    environment = dict(os.environ)
    for_api = {**environment, "ADMIT_ISSUER": issuer, "DEMO_PORT": str(options.api_port)}
    for_server = {**environment, "ADMIT_DEMO_API": f"http://{HOST}:{options.api_port}"}
    children.append(Child("The Admit server", serve, environment=for_server, port=options.port, ready_path="/readyz"))
    children.append(Child("The demo API", uvicorn, environment=for_api, port=options.api_port, ready_path="/livez"))


def _wait_until_ready(children: list[Child], stop: Stop) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    waiting = list(children)
    while waiting and not stop.asked:
        if time.monotonic() > deadline:
            raise CannotRun(
                f"{waiting[0].name} did not become ready within {READY_WITHIN_S:.0f} s. What it said stands above."
            )
        for child in children:
            child.check()
        waiting = [child for child in waiting if not child.ready()]
        time.sleep(0.02)


def _welcome(name: str, port: int, api_port: int, seconds: float) -> str:
    page = f"http://{HOST}:{api_port}/"
    return f"""
  Admit is running (ready in {seconds:.1f} s)

    Demo page     {page}
    Server        http://{name}:{port}/
    Sign in as    {USER}
    Password      {PASSWORD}

  Three things to try

    1. Open {page}, sign in, and write a note.
    2. Under "Your ticket" copy the curl command and run it: 200. Sign out on the page and run it
       again: 401 token_revoked, although the API asks no database about it.
    3. Open the page in two tabs. Sign out in one, and look at the other.

  Ctrl-C ends both.
"""


def _end(children: list[Child]) -> None:
    """Ask both to end, and make them end after 2.5 s."""
    deadline = time.monotonic() + END_WITHIN_S
    for child in children:
        child.signal(signal.SIGTERM)
    while any(child.alive() for child in children) and time.monotonic() < deadline:
        time.sleep(0.02)
    for child in children:
        child.signal(signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
