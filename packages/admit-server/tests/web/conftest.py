"""A site inside the test's process, new for each test."""

import asyncio
import importlib.util
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
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


# Tests import it by this name.
site_kit: Any = _load(Path(__file__).with_name("site_kit.py"))


@pytest.fixture(scope="session")
def template(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A seeded data directory that nobody opens; copy it."""
    directory = tmp_path_factory.mktemp("site-template")
    directory.chmod(0o700)
    shutil.copy(sqlite_template, directory / "admit.db")
    secrets = asyncio.run(site_kit.make_template(directory))
    return site_kit.Template(directory, secrets)


@pytest.fixture
async def site(template: Any, tmp_path: Path, anyio_backend: str) -> AsyncIterator[Any]:
    """A running site: alice and bob, and clients of every kind."""
    async with site_kit.running(template, tmp_path / "site") as running:
        yield running


@pytest.fixture
def open_site(template: Any, tmp_path: Path) -> Callable[..., AbstractAsyncContextManager[Any]]:
    """Opens a site with other settings: `open_site(toml=..., issuer=...)`."""

    def opened(**more: Any) -> AbstractAsyncContextManager[Any]:
        context: AbstractAsyncContextManager[Any] = site_kit.running(template, tmp_path / "site", **more)
        return context

    return opened
