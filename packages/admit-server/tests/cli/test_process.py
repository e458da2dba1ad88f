"""The real executable: what it imports, pipes, interrupts, and work beside a running server."""

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

API = "https://api.example.com"
HEAVY = ("uvicorn", "starlette", "alembic", "sqlalchemy", "jinja2", "rich", "asyncpg")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("arguments", [["--help"], ["user", "list"]])
def test_short_commands_import_nothing_heavy(home, bare_environment, arguments):
    program = (
        "import sys\n"
        "from admit_server.cli.main import run\n"
        f"code = run({[*arguments, *([] if '--help' in arguments else ['--data', str(home)])]!r})\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)\n"
        "sys.exit(code)\n"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stderr.strip() == "[]"


def test_a_reader_that_has_seen_enough_is_no_fault(process, home):
    running = process("user", "list", "--data", str(home))
    running.stdout.close()

    assert running.stderr.read() == ""
    assert running.wait(30) == 141
    running.stdin.close()
    running.stderr.close()


def wait_until_idle(pid: int) -> None:
    """Until a started program has used no processor time for a while: its imports are done, and it waits."""
    used, since = 0, time.monotonic()
    for _ in range(600):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        now = int(fields[11]) + int(fields[12])
        if now != used:
            used, since = now, time.monotonic()
        if used > 10 and time.monotonic() - since > 1:
            return
        time.sleep(0.05)
    raise AssertionError("the program never came to wait")


def test_an_interrupt_is_silent(process, home):
    running = process("token", "inspect", "--data", str(home))
    wait_until_idle(running.pid)  # it waits for standard input
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=30)

    assert (out, err, running.returncode) == ("", "", 130)


def test_an_answer_that_can_not_be_written_is_said(home, bare_environment):
    program = os.path.join(os.path.dirname(sys.executable), "admit")
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [program, "user", "list", "--data", str(home)], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )

    assert done.returncode == 1
    assert "No space left" in done.stderr
    assert "Traceback" not in done.stderr


def userinfo(port: int, token: str) -> int:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/userinfo", headers={"Authorization": f"Bearer {token.strip()}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_commands_work_beside_a_running_server(process, admit, home):
    port = free_port()
    server = process("serve", "--port", str(port), "--data", str(home), "--log-level", "warning")
    try:
        ends_at = time.monotonic() + 30
        while not _answers(port) and time.monotonic() < ends_at:
            time.sleep(0.05)

        # The server's name comes from its flag alone, and a token issued beside it carries the same.
        token = admit("token", "issue", "--user", "alice", "--client", "web", "--resource", API).out
        assert userinfo(port, token) == 200
        admit("user", "disable", "alice")
        assert userinfo(port, token) == 401

        second = admit("serve", "--port", str(port))
        assert second.code == 1
        assert f"127.0.0.1:{port}" in second.err
        assert (home / "issuer").read_text() == f"http://127.0.0.1:{port}\n"
    finally:
        server.send_signal(signal.SIGTERM)
        out, err = server.communicate(timeout=30)
    assert server.returncode in (0, -signal.SIGTERM)
    assert "Traceback" not in out + err


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/livez", timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def test_a_documented_json_shape_survives_a_real_pipe(process, home):
    running = process("client", "list", "--json", "--data", str(home))
    out, err = running.communicate(timeout=30)

    assert (running.returncode, err) == (0, "")
    assert {client["name"] for client in json.loads(out)} == {"web", "service"}
