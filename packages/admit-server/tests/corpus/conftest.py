"""One site for all causes of a worker: each moves the clock on by a minute, and no cause leaves anything that another would meet."""

import asyncio
import base64
import importlib.util
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


def _load(path: Path) -> ModuleType:
    if path.stem not in sys.modules:
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[path.stem] = module
        spec.loader.exec_module(module)
    return sys.modules[path.stem]


# The tables and tests import these by name.
site_kit: Any = _load(Path(__file__).parents[1] / "web" / "site_kit.py")
soft_authenticator: Any = _load(Path(__file__).parents[1] / "authenticators" / "soft_authenticator.py")
corpus_kit: Any = _load(Path(__file__).with_name("corpus_kit.py"))
for _path in sorted(Path(__file__).parent.glob("causes_*.py")):
    _load(_path)


@pytest.fixture(scope="module")
async def template(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> Any:
    """A seeded data directory that nobody opens."""
    directory = tmp_path_factory.mktemp("corpus")
    directory.chmod(0o700)
    shutil.copy(sqlite_template, directory / "admit.db")
    secrets = await asyncio.to_thread(asyncio.run, site_kit.make_template(directory))
    return site_kit.Template(directory, secrets)


@pytest.fixture(scope="module")
async def stage(template: Any, tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Any]:
    """A running site, and the people and clients that causes need besides those of every site."""
    async with site_kit.running(template, tmp_path_factory.mktemp("corpus-site") / "site") as site:
        yield await corpus_kit.prepare(site)


@pytest.fixture(scope="module")
def process() -> Iterator[tuple[str, str]]:
    """The process behind the webhook: its address, and the secret."""
    secret = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes, ok").decode()
    program = Path(__file__).parents[1] / "authenticators" / "webhook_service.py"
    command = [sys.executable, str(program), secret, "their-time"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            yield f"http://127.0.0.1:{running.stdout.readline().strip()}/", secret
        finally:
            running.terminate()


@pytest.fixture(scope="module")
async def stage_of_methods(
    template: Any, process: tuple[str, str], tmp_path_factory: pytest.TempPathFactory, anyio_backend: str
) -> AsyncIterator[Any]:
    """A site whose address has a name, with every authenticator that needs no mail, and people whose name tells the process what to do."""
    methods: Any = sys.modules["causes_methods"]
    toml = methods.SETTINGS.format(url=process[0], secret=process[1])
    place = tmp_path_factory.mktemp("corpus-site") / "site"
    async with site_kit.running(template, place, toml=toml, issuer=methods.ISSUER) as site:
        yield await corpus_kit.prepare(site, more=methods.MISBEHAVING)
