"""The system's Chromium, a fresh browser for each test, and a watch over all that it complains of."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright, expect, sync_playwright
from tests.browser.visitor import Visitor, Watch
from tests.conftest import ARTIFACTS
from tests.whole.programs import free_port
from tests.whole.servers import Server

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = [
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WAIT_MS = 15_000
expect.set_options(timeout=WAIT_MS)


def chromium() -> str:
    """The system's Chromium. Missing it is an error and never a skip: these tests are part of the promise."""
    for name in NAMES:
        if (found := shutil.which(name)) is not None:
            return found
    raise RuntimeError(
        f"these tests need a Chromium on PATH ({', '.join(NAMES)}): run tools/system_packages.sh as root, or install it "
        "(Debian: chromium; Fedora: chromium; macOS: brew install --cask chromium)"
    )


def arguments() -> list[str]:
    """Chromium refuses its sandbox to root."""
    return [*ARGUMENTS, "--no-sandbox"] if os.geteuid() == 0 else ARGUMENTS


# One driver for each module, not for the run: while it lives, nothing else in its thread may run a loop of asyncio.
@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    launched = playwright.chromium.launch(executable_path=chromium(), args=arguments(), headless=True)
    yield launched
    launched.close()


@pytest.fixture
def new_visitor(browser: Browser, pair: Any) -> Iterator[Callable[..., Visitor]]:
    """Makes visitors: somebody with a fresh browser. Whatever their browsers complain of and no test expected fails the test."""
    contexts: list[BrowserContext] = []
    watches: list[Watch] = []

    def make(**options: Any) -> Visitor:
        context = browser.new_context(locale="en-GB", **options)
        context.set_default_timeout(WAIT_MS)
        contexts.append(context)
        watches.append(Watch(context))
        return Visitor(context, watches[-1], pair)

    yield make
    for context in contexts:
        context.close()
    complaints = [complaint for watch in watches for complaint in watch.complaints()]
    assert not complaints, "\n".join(complaints)


@pytest.fixture
def visitor(new_visitor: Callable[..., Visitor]) -> Visitor:
    """Somebody with a fresh browser."""
    return new_visitor()


@pytest.fixture(scope="module")
def named_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose address has a name: an IP address can have no passkeys."""
    port = free_port()
    started = Server(tmp_path_factory.mktemp("named") / "data", port=port, issuer=f"http://localhost:{port}")
    started.start()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def two_step_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One that asks for a password, and then for a passkey, which can be added in the middle of the sign-in."""
    port = free_port()
    started = Server(
        tmp_path_factory.mktemp("two-step") / "data",
        port=port,
        issuer=f"http://localhost:{port}",
        settings={"ADMIT_SIGN_IN__REQUIRES": "password and passkey"},
    )
    started.start()
    yield started
    started.stop()


@pytest.fixture(scope="session")
def keep_picture() -> Callable[..., Path]:
    """Keeps a screenshot of a whole page for people to look at."""

    def keep(page: Any, name: str) -> Path:
        path = ARTIFACTS / "pages" / f"{re.sub('[^a-z0-9]+', '-', name.lower())}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        # A window as high as the page, and two frames of time: pictures beyond the window have holes now and then.
        height = max(page.viewport_size["height"], page.evaluate("document.documentElement.scrollHeight"))
        page.set_viewport_size({"width": page.viewport_size["width"], "height": height})
        page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        page.screenshot(path=path, animations="disabled")
        return path

    return keep
