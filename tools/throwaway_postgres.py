"""A private PostgreSQL cluster that ends when nobody uses it any more.

`python tools/throwaway_postgres.py DIRECTORY` makes a cluster in DIRECTORY (which must not exist), writes its base URL to
`DIRECTORY/url`, and runs until no process holds a shared lock (flock) on `DIRECTORY/users` any more; then it stops the cluster
and removes the directory. A lock goes with its process, so a test run that is killed leaves nothing behind.
"""

import fcntl
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

# How long the first user may take to appear, how long the next one after the last has gone, and how long a start or stop
# may take, in seconds.
FIRST_USER_S = 30.0
GRACE_S = 1.0
START_S = 60.0
POLL_S = 0.05

OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "on",
    "max_connections": "300",
    "shared_buffers": "32MB",
    # It would hold the template database at the wrong moment, and nothing here lives long enough to need it.
    "autovacuum": "off",
    "max_wal_size": "256MB",
    # Tests make deadlocks on purpose.
    "deadlock_timeout": "100ms",
}


class PostgresMissing(Exception):
    """The server's programs are not on this machine; the message says what to install."""


def binaries() -> Path:
    """The directory with initdb and postgres: on PATH, or the newest of Debian's.

    Raises:
        PostgresMissing: There is none.
    """
    on_path = [Path(entry) for entry in os.environ.get("PATH", "").split(os.pathsep) if entry]
    packaged = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"),
        key=lambda path: [int(part) for part in path.parent.name.split(".") if part.isdecimal()],
        reverse=True,
    )
    for directory in on_path + packaged:
        if (directory / "initdb").exists() and (directory / "postgres").exists():
            return directory
    raise PostgresMissing(
        "these tests need PostgreSQL's server programs (initdb, postgres): run tools/system_packages.sh as root, "
        "or install them (Debian, Ubuntu: postgresql; Fedora: postgresql-server; macOS: brew install postgresql) and put them on PATH"
    )


class Cluster:
    """One cluster in a directory of its own, on a loopback port; without a password, for tests only."""

    def __init__(self, directory: Path) -> None:
        self._data = directory / "data"
        self._log = directory / "log"
        self._bin = binaries()
        self._server: subprocess.Popen[bytes] | None = None
        self._user: str | None = None
        if os.geteuid() == 0:
            # PostgreSQL refuses to run as root.
            try:
                self._user = pwd.getpwnam("postgres").pw_name
            except KeyError:
                raise PostgresMissing(
                    "running as root, these tests need the system user postgres: useradd -r postgres"
                ) from None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])

    def url(self, database: str = "postgres") -> str:
        """The URL of one of its databases."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def make(self) -> None:
        """Run initdb."""
        self._data.mkdir(parents=True, mode=0o700)
        if self._user is not None:
            shutil.chown(self._data, self._user)
        made = subprocess.run(
            [self._bin / "initdb", "-D", self._data, "-U", "postgres", "--auth=trust", "--locale=C", "-E", "UTF8", "--no-sync"],
            capture_output=True, text=True, check=False, cwd="/", user=self._user, group=self._user, extra_groups=self._groups(),
        )  # fmt: skip
        if made.returncode:
            raise RuntimeError(f"initdb failed: {made.stderr.strip() or made.stdout.strip()}")

    def _groups(self) -> list[str] | None:
        return None if self._user is None else []

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = [word for name, value in OPTIONS.items() for word in ("-c", f"{name}={value}")]
        with self._log.open("ab") as log:
            self._server = subprocess.Popen(
                [self._bin / "postgres", "-D", self._data, "-p", str(self.port), *options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
                user=self._user, group=self._user, extra_groups=self._groups(), start_new_session=True,
            )  # fmt: skip
        ends_at = time.monotonic() + START_S
        while time.monotonic() < ends_at:
            if self._server.poll() is not None:
                break
            try:
                # The server's own word on its state is the eighth line of this file.
                if "ready" in (self._data / "postmaster.pid").read_text().splitlines()[7:8][0]:
                    return
            except (OSError, IndexError):
                pass
            time.sleep(POLL_S)
        raise RuntimeError(f"PostgreSQL did not start: {self._log.read_text()[-2000:]}")

    def stop(self, *, at_once: bool = False) -> None:
        """Stop the server: cutting its sessions, or (at once) without any goodbye, as a crash would."""
        if self._server is None or self._server.poll() is not None:
            return
        # PostgreSQL's own words for an immediate and a fast shutdown.
        self._server.send_signal(signal.SIGQUIT if at_once else signal.SIGINT)
        try:
            self._server.wait(START_S)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()


def serve(directory: Path) -> None:
    """Run a cluster until its last user has gone."""
    directory.mkdir(mode=0o711, parents=True)
    try:
        cluster = Cluster(directory)
        cluster.make()
        cluster.start()
        try:
            with (directory / "users").open("w") as users:
                unfinished = directory / "url.unfinished"
                unfinished.write_text(cluster.url())
                unfinished.rename(directory / "url")
                _wait_until_unused(users.fileno())
                # Still under the exclusive lock: who comes now finds no URL, and makes another cluster.
                (directory / "url").unlink()
        finally:
            cluster.stop(at_once=True)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _wait_until_unused(users: int) -> None:
    """Return with the exclusive lock on `users` (a descriptor), once nobody has shared it for a while."""
    leaves_at = time.monotonic() + FIRST_USER_S
    while True:
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            leaves_at = time.monotonic() + GRACE_S
        else:
            if time.monotonic() >= leaves_at:
                return
            fcntl.flock(users, fcntl.LOCK_UN)
        time.sleep(POLL_S)


def main() -> int:
    """The command line: one argument, the directory."""
    if len(sys.argv) != 2:
        sys.stderr.write("usage: throwaway_postgres.py DIRECTORY\n")
        return 2
    try:
        serve(Path(sys.argv[1]))
    except (PostgresMissing, RuntimeError) as refused:
        sys.stderr.write(f"{refused}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
