"""A folder in which a document's blocks are run: like a fresh clone after `make setup`, with ports and data of its own."""

import asyncio
import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from blocks import Block, exists

ROOT = Path(__file__).resolve().parents[2]

# What stands in the documents, and what the test puts there instead: a free port each. Everything else is run as written.
# The data directory needs no row: ./var of the document's own folder is meant.
PORTS = {
    "8100": "the Admit server",
    "8101": "the demo's API and page",
    "8000": "the reader's own API",
    "8080": "the reader's own proxy",
    "2525": "a mail server for trying mail out",
    "5432": "PostgreSQL; a cluster is made where a document asks for one",
}
_LINKED = (".venv", "packages", "docs", "Makefile")
_READY_S = 40.0


class BlockFailed(AssertionError):
    """A block did not do what the document says."""


class Workshop:
    """Runs the blocks of one document, in order."""

    def __init__(self, folder: Path, *, environment: dict[str, str] | None = None) -> None:
        self.folder = folder
        self._ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
        self._running: list[subprocess.Popen[bytes]] = []
        self._printed = ""
        self._cluster: Cluster | None = None
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ADMIT_")}
        # `admit serve` without --port takes the document's port, whichever that is here.
        kept |= {"ADMIT_SERVER__PORT": self._ports["8100"], "PYTHONUNBUFFERED": "1"}
        self.environment = kept | (environment or {})
        for name in _LINKED:
            (folder / name).symlink_to(ROOT / name)
        (folder / "examples").mkdir()
        (folder / "examples" / "demo").symlink_to(ROOT / "examples" / "demo")
        for example in (ROOT / "examples").glob("*.py"):
            (folder / "examples" / example.name).write_text(
                self.here(example.read_text(encoding="utf-8")), encoding="utf-8"
            )

    def here(self, text: str) -> str:
        """A text of the documents with this folder's ports."""
        return re.sub(r"\b(" + "|".join(PORTS) + r")\b", lambda match: self._ports[match[1]], text)

    def there(self, text: str) -> str:
        """What was printed, with the documents' ports."""
        known = {port: name for name, port in self._ports.items()}
        return re.sub(r"\b(" + "|".join(known) + r")\b", lambda match: known[match[1]], text)

    def do(self, block: Block) -> None:
        """Test one block in the way its note says."""
        {
            "run": self._run,
            "background": self._background,
            "output": self._compare,
            "python": self._python,
            "file": self._file,
            "settings": self._settings,
            "demo": self._demo,
            "make": self._make,
            "sql": self._sql,
            "parts": self._parts,
            "shown": lambda _: None,
        }[block.kind](block)

    def close(self) -> None:
        """End what still runs."""
        for process in reversed(self._running):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
        for process in self._running:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if self._cluster is not None:
            self._cluster.close()

    def _run(self, block: Block) -> None:
        # Variables of one block are there in the next, as in the reader's terminal.
        script = f"set -a -e -o pipefail\n[ -f .variables ] && . ./.variables\n{self.here(block.text)}\nexport -p > .variables\n"
        self._finish(block, ["bash", "-c", script])

    def _python(self, block: Block) -> None:
        self._finish(block, [".venv/bin/python", "-c", self.here(block.text)])

    def _finish(self, block: Block, command: list[str]) -> None:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )
        self._printed = self.there(done.stdout)
        if done.returncode:
            raise BlockFailed(f"{block} ended with {done.returncode}:\n{block.text}\n{done.stdout}\n{done.stderr}")

    def _background(self, block: Block) -> None:
        self._start(["bash", "-c", f"exec {self.here(block.text).strip()}"], name=str(block))
        self._wait_for(self.here(block.detail), block)

    def _demo(self, block: Block) -> None:
        if block.text.split() != ["make", "run"] or "examples/demo/run.py" not in _recipe("run"):
            raise BlockFailed(f"{block}: `make run` starts examples/demo/run.py")
        ports = ["--port", self._ports["8100"], "--api-port", self._ports["8101"]]
        self._start([".venv/bin/python", "examples/demo/run.py", *ports], name="demo")
        self._wait_for(self.here("http://127.0.0.1:8100/readyz"), block)
        self._wait_for(self.here("http://127.0.0.1:8101/livez"), block)
        log, ends_at = self.folder / "demo.log", time.monotonic() + 5
        while "Ctrl-C" not in log.read_text() and time.monotonic() < ends_at:
            time.sleep(0.05)
        self._printed = self.there(log.read_text())

    def _start(self, command: list[str], *, name: str) -> None:
        log = self.folder / (name.replace("/", "-").replace(":", "-") + ".log")
        with log.open("wb") as output:
            self._running.append(
                subprocess.Popen(
                    command,
                    cwd=self.folder,
                    env=self.environment,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            )

    def _wait_for(self, address: str, block: Block) -> None:
        ends_at = time.monotonic() + _READY_S
        while True:
            try:
                with urllib.request.urlopen(address, timeout=2):
                    return
            except urllib.error.HTTPError:
                return  # it answers, with a refusal
            except OSError as error:
                if time.monotonic() > ends_at or self._running[-1].poll() is not None:
                    logs = "\n".join(log.read_text() for log in self.folder.glob("*.log"))
                    raise BlockFailed(f"{block}: {address} does not answer: {error}\n{logs}") from None
            time.sleep(0.05)

    def _compare(self, block: Block) -> None:
        missing = unlike(block.text, self._printed)
        if missing:
            raise BlockFailed(f"{block} shows\n{block.text}\nbut it printed\n{self._printed}\n{missing}")

    def _file(self, block: Block) -> None:
        path = self.folder / block.detail
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.here(block.text), encoding="utf-8")

    def _settings(self, block: Block) -> None:
        path = self.folder / "read.toml"
        path.write_text(block.text, encoding="utf-8")
        read = "import sys, pathlib; from admit_server.settings import load_settings; load_settings(config=pathlib.Path(sys.argv[1]))"
        self._finish(block, [".venv/bin/python", "-c", read, str(path)])

    def _make(self, block: Block) -> None:
        for line in block.text.splitlines():
            words = line.split("#")[0].split()
            if words[:1] != ["make"] or len(words) != 2:
                raise BlockFailed(f"{block}: {line!r} is not `make TARGET`")
            _recipe(words[1])
        if not (self.folder / ".venv/bin/admit").exists():
            raise BlockFailed(f"{block}: .venv/bin/admit is not there; run `make setup`")

    def _sql(self, block: Block) -> None:
        if self._cluster is None:
            self._cluster = Cluster()
            self._ports["5432"] = self._cluster.port
        for statement in filter(str.strip, block.text.split(";")):
            asyncio.run(self._cluster.execute(statement))

    def _parts(self, block: Block) -> None:
        if not exists(block.detail, ROOT):
            raise BlockFailed(f"{block}: there is no test {block.detail}")


