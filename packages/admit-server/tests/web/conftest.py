"""A site inside the test's process, new for each test."""

import asyncio
import importlib.util
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
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
soft_authenticator: Any = _load(Path(__file__).parents[1] / "authenticators" / "soft_authenticator.py")


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


@pytest.fixture
def open_mail_site(open_site: Any, post_office: Any) -> Callable[..., AbstractAsyncContextManager[Any]]:
    """As `open_site`, and it sends its mail to `post_office`; `site.mail_to(address)` waits for one."""

    @asynccontextmanager
    async def opened(*, toml: str = "", **more: Any) -> AsyncIterator[Any]:
        own = (
            f'[mail]\nhost = "{post_office.host}"\nport = {post_office.port}\n'
            'security = "insecure_plain"\nsender = "admit@id.example"\n'
        )
        async with open_site(toml=own + toml, **more) as site:
            site.mail_to = partial(asyncio.to_thread, post_office.wait_for)
            site.post_office = post_office

            async def mail_to_nobody() -> None:
                """Wait until nothing waits any more, and find that nothing was sent."""
                while await site.rt.store.read.outbox.count():
                    await asyncio.sleep(0.02)
                assert post_office.mails == []

            site.mail_to_nobody = mail_to_nobody
            yield site

    return opened


@pytest.fixture
async def mail_site(open_mail_site: Any) -> AsyncIterator[Any]:
    """A running site that sends mail."""
    async with open_mail_site() as site:
        yield site
