"""A server and a demo API as `make run` starts them; programs and people to use them. Everything is real."""

import asyncio
import importlib.util
import secrets
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tests.whole.apps import App
from tests.whole.cables import Cable
from tests.whole.programs import HOST, ROOT, free_port
from tests.whole.servers import DemoApi, Launcher, Server, mail_settings
from tests.whole.wire import Http

ARTIFACTS = ROOT / "test-artifacts"
_FIGURE = "figure"


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"shared_{path.parent.parent.name.replace('-', '_')}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# The same throw-away cluster as the server's own tests have, one for a whole run.
_databases = _module(ROOT / "packages" / "admit-server" / "tests" / "conftest.py")
pg_server = _databases.pg_server
sqlite_template = _databases.sqlite_template


@pytest.fixture
def pg_empty(pg_server: str) -> Iterator[str]:
    """The URL of an empty PostgreSQL database of this test's own: the server sets it up at its first start."""
    with _database(pg_server, template="template1") as url:
        yield url


@pytest.fixture
def pg_migrated(pg_server: str) -> Iterator[str]:
    """The URL of a PostgreSQL database of this test's own with all tables, and nothing in them."""
    with _database(pg_server, template=_databases.TEMPLATE) as url:
        yield url


@contextmanager
def _database(pg_server: str, *, template: str) -> Iterator[str]:
    name = f"whole_{secrets.token_hex(6)}"
    with ThreadPoolExecutor(1) as thread:  # the thread of a test may have a loop running
        thread.submit(asyncio.run, _databases._sql(pg_server, f"CREATE DATABASE {name} TEMPLATE {template}")).result()
        yield pg_server.rpartition("/")[0] + "/" + name
        thread.submit(asyncio.run, _databases._sql(pg_server, f"DROP DATABASE {name} WITH (FORCE)")).result()


@pytest.fixture(scope="session")
def post_offices() -> ModuleType:
    """The tool that opens mail servers."""
    return _databases.load_tool("post_office")


@pytest.fixture(scope="session")
def post_office(post_offices: ModuleType) -> Iterator[Any]:
    """The mail server that the pair sends its mail to; it keeps what it takes."""
    with post_offices.open_office() as office:
        yield office


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory, post_office: Any) -> Iterator[Launcher]:
    """The server and the demo API on ports and data of this worker's own, as `make run` starts them; with mail, and open to everybody."""
    settings = mail_settings(post_office) | {
        "ADMIT_REGISTRATION__OPEN": "true",
        "ADMIT_LINKS__RECOVERY_WAIT_S": "0",
    }
    launched = Launcher(tmp_path_factory.mktemp("pair") / "data", settings=settings)
    try:
        launched.wait_until_ready()
        yield launched
    finally:
        launched.end()
    launched.refuse_tracebacks()


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Callable[..., Launcher]]:
    """Starts launchers for this test alone; none outlives it."""
    launched: list[Launcher] = []

    def start(name: str = "data", **options: Any) -> Launcher:
        launched.append(Launcher(tmp_path / name, **options))
        return launched[-1]

    yield start
    for each in launched:
        each.end()
        each.refuse_tracebacks()


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> str | None:
    """The URL of a PostgreSQL database, or None for the embedded SQLite; a test runs on each."""
    if request.param == "sqlite":
        return None
    url: str = request.getfixturevalue("pg_migrated")
    return url


@pytest.fixture
def serve(tmp_path: Path, sqlite_template: Path) -> Iterator[Callable[..., Server]]:
    """Starts servers for this test alone; none outlives it. Their tables are there already: a first start makes keys and the demo.

    That the server sets up what is empty is tested with the launcher, and where its start is.
    """
    started: list[Server] = []

    def start(data: Path | None = None, **options: Any) -> Server:
        place = data or tmp_path / f"server-{len(started)}"
        if options.get("database") is None and not place.exists():
            place.mkdir(mode=0o700)
            shutil.copy(sqlite_template, place / "admit.db")
        started.append(Server(place, **options))
        started[-1].start()
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def two_servers(
    engine: str | None, serve: Callable[..., Server], tmp_path: Path
) -> Iterator[tuple[Server, Server, Cable]]:
    """Two server processes of one issuer on one database, and the balancer before them, which is the issuer's address."""
    port, data = free_port(), tmp_path / "shared"
    issuer = f"http://{HOST}:{port}"
    one = serve(data, database=engine, issuer=issuer)
    other = serve(data, database=engine, issuer=issuer, demo_api=one.demo_api)
    balancer = Cable(port, one.port, other.port)
    yield one, other, balancer
    balancer.close()


@pytest.fixture
def serve_api(tmp_path: Path) -> Iterator[Callable[[Server], DemoApi]]:
    """Starts the demo API of a server."""
    started: list[DemoApi] = []

    def start(server: Server) -> DemoApi:
        started.append(DemoApi(server, log=tmp_path / f"api-{len(started)}.log"))
        return started[-1]

    yield start
    for api in started:
        api.stop()


@pytest.fixture
def app_of() -> Iterator[Callable[..., App]]:
    """Makes programs that sign people in at a server."""
    made: list[App] = []

    def make(server: Server, **options: Any) -> App:
        made.append(App(server, **options))
        return made[-1]

    yield make
    for app in made:
        app.close()


@pytest.fixture
def talk() -> Iterator[Callable[[str], Http]]:
    """Opens connections; none stays open."""
    opened: list[Http] = []

    def to(base: str) -> Http:
        opened.append(Http(base))
        return opened[-1]

    yield to
    for each in opened:
        each.close()


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Tells a measured figure at the end of the run."""
    return lambda text: record_property(_FIGURE, text)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was measured, whichever worker measured it."""
    lines = [
        f"{report.nodeid.rpartition('::')[2]}: {value}"
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, value in report.user_properties
        if name == _FIGURE
    ]
    if lines:
        terminalreporter.section("figures")
        for line in sorted(lines):
            terminalreporter.write_line(line)