class Cluster:
    """A PostgreSQL of the document's own."""

    def __init__(self) -> None:
        spec = importlib.util.spec_from_file_location("throwaway_postgres", ROOT / "tools" / "throwaway_postgres.py")
        assert spec is not None
        assert spec.loader is not None
        tool = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(tool)
        # Not below pytest's own folder: the system's user postgres may not go there.
        self._folder = Path(tempfile.mkdtemp(prefix="admit-docs-postgres-"))
        self._folder.chmod(0o711)
        self._made = tool.Cluster(self._folder)
        self._made.make()
        self._made.start()

    @property
    def port(self) -> str:
        """Where it listens."""
        return str(self._made.port)

    async def execute(self, statement: str) -> None:
        """Run one statement as the administrator."""
        import asyncpg

        connection = await asyncpg.connect(self._made.url())
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    def close(self) -> None:
        """Stop it and leave nothing behind."""
        self._made.stop(at_once=True)
        shutil.rmtree(self._folder, ignore_errors=True)


def unlike(shown: str, printed: str) -> str:
    """What of the shown lines was not printed, in order; '' when all is there. … stands for anything within a line."""
    rest = iter(line.rstrip() for line in printed.splitlines())
    for line in shown.rstrip("\n").splitlines():
        wanted = re.compile(".*".join(re.escape(piece) for piece in line.rstrip().split("…")))
        if not any(wanted.fullmatch(one) for one in rest):
            return f"missing, or not in this place: {line}"
    return ""


def free_ports(number: int) -> list[str]:
    """Ports that nobody uses now, all different."""
    sockets = [socket.socket() for _ in range(number)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [str(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()


def _recipe(target: str) -> str:
    """The recipe of a target in the Makefile."""
    found = re.search(rf"^{re.escape(target)}:.*\n((?:\t.*\n)*)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    if found is None:
        raise BlockFailed(f"the Makefile has no target {target}")
    return found[1]


def tools_missing() -> list[str]:
    """Programs that the documents use and this machine lacks."""
    return [name for name in ("bash", "curl", "nginx", "openssl") if shutil.which(name) is None and sys.platform != "win32"]
