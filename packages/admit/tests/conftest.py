"""A small issuer on a real socket: metadata, keys and a revocation feed that tests can break at will."""

from __future__ import annotations

import json
import queue
import ssl
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, settings

from admit import Issuer
from admit.jose import Jwk, Jwks, generate_key
from admit.revocations import handle

# How long an example takes says how busy the machine is, not whether the code is right.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


AUDIENCE = "https://api.example"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Any

    def do_GET(self) -> None:
        issuer: IssuerServer = self.server.owner
        path = urlsplit(self.path).path
        issuer.requests[path] += 1
        route = issuer.routes.get(path)
        if route is None:
            self.answer(404, b"{}")
        else:
            route(self)

    do_POST = do_GET

    def answer(self, status: int, body: bytes, content_type: str = "application/json", **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def answer_json(self, document: object, **headers: str) -> None:
        self.answer(200, json.dumps(document).encode(), **headers)

    def begin_stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        """Stay quiet."""


class Feed:
    """A revocation feed in memory, as docs/reference/revocation-feed.md describes it."""

    def __init__(self) -> None:
        self.nonce = "n0nce"
        self.entries: list[tuple[str, dict[str, Any]]] = []
        self.streams: list[queue.Queue[bytes | None]] = []
        self.asked: list[str | None] = []
        self.streaming = True
        self.polling = True
        self.on_connect: Callable[[], None] = lambda: None
        self.on_open: Callable[[], None] = lambda: None
        self.lock = threading.Lock()

    @property
    def head(self) -> str:
        return self.entries[-1][0] if self.entries else f"0.{self.nonce}"

    def revoke(self, kind: str, value: str, *, lasts_s: float = 600) -> None:
        self.append({"handle": handle(kind, value), "until": time.time() + lasts_s})

    def append(self, entry: dict[str, Any]) -> None:
        with self.lock:
            position = f"{len(self.entries) + 1}.{self.nonce}"
            self.entries.append((position, entry))
            self.send(self.event("revoked", entry, position))

    def heartbeat(self, head: str | None = None) -> None:
        self.send(self.event("heartbeat", {"head": head or self.head, "as_of": time.time()}))

    def restore(self) -> None:
        """Everything is another database from now on."""
        self.nonce = "other"
        self.entries = [(position.split(".")[0] + ".other", entry) for position, entry in self.entries]

    def send(self, data: bytes) -> None:
        for stream in self.streams:
            stream.put(data)

    def drop_streams(self) -> None:
        for stream in self.streams:
            stream.put(None)

    @staticmethod
    def event(kind: str, data: dict[str, Any], position: str | None = None) -> bytes:
        head = "" if position is None else f"id: {position}\n"
        return f"event: {kind}\n{head}data: {json.dumps(data)}\n\n".encode()

    def since(self, position: str | None) -> tuple[bool, list[tuple[str, dict[str, Any]]]]:
        """Whether this is a whole snapshot, and the entries."""
        known = [name for name, _ in self.entries]
        if position in known:
            return False, self.entries[known.index(position) + 1 :]
        return position != f"0.{self.nonce}", list(self.entries)

    def serve(self, handler: _Handler) -> None:
        self.on_connect()
        if "text/event-stream" in handler.headers.get("Accept", ""):
            self._serve_stream(handler)
            return
        if not self.polling:
            handler.answer(503, b"")
            return
        after = parse_qs(urlsplit(handler.path).query).get("after", [None])[0]
        reset, entries = self.since(after)
        revoked = [entry for _, entry in entries]
        handler.answer_json({"reset": reset, "position": self.head, "as_of": time.time(), "revoked": revoked})

    def _serve_stream(self, handler: _Handler) -> None:
        if not self.streaming:
            handler.answer(503, b"")
            return
        position = handler.headers.get("Last-Event-ID")
        mine: queue.Queue[bytes | None] = queue.Queue()
        handler.close_connection = True
        with self.lock:
            self.asked.append(position)
            reset, entries = self.since(position)
            sent = [self.event("reset", {})] if reset else []
            sent += [self.event("revoked", entry, None if reset else name) for name, entry in entries]
            sent.append(self.event("caught-up", {"as_of": time.time()}, self.head))
            self.streams.append(mine)
        handler.begin_stream()
        self.on_open()
        try:
            handler.chunk(b"".join(sent))
            while (data := mine.get(timeout=30)) is not None:
                handler.chunk(data)
        except (OSError, queue.Empty):
            pass
        finally:
            self.streams.remove(mine)


class _Http(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no error of the server's."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class IssuerServer:
    """A running issuer. `routes` maps paths to functions of a request handler; change them to misbehave."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._http = _Http(("127.0.0.1", 0), _Handler)
        self._http.owner = self  # type: ignore[attr-defined]
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        if tls is not None:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True)
            self.url = f"https://localhost:{self._http.server_port}"
        self.requests: Counter[str] = Counter()
        self.keys: list[Jwk] = [generate_key("ES256", kid="k1")]
        self.metadata: dict[str, Any] = {"issuer": self.url, "jwks_uri": f"{self.url}/jwks"}
        self.jwks_headers: dict[str, str] = {}
        self.feed = Feed()
        self.routes: dict[str, Callable[[_Handler], None]] = {
            "/.well-known/oauth-authorization-server": lambda h: h.answer_json(self.metadata),
            "/jwks": lambda h: h.answer_json(Jwks(self.keys).public_dict(), **self.jwks_headers),
            "/revocations": self.feed.serve,
        }
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def token(self, subject: str = "alice", *, key: Jwk | None = None, **claims: Any) -> str:
        issuer = Issuer(issuer=self.url, key=key or self.keys[0])
        return issuer.issue(subject=subject, audience=AUDIENCE, scopes=["read"], claims=claims)

    def stop(self) -> None:
        self.feed.drop_streams()
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def server() -> Iterator[IssuerServer]:
    running = IssuerServer()
    yield running
    running.stop()


@pytest.fixture
def another_server() -> Iterator[IssuerServer]:
    running = IssuerServer()
    yield running
    running.stop()


@pytest.fixture
def serve() -> Iterator[Callable[..., IssuerServer]]:
    """Start further servers, for example with TLS."""
    running: list[IssuerServer] = []

    def start(**options: Any) -> IssuerServer:
        running.append(IssuerServer(**options))
        return running[-1]

    yield start
    for one in running:
        one.stop()


@pytest.fixture
def audience() -> str:
    return AUDIENCE


@pytest.fixture
def eventually() -> Callable[..., float]:
    """Wait for a condition; returns the seconds it took."""

    def wait(condition: Callable[[], bool], *, within_s: float = 5) -> float:
        began = time.monotonic()
        while not condition():
            assert time.monotonic() - began < within_s, "did not happen in time"
            time.sleep(0.002)
        return time.monotonic() - began

    return wait


class Clock:
    """A clock that stands still until it is told."""

    def __init__(self, now: float = 1_790_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def vector() -> Callable[[str], dict[str, Any]]:
    def load(name: str) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((Path(__file__).parent / "vectors" / f"{name}.json").read_text())
        assert loaded["source"], "a vector names its source"
        return loaded

    return load
