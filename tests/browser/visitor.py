"""Somebody with a browser, and what their browser complains of."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, Request, expect
from tests.whole.apps import DEMO_PASSWORD, DEMO_USER, Person

DEMO = Person(DEMO_USER, DEMO_PASSWORD)
# Chromium tells of a violated policy in the console too, but not of every one.
_REPORT_VIOLATIONS = """addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy violated: ${event.effectiveDirective} ${event.blockedURI}`));"""


class Watch:
    """Errors in the console, violations of the Content-Security-Policy, exceptions and failed requests."""

    def __init__(self, context: BrowserContext) -> None:
        self._complaints: list[str] = []
        self._expected: list[re.Pattern[str]] = []
        context.add_init_script(_REPORT_VIOLATIONS)
        context.on("console", self._heard)
        context.on("weberror", lambda error: self._complaints.append(f"exception: {error.error}"))
        context.on("requestfailed", self._failed)

    def expect(self, pattern: str) -> None:
        """What matches is part of the test, and no complaint."""
        self._expected.append(re.compile(pattern))

    def complaints(self) -> list[str]:
        """What nobody expected."""
        return [text for text in self._complaints if not any(pattern.search(text) for pattern in self._expected)]

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._complaints.append(f"console {message.type}: {message.text} [{message.location.get('url', '')}]")

    def _failed(self, request: Request) -> None:
        # A page that is left gives up what it was still loading.
        if request.failure != "net::ERR_ABORTED":
            self._complaints.append(f"failed: {request.method} {request.url}: {request.failure}")


class Visitor:
    """One person with one browser at one installation."""

    def __init__(self, context: BrowserContext, watch: Watch, pair: Any) -> None:
        self.context, self.watch, self._pair = context, watch, pair

    def open(self, address: str | None = None) -> Page:
        """A new tab; the demo page unless another address is given."""
        page = self.context.new_page()
        page.goto(address or f"{self._pair.api}/")
        return page

    def to_sign_in(self, page: Page) -> None:
        """From the demo page to the sign-in page."""
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        assert page.url.startswith(f"{self._pair.url}/sign-in?")

    def fill_in(self, page: Page, who: Person = DEMO) -> None:
        """Fill in the sign-in form and send it."""
        page.get_by_label("User name").fill(who.name)
        page.get_by_label("Password").fill(who.password)
        page.get_by_role("button", name="Sign in").click()

    def signed_in(self, who: Person = DEMO) -> Page:
        """A tab with the demo page, signed in through all pages."""
        page = self.open()
        self.to_sign_in(page)
        self.fill_in(page, who)
        self.is_in(page, who)
        return page

    def is_in(self, page: Page, who: Person = DEMO) -> None:
        """Wait until the demo page shows that this person is signed in."""
        expect(page.get_by_text(f"Signed in as {who.name}", exact=True)).to_be_visible()
        expect(page.get_by_role("heading", name="Your notes")).to_be_visible()

    def is_out(self, page: Page) -> None:
        """Wait until the demo page shows that nobody is signed in."""
        expect(page.get_by_role("button", name="Sign in")).to_be_visible()
        expect(page.get_by_role("button", name="Sign out")).to_be_hidden()

    def sign_out(self, page: Page) -> None:
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_text("You are signed out, in all tabs.")).to_be_visible()
        self.is_out(page)

    def add_note(self, page: Page, text: str) -> Locator:
        """Write a note and wait until the page lists it."""
        page.get_by_label("New note").fill(text)
        page.get_by_role("button", name="Add").click()
        note = page.get_by_role("listitem").filter(has_text=text)
        expect(note).to_be_visible()
        return note

    def renew(self, page: Page) -> str:
        """Ask for a new ticket; the one that came."""
        before = self.ticket(page)
        page.get_by_role("button", name="Renew now").click()
        expect(page.locator("#token")).not_to_have_text(before)
        return self.ticket(page)

    def ticket(self, page: Page) -> str:
        """The access token that the page holds."""
        text = page.locator("#token").text_content()
        assert text
        return text


@contextmanager
def requests_of(page: Page, path: str) -> Iterator[list[Request]]:
    """The requests that a page makes to a path meanwhile."""
    seen: list[Request] = []

    def note(request: Request) -> None:
        if re.search(rf"^https?://[^/]+{re.escape(path)}(\?|$)", request.url):
            seen.append(request)

    page.on("request", note)
    yield seen
    page.remove_listener("request", note)
