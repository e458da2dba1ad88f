"""Databases for the tests: a SQLite file and a PostgreSQL database, both migrated, new for each test."""

import asyncio
import contextlib
import fcntl
import importlib.util
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says how busy the machine is, not whether the code is right.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


TOOLS = Path(__file__).parents[3] / "tools"

# How long the first worker waits for the cluster, in seconds; two busy cores take about three.
CLUSTER_S = 90.0

TEMPLATE = "admit_template"

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Tests marked `anyio` run on asyncio: the stores know no other loop."""
    return "asyncio"


def migrate(database: str) -> None:
    """Upgrade in a process of its own, as `admit serve` does: Alembic stays out of the process under test."""
    done = subprocess.run(
        [sys.executable, "-m", "admit_server.storage.migrations.upgrade", "--database", database],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the upgrade of {database} failed: {done.stderr}")


@pytest.fixture(scope="session")
def upgrade_in_child() -> Callable[[str], None]:
    """Brings a database to the newest schema, in a process of its own."""
    return migrate


@pytest.fixture(scope="session")
def throwaway_postgres() -> ModuleType:
    """The tool that makes clusters, for tests that stop and start one of their own."""
    return load_tool("throwaway_postgres")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database file that nobody opens; copy it. Made once for all workers."""
    own = tmp_path_factory.getbasetemp()
    place = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    path = place / "sqlite-template" / "admit.db"
    with (place / "sqlite-template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            migrate(str(path))
    return path


@pytest.fixture
def sqlite_path(sqlite_template: Path, tmp_path: Path) -> Path:
    """A migrated database file of this test's own."""
    path = tmp_path / "data" / "admit.db"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    shutil.copy(sqlite_template, path)
    return path


def load_tool(name: str) -> ModuleType:
    """A module of tools/, which is no package."""
    spec = importlib.util.spec_from_file_location(name, TOOLS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _cluster_directory() -> Path:
    """One for each test run, shared by its workers; where the user postgres can reach it."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", f"{os.getpid()}-{time.time_ns():x}")
    place = Path(tempfile.gettempdir()).resolve()
    if any(not parent.stat().st_mode & 0o001 for parent in (place, *place.parents)):
        place = Path("/tmp")
    return place / f"admit-postgres-{os.getuid()}-{run}"


@pytest.fixture(scope="session")
def pg_server() -> Iterator[str]:
    """The URL of a private PostgreSQL cluster, with the migrated database `admit_template` in it. Ends with the last worker."""
    load_tool("throwaway_postgres").binaries()  # says what to install when there is nothing
    directory = _cluster_directory()
    with contextlib.ExitStack() as held:
        # The tool's own file serves as the lock between the workers, so that nothing stays behind.
        with (TOOLS / "throwaway_postgres.py").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            url = _share(directory, held) or _start(directory, held)
        yield url


def _share(directory: Path, held: contextlib.ExitStack) -> str | None:
    """Become a user of the running cluster; None when there is none."""
    try:
        users = held.enter_context((directory / "users").open("r"))
        fcntl.flock(users, fcntl.LOCK_SH)
        return (directory / "url").read_text()
    except FileNotFoundError:
        return None


def _start(directory: Path, held: contextlib.ExitStack) -> str:
    ends_at = time.monotonic() + CLUSTER_S
    while directory.exists() and time.monotonic() < ends_at:
        time.sleep(0.05)  # the previous one is being removed
    # A session of its own: it must survive the tests being killed, to clean up after them.
    keeper = subprocess.Popen(
        [sys.executable, str(TOOLS / "throwaway_postgres.py"), str(directory)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )
    while (url := _share(directory, held)) is None:
        if keeper.poll() is not None:
            assert keeper.stderr is not None
            raise RuntimeError(f"no PostgreSQL for the tests: {keeper.stderr.read()}")
        if time.monotonic() > ends_at:
            keeper.terminate()
            raise RuntimeError(f"no PostgreSQL for the tests within {CLUSTER_S:.0f} s; see {directory}/log")
        time.sleep(0.02)
    asyncio.run(_sql(url, f"CREATE DATABASE {TEMPLATE}"))
    migrate(url.rpartition("/")[0] + "/" + TEMPLATE)
    return url


async def _sql(url: str, text: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(text)
    finally:
        await connection.close()


@pytest.fixture
def pg_url(pg_server: str) -> Iterator[str]:
    """The URL of a migrated PostgreSQL database of this test's own."""
    name = f"t{os.getpid()}_{next(_numbers)}"
    asyncio.run(_sql(pg_server, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}"))
    yield pg_server.rpartition("/")[0] + "/" + name
    asyncio.run(_sql(pg_server, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated database of this test's own, once on each engine."""
    if request.param == "postgresql":
        url: str = request.getfixturevalue("pg_url")
        return url
    path: Path = request.getfixturevalue("sqlite_path")
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def post_offices() -> ModuleType:
    """The tool that opens mail servers."""
    return load_tool("post_office")


@pytest.fixture
def post_office(post_offices: ModuleType) -> Iterator[Any]:
    """A real mail server on loopback that keeps what it takes."""
    with post_offices.open_office() as office:
        yield office
