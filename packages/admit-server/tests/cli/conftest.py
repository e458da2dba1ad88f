"""The `admit` command in this process, on a data directory of the test's own, and as a real process where that matters."""

import io
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from admit_server.cli.main import run

API = "https://api.example.com"
PASSWORD = "a few words in a row"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        assert self.code == 0, self.err
        return json.loads(self.out)


Admit = Callable[..., Answer]


@pytest.fixture(scope="session")
def seeded_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with keys, a user, a resource and two clients; copy it."""
    home = tmp_path_factory.mktemp("home") / "var"
    commands = [
        ["resource", "add", API, "--scope", "notes:read=Read notes", "--scope", "notes:write=Write notes"],
        ["client", "add", "web", "--client-id", "web-id", "--redirect-uri", "https://app.example.com/cb", "--audience", API],
        ["client", "add", "service", "--audience", API],
        ["user", "add", "alice", "--email", "alice@example.com", "--role", "editor"],
    ]  # fmt: skip
    for command in commands:
        assert run([*command, "--data", str(home), "--json"]) == 0
    return home


@pytest.fixture
def home(seeded_home: Path, tmp_path: Path) -> Path:
    """A seeded data directory of this test's own."""
    copy = tmp_path / "var"
    shutil.copytree(seeded_home, copy)
    copy.chmod(0o700)
    return copy


@pytest.fixture
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings from outside the test."""
    for name in [name for name in os.environ if name.startswith("ADMIT_")]:
        monkeypatch.delenv(name)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")


@pytest.fixture
def anywhere(bare_environment: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Admit:
    """Runs a command in this process."""

    def running(*arguments: str, stdin: bytes | str = b"") -> Answer:
        raw = stdin.encode() if isinstance(stdin, str) else stdin
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))
        capsys.readouterr()
        root = logging.getLogger()
        handlers, level = root.handlers[:], root.level
        try:
            code = run([*arguments])
        finally:
            # `serve` logs to the standard error of its test, which nobody may write to once the test is over.
            root.handlers[:] = handlers
            root.setLevel(level)
        said = capsys.readouterr()
        return Answer(code, said.out, said.err)

    return running


@pytest.fixture
def admit(anywhere: Admit, home: Path) -> Admit:
    """Runs a command in this process on the seeded data directory."""

    def running(*arguments: str, stdin: bytes | str = b"") -> Answer:
        return anywhere(*arguments, "--data", str(home), stdin=stdin)

    return running


@pytest.fixture
def process(bare_environment: None) -> Callable[..., subprocess.Popen[str]]:
    """Starts the real executable."""
    program = Path(sys.executable).with_name("admit")

    def starting(*arguments: str, **more: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(program), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # As in a terminal: a shell that runs the tests in the background has its children ignore Ctrl-C.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            **more,
        )

    return starting
