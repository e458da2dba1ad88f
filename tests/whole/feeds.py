"""Those who hear of revocations, as real processes and real connections."""

import http.client
import json
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.whole.programs import ROOT, ends_with_us, eventually
from tests.whole.servers import Server

from admit import TokenRejected, Verifier, VerifierUnavailable
from admit.metadata import MetadataSource
from admit.revocations.follower import Follower
from admit.revocations.sse import Parser


class Watchers:
    """Real verifiers in processes of their own, all of one issuer and resource."""

    def __init__(self, issuer: str, audience: str, *, processes: int, each: int) -> None:
        program = [sys.executable, str(Path(__file__).with_name("watching.py")), issuer, audience, str(each)]
        self._processes = [
            subprocess.Popen(
                ends_with_us(program), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
            )
            for _ in range(processes)
        ]

    def accept(self, token: str) -> None:
        """Have every verifier accept a token; from here on each is asked about it until it refuses."""
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.write(token + "\n")
        for process in self._processes:
            assert self._line(process) == "ready"

    def refusals(self) -> list[tuple[float, str]]:
        """When each of them has refused, by `time.monotonic`, and the code."""
        return [(moment, code) for process in self._processes for moment, code in json.loads(self._line(process))]

    def end(self) -> None:
        for process in self._processes:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.close()
            process.wait(20)
            process.stdout.close()

    def _line(self, process: "subprocess.Popen[str]") -> Any:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, f"a process of verifiers ended: {process.poll()}"
        return line.strip()


@dataclass(frozen=True)
class Heard:
    """One event, and when it came (`time.monotonic`)."""

    at: float
    kind: str
    data: dict[str, Any]
    id: str | None


class Listener:
    """One stream of the feed, read on a thread of its own by the library's parser. It never comes back by itself."""

    def __init__(self, server: str, *, after: str | None = None, timeout_s: float = 60) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(server).netloc, timeout=timeout_s)
        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": after} if after else {})
        self._connection.request("GET", "/revocations", headers=headers)
        self._socket = self._connection.sock
        self._answer = self._connection.getresponse()
        self.status = self._answer.status
        self.heard: list[Heard] = []
        self.ended = False
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        parser = Parser()
        try:
            while data := self._answer.read1(65_536):
                now = time.monotonic()
                self.heard += [Heard(now, e.kind, json.loads(e.data), e.id) for e in parser.feed(data)]
        except (OSError, http.client.HTTPException, ValueError):
            pass
        self.ended = True

    def until(self, kind: str, *, times: int = 1, within_s: float = 10) -> list[Heard]:
        """Everything heard, once so many events of a kind were among it."""

        def there() -> bool:
            return sum(heard.kind == kind for heard in list(self.heard)) >= times

        eventually(there, within_s=within_s, what=f"{times} {kind}")
        return list(self.heard)

    @property
    def revoked(self) -> list[Heard]:
        return [heard for heard in list(self.heard) if heard.kind == "revoked"]

    @property
    def position(self) -> str:
        """Where to go on."""
        return next(heard.id for heard in reversed(self.heard) if heard.id is not None)

    def close(self) -> None:
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._thread.join(10)
        self._answer.close()
        self._connection.close()

    def __enter__(self) -> "Listener":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def verifying(server: Server, *, dead_after_s: float, accept_for: float = 300, issuer: str = "") -> Verifier:
    """A verifier of the demo API whose follower gives a dead stream up sooner than after 15 s. The server's heartbeat is 5 s."""
    at = issuer or server.issuer
    follower = Follower(MetadataSource(at), accept_for=accept_for, dead_after_s=dead_after_s)
    return Verifier(issuer=at, audience=server.demo_api, revocations=follower)


def verdict(verifier: Verifier, token: str) -> str:
    """`accepted`, or the code of the refusal; an outage has one too."""
    try:
        verifier.verify(token)
    except (TokenRejected, VerifierUnavailable) as error:
        return error.code
    return "accepted"
