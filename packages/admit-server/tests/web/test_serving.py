"""A real server process: what only a socket shows."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

RUN = """
import sys
from pathlib import Path
from admit_server.serving import run
from admit_server.settings import load_settings

directory, port = Path(sys.argv[1]), int(sys.argv[2])
sys.exit(run(load_settings(config=directory / "test.toml", data=directory, port=port)))
"""


class Process:
    """`serving.run` in a process of its own, over a copy of the seeded directory."""

    def __init__(self, directory: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._log = (directory / "log").open("w+")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ADMIT_")}
        self.process = subprocess.Popen(
            [sys.executable, "-c", RUN, str(directory), str(self.port)], stderr=self._log, env=environment
        )
        ends = time.monotonic() + 60
        while self.get("/readyz")[0] != 200:
            assert self.process.poll() is None, self.log
            assert time.monotonic() < ends, self.log
            time.sleep(0.05)

    @property
    def log(self) -> str:
        self._log.flush()
        return Path(self._log.name).read_text()

    def get(self, path: str, **headers: str) -> tuple[int, bytes]:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except (urllib.error.URLError, ConnectionError):
            return 0, b""

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._log.close()


@pytest.fixture(scope="module")
def served(template, tmp_path_factory):
    import shutil

    directory = shutil.copytree(template.directory, tmp_path_factory.mktemp("served") / "data")
    (directory / "test.toml").write_text("")
    process = Process(directory)
    yield process
    process.stop()


def read_all(connection: socket.socket) -> bytes:
    parts = []
    while True:
        try:
            part = connection.recv(65_536)
        except ConnectionError:
            break
        if not part:
            break
        parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize("path", ["/token", "/sign-in", "/userinfo"])
def test_ten_megabytes_get_their_413_over_a_socket(served, path):
    body = b"x=" + b"a" * 10_000_000
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
    with served.connect() as connection:
        connection.sendall(head.encode() + b"Expect: 100-continue\r\n\r\n")
        answer = connection.recv(65_536)
        assert answer.startswith(b"HTTP/1.1 413"), answer[:100]
    with served.connect() as connection:
        connection.sendall(head.encode() + b"\r\n")
        answer = connection.recv(65_536)  # at once, before anything of the body was sent
        assert answer.startswith(b"HTTP/1.1 413"), answer[:100]
        assert b"connection: close" in answer.lower()


def test_a_client_that_sends_all_before_it_listens_hears_why_it_was_refused(served):
    """And not of a reset connection."""
    for _ in range(3):
        request = urllib.request.Request(
            f"http://127.0.0.1:{served.port}/token",
            data=b"x=" + b"a" * 10_000_000,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        with pytest.raises(urllib.error.HTTPError) as refusal:
            urllib.request.urlopen(request, timeout=10)
        assert refusal.value.code == 413
        assert json.loads(refusal.value.read())["error"] == "body_too_large"


def test_an_endless_chunked_body_is_cut_off(served):
    head = b"POST /token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"4000\r\n" + b"a" * 0x4000 + b"\r\n"
    with served.connect() as connection:
        connection.sendall(head)
        sent = 0
        try:
            for _ in range(10_000):
                connection.sendall(chunk)
                sent += 0x4000
        except OSError:
            pass
        assert sent < 100_000_000


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
    ],
)
def test_what_is_no_http_ends_the_connection_and_not_the_server(served, raw):
    with served.connect() as connection:
        connection.settimeout(5)
        try:
            connection.sendall(raw)
            connection.shutdown(socket.SHUT_WR)
            answer = read_all(connection)
        except (TimeoutError, ConnectionError):
            answer = b""
        assert not answer or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 5")) or b"200 OK" in answer[:20]
    assert served.get("/livez")[0] == 200
    assert "Traceback" not in served.log


def test_an_upgrade_to_a_websocket_is_no_fault(served):
    handshake = (
        b"GET /revocations HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    with served.connect() as connection:
        connection.sendall(handshake)
        assert connection.recv(1024).startswith(b"HTTP/1.1 ")
    assert served.get("/livez")[0] == 200
    assert "Traceback" not in served.log


def test_head_on_the_stream_does_not_hang_over_a_socket(served):
    with served.connect() as connection:
        connection.settimeout(3)
        connection.sendall(
            b"HEAD /revocations HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nConnection: close\r\n\r\n"
        )
        answer = read_all(connection)
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"\r\n\r\n")


def test_the_server_does_not_say_what_it_runs_on(served):
    with served.connect() as connection:
        connection.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert b"\r\nserver:" not in read_all(connection).lower()


def test_links_come_from_the_settings_and_not_from_the_host_header(served):
    status, body = served.get("/.well-known/openid-configuration", Host="evil.example")
    assert status == 200
    assert b"evil.example" not in body
    assert json.loads(body)["issuer"] == f"http://127.0.0.1:{served.port}"


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_within_three_seconds_with_fifty_followers_on_the_feed(template, tmp_path, sign):
    import shutil

    directory = shutil.copytree(template.directory, tmp_path / "data")
    (directory / "test.toml").write_text("")
    process = Process(directory)
    followers = []
    try:
        for _ in range(50):
            connection = process.connect()
            connection.sendall(b"GET /revocations HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n")
            followers.append(connection)
        for connection in followers:
            seen = b""
            while b"caught-up" not in seen:
                seen += connection.recv(4096)
        began = time.monotonic()
        process.process.send_signal(sign)
        assert process.process.wait(15) == 0
        assert time.monotonic() - began < 3
        for connection in followers:
            read_all(connection)
        assert "Traceback" not in process.log
    finally:
        for connection in followers:
            connection.close()
        process.stop()
