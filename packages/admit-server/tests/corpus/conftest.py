"""One site for all causes of a worker: each moves the clock on by a minute, and no cause leaves anything that another would meet."""

import asyncio
import importlib.util
import shutil
import sys
from collections.abc import AsyncIterator
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
corpus_kit: Any = _load(Path(__file__).with_name("corpus_kit.py"))
for _path in sorted(Path(__file__).parent.glob("causes_*.py")):
    _load(_path)


@pytest.fixture(scope="module")
async def stage(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, anyio_backend: str
) -> AsyncIterator[Any]:
    """A running site, and the people and clients that causes need besides those of every site."""
    directory = tmp_path_factory.mktemp("corpus")
    directory.chmod(0o700)
    shutil.copy(sqlite_template, directory / "admit.db")
    secrets = await asyncio.to_thread(asyncio.run, site_kit.make_template(directory))
    template = site_kit.Template(directory, secrets)
    async with site_kit.running(template, tmp_path_factory.mktemp("corpus-site") / "site") as site:
        yield await corpus_kit.prepare(site)
