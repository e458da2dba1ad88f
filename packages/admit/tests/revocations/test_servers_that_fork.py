"""The follower under the servers that people use: a token that was revoked is refused in every worker, and soon."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent
SOON_S = 1.0


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Workers:
    """A running server with two workers."""

    def __init__(self, command, server, audience, log, **environment):
        self.port = free_port()
        self._log = log
        command = [part.format(port=self.port, address=f"127.0.0.1:{self.port}") for part in command]
        env = os.environ | {"ISSUER": server.url, "AUDIENCE": audience, "PYTHONPATH": str(HERE)} | environment
        self._file = log.open("wb")
        self._process = subprocess.Popen(
            command, cwd=HERE, env=env, stdout=self._file, stderr=self._file, start_new_session=True
        )

    def ask(self, token):
        """The worker that answered, and what it said."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/", headers={"Authorization": f"Bearer {token}", "Connection": "close"}
        )
        with urllib.request.urlopen(request, timeout=15) as answer:
            said = json.load(answer)
        return said["pid"], said["code"]

    def all_say(self, token, code, *, within_s=20.0):
        """Ask until both workers have said this; return everything that was said, with the seconds since the beginning."""
        began, heard = time.monotonic(), []
        while len({pid for _, pid, said in heard if said == code}) < 2:
            assert time.monotonic() - began < within_s, (heard[-5:], self._log.read_text()[-2000:])
            try:
                asked = time.monotonic() - began
                heard.append((asked, *self.ask(token)))
            except OSError:
                assert self._process.poll() is None, self._log.read_text()[-2000:]
                time.sleep(0.05)
        return heard

    def end(self):
        os.killpg(self._process.pid, signal.SIGTERM)
        try:
            code = self._process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            raise
        finally:
            self._file.close()
        return code


GUNICORN = [str(BIN / "gunicorn"), "-b", "{address}", "-w", "2", "--graceful-timeout", "1"]
UVICORN = [str(BIN / "uvicorn"), "served_app:asgi", "--port", "{port}", "--workers", "2"]
UWSGI = [
    str(BIN / "uwsgi"),
    "--http-socket",
    "{address}",
    "--processes",
    "2",
    "--master",
    "--die-on-term",
    "--need-app",
]
UWSGI += ["--module", "served_app:wsgi", "--home", sys.prefix]
SERVERS = {
    "gunicorn": [*GUNICORN, "served_app:wsgi"],
    "gunicorn preload": [*GUNICORN, "--preload", "served_app:wsgi"],
    "gunicorn preload, used before": [*GUNICORN, "--preload", "served_app:wsgi"],
    "gunicorn preload, uvicorn workers": [
        *GUNICORN,
        "--preload",
        "-k",
        "uvicorn_worker.UvicornWorker",
        "served_app:asgi",
    ],
    "uvicorn": UVICORN,
    "uwsgi": [*UWSGI, "--enable-threads"],
    "uwsgi without threads": UWSGI,
    "uwsgi without threads, used before": UWSGI,
}


@pytest.fixture
def workers(server, audience, tmp_path, request):
    environment = {"USED_BEFORE": server.token()} if "used before" in request.param else {}
    running = Workers(SERVERS[request.param], server, audience, tmp_path / "log", **environment)
    yield running
    running.end()


@pytest.mark.parametrize("workers", SERVERS, indirect=True)
def test_a_token_that_was_revoked_is_refused_by_every_worker_soon(server, workers):
    token = server.token(sid="ses_1")
    workers.all_say(token, "good")
    time.sleep(1.2)  # long enough for a thread without turns to fall behind

    server.feed.revoke("sid", "ses_1")

    heard = workers.all_say(token, "token_revoked")
    assert {code for asked, _, code in heard if asked > SOON_S} <= {"token_revoked"}
