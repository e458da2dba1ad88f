"""Real proxies with the configurations of the how-to, in front of something that says what reached it."""

import getpass
import http.client
import json
import os
import re
import shutil
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.whole.programs import HOST, ROOT, Program, free_port
from tests.whole.servers import Server
from tests.whole.wire import Answer

HOWTO = ROOT / "docs" / "howto" / "forward-auth-nginx.md"
BEHIND_A_PROXY = ROOT / "docs" / "howto" / "behind-a-proxy.md"


def nginx_program() -> str:
    """Where nginx is; Debian puts it where only root's PATH leads."""
    found = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    assert found is not None, "nginx is missing; tools/system_packages.sh installs it"
    return found


def block(page: Path, opening: str) -> str:
    """The configuration of a how-to that follows a note."""
    found = re.search(re.escape(opening) + r"[^\n]*\n```nginx\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None, f"{page} has no block {opening}"
    return found[1]


class Upstream:
    """Answers every request with what it got: the application behind the proxy."""

    def __init__(self) -> None:
        class Echo(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.0"

            def answer(self) -> None:
                body = json.dumps(
                    {
                        "method": self.command,
                        "path": self.path,
                        "headers": [[name.lower(), value] for name, value in self.headers.items()],
                    }
                ).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = answer

            def log_message(self, *_: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size = 256
            daemon_threads = True

        self._server = Server((HOST, 0), Echo)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Nginx:
    """nginx as the how-to configures it, with ports of the tests. `changed` alters the text, for configurations that forget something."""

    def __init__(self, folder: Path, server: Server, upstream: Upstream, *, changed: Any = lambda text: text) -> None:
        folder.mkdir()
        self.port, self.front_port = free_port(), free_port()
        self.url, self.front = f"http://{HOST}:{self.port}", f"http://{HOST}:{self.front_port}"
        ports = {"8080": self.port, "8100": server.port, "8000": upstream.port}

        def here(text: str) -> str:
            return re.sub(r"127\.0\.0\.1:(8080|8100|8000)\b", lambda match: f"{HOST}:{ports[match[1]]}", text)

        # The proxy in front of Admit itself, by the how-to about that one.
        in_front = here(block(BEHIND_A_PROXY, "<!-- test: shown nginx's settings"))
        conf = changed(here(block(HOWTO, "<!-- test: file forward-auth.conf")))
        # The same block once more, for an application of another name.
        conf += conf[conf.index("server {\n    listen") :].replace("notes.example.com", "open.example.com")
        front = f"server {{ listen {HOST}:{self.front_port}; {in_front} }}\n"
        (folder / "forward-auth.conf").write_text(conf + front)
        frame = block(HOWTO, "<!-- test: file nginx.conf")
        if getpass.getuser() == "root":
            frame = "user root;\n" + frame  # the folder is the tests' own, and closed to others
        (folder / "nginx.conf").write_text(frame)
        command = [nginx_program(), "-p", str(folder), "-c", "nginx.conf", "-e", "nginx.log"]
        self.program = Program(command, log=folder / "said.log")
        ends_at = time.monotonic() + 20
        while True:
            assert self.program.process.poll() is None, self.program.said + (folder / "nginx.log").read_text()
            try:
                ask(self.url, "/")
                return
            except OSError:
                assert time.monotonic() < ends_at, "nginx does not answer"
                time.sleep(0.02)

    def ask(self, path: str, token: str | None = None, *, url: str = "", **more: Any) -> Answer:
        """One request through this proxy."""
        return ask(url or self.url, path, token, **more)

    def stop(self) -> None:
        self.program.end()


def ask(
    url: str, path: str, token: str | None = None, *, method: str = "GET", body: bytes = b"", **headers: str
) -> Answer:
    """One request on a connection of its own. `_` in names of headers stands for `-`."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
    try:
        connection.putrequest(method, path, skip_accept_encoding=True, skip_host="Host" in headers)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        if token is not None:
            connection.putheader("Authorization", f"Bearer {token}")
        if body:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body or None)
        response = connection.getresponse()
        content = response.read()
        named: dict[str, str] = {}
        for name, value in response.getheaders():
            assert name.lower() not in named or name.lower() == "server", f"{name} is there twice"
            named[name.lower()] = value
        return Answer(response.status, named, content)
    finally:
        connection.close()


def reached(answer: Answer) -> dict[str, str]:
    """The headers with which a request reached the application; each once."""
    assert answer.status == 200, (answer.status, answer.body)
    pairs = [tuple(pair) for pair in answer.json["headers"]]
    assert len(dict(pairs)) == len(pairs), pairs
    return dict(pairs)


class Caddy:
    """Caddy as the how-to configures it, without TLS."""

    def __init__(self, folder: Path, server: Server, upstream: Upstream) -> None:
        folder.mkdir()
        self.port = free_port()
        self.url = f"http://{HOST}:{self.port}"
        found = re.search(r"Caddy's settings[^\n]*\n```text\n(.*?)```", HOWTO.read_text(encoding="utf-8"), re.DOTALL)
        assert found is not None
        text = found[1].replace(
            "notes.example.com {", f"http://{HOST}:{self.port}, http://open.example.com:{self.port} {{"
        )
        text = text.replace("127.0.0.1:8100", f"{HOST}:{server.port}").replace(
            "127.0.0.1:8000", f"{HOST}:{upstream.port}"
        )
        (folder / "Caddyfile").write_text("{\n    admin off\n    auto_https off\n}\n" + text)
        program = shutil.which("caddy")
        assert program is not None, "caddy is missing; tools/system_packages.sh installs it"
        command = [program, "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]
        homes = {name: str(folder) for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME")}
        self.program = Program(command, log=folder / "said.log", environment=homes)
        ends_at = time.monotonic() + 20
        while True:
            assert self.program.process.poll() is None, self.program.said
            try:
                ask(self.url, "/")
                return
            except OSError:
                assert time.monotonic() < ends_at, "caddy does not answer"
                time.sleep(0.05)

    def stop(self) -> None:
        self.program.end()
