"""Every page, in light and dark, on a narrow screen, with large text, for a screen reader; and a picture of each to look at."""

import json
import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.browser.landing import Wish
from tests.browser.link_pages import LINK_PAGES, LinkPages
from tests.browser.method_pages import METHOD_PAGES, MethodPages
from tests.browser.visitor import Visitor, Watch
from tests.whole.apps import Person
from tests.whole.wire import Http

from admit.limits import body_digest
from admit_server.domain.transaction import TransactionType
from admit_server.flows.admin import resources
from admit_server.flows.runtime import Caller

# The first test opens some fifty pages; on a busy machine that is minutes.
pytestmark = pytest.mark.timeout(300)
WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 320, "height": 640}
MAX_BYTES = 20_000
PAGES = [
    "home", "home signed in", "sign-in", "sign-in with problem", "consent", "approve", "personal tokens", "personal token made",
    "account", "profile", "ways", "activity", "password", "password with problem", "data", "sessions", "apps", "apps without any",
    "error", "nothing here", "sign-out", "signed-out",
    *LINK_PAGES, *METHOD_PAGES,
    "demo signed out", "demo signed in", "demo with the ticket shown", "demo after sign-out", "demo with a problem",
]  # fmt: skip
OF_THE_SERVER = [name for name in PAGES if not name.startswith("demo")]
# A name that breaks layouts: long, without a place to break.
STRANGER = "Photographs-and-Printing-of-Wolverhampton-and-District"


class Gallery:
    """Every page, open in a tab of its own."""

    def __init__(self, browser: Any, pair: Any, office: Any, post_offices: Any) -> None:
        self._browser, self._pair = browser, pair
        self._visitors: list[Visitor] = []
        self.pages: dict[str, Page] = {}
        stranger = pair.server.add_client(name=STRANGER, redirect_uris=("https://photos.example/cb",))
        self._wish = Wish(pair, stranger.id, "https://photos.example/cb").url
        self._open_for_strangers()
        self._open_for_who_is_signed_in()
        self.pages |= LinkPages(self._visitor(), pair, office, post_offices).pages
        self.pages |= MethodPages(self._visitor(), self._visitor(), pair).pages
        self._open_the_demo()

    def _open_for_strangers(self) -> None:
        visitor, pair, person = self._visitor(), self._pair, self._pair.server.add_user()
        visitor.watch.expect(r"status of 40[034] ")
        self.pages["home"] = visitor.open(pair.url)
        self.pages["sign-in"] = visitor.open(self._wish)
        problem = self.pages["sign-in with problem"] = visitor.open(self._wish)
        visitor.fill_in(problem, Person(person.name, "wrong"))
        expect(problem.get_by_role("alert")).to_be_visible()
        self.pages["error"] = visitor.open(f"{pair.url}/authorize?client_id=nobody")
        self.pages["nothing here"] = visitor.open(f"{pair.url}/nowhere")

    def _open_for_who_is_signed_in(self) -> None:
        visitor, pair = self._visitor(), self._pair
        consent = self.pages["consent"] = visitor.open(self._wish)
        visitor.fill_in(consent)
        expect(consent.get_by_role("heading", name="Allow")).to_be_visible()
        approve = self.pages["approve"] = visitor.open(self._deed())
        expect(approve.get_by_role("heading", name="Approve this?")).to_be_visible()
        self._make_a_personal_token(visitor)
        self._open_the_account(visitor)
        self.pages["home signed in"] = visitor.open(pair.url)
        self.pages["sign-out"] = visitor.open(f"{pair.url}/logout?client_id=demo-web")
        left = self.pages["signed-out"] = visitor.open(f"{pair.url}/logout")
        left.get_by_role("button", name="Sign out").click()
        expect(left.get_by_role("heading", name="You are signed out")).to_be_visible()

    def _make_a_personal_token(self, visitor: Visitor) -> None:
        made = self.pages["personal token made"] = visitor.open(f"{self._pair.url}/account/tokens")
        made.get_by_label("What is it for?").fill("Nightly report")
        made.get_by_label("Read your notes").check()
        made.get_by_role("button", name="Make the token").click()
        expect(made.get_by_role("heading", name="Copy it now")).to_be_visible()
        self.pages["personal tokens"] = visitor.open(f"{self._pair.url}/account/tokens")
        expect(self.pages["personal tokens"].get_by_role("button", name="End Nightly report")).to_be_visible()

    def _open_the_account(self, visitor: Visitor) -> None:
        pair = self._pair
        self.pages["apps without any"] = visitor.open(f"{pair.url}/account/apps")
        expect(self.pages["apps without any"].get_by_text("No app can act for you")).to_be_visible()
        # Two more browsers of the same person, of which one uses an app.
        elsewhere = [self._visitor(), self._visitor()]
        elsewhere[0].signed_in()
        elsewhere[1].fill_in(elsewhere[1].open(self._wish))
        self.pages["account"] = visitor.open(f"{pair.url}/account")
        expect(self.pages["account"].get_by_text("places where you are signed in")).to_be_visible()
        self.pages["sessions"] = visitor.open(f"{pair.url}/account/sessions")
        expect(self.pages["sessions"].get_by_role("button", name="End all others")).to_be_visible()
        self.pages["ways"] = visitor.open(f"{pair.url}/account/ways")
        expect(self.pages["ways"].get_by_role("heading", name="Password")).to_be_visible()
        self.pages["profile"] = visitor.open(f"{pair.url}/account/profile")
        expect(self.pages["profile"].get_by_role("heading", name="E-mail addresses")).to_be_visible()
        self.pages["activity"] = visitor.open(f"{pair.url}/account/activity")
        expect(self.pages["activity"].get_by_text("You made the personal token Nightly report.")).to_be_visible()
        self.pages["password"] = visitor.open(f"{pair.url}/account/password")
        visitor.watch.expect(r"status of 400 .*/account/password")
        problem = self.pages["password with problem"] = visitor.open(f"{pair.url}/account/password")
        problem.get_by_label("New password").fill("short")
        problem.get_by_label("The same again").fill("short")
        problem.get_by_role("button", name="Set the new password").click()
        expect(problem.get_by_role("alert")).to_contain_text("at least 15")
        self.pages["data"] = visitor.open(f"{pair.url}/account/data")
        expect(self.pages["data"].get_by_role("button", name="Delete my account")).to_be_visible()
        self.pages["apps"] = visitor.open(f"{pair.url}/account/apps")
        expect(self.pages["apps"].get_by_role("button", name="Disconnect").first).to_be_visible()

    def _deed(self) -> str:
        """A transaction that somebody is asked to approve."""
        pair = self._pair
        change = resources.ResourceChange(
            verifier="admit",
            personal_tokens=True,
            transactions={"payment": TransactionType("POST /payments", "Pay {amount} {currency} to {payee}")},
        )
        pair.server.administer(lambda rt: resources.update(pair.api, change, rt=rt, caller=Caller(actor="test")))
        details = {
            "type": "payment", "amount": "1,234.50", "currency": "EUR", "payee": STRANGER, "reference": "Invoice 2026-0042",
            "body_sha256": body_digest(b"{}"),
        }  # fmt: skip
        return Wish(pair, "demo-web", f"{pair.api}/", authorization_details=json.dumps([details])).url

    def _open_the_demo(self) -> None:
        person, visitor = self._pair.server.add_user(), self._visitor()
        self.pages["demo signed out"] = visitor.open()
        visitor.is_out(self.pages["demo signed out"])
        problem = self.pages["demo with a problem"] = visitor.open()
        visitor.to_sign_in(problem)
        problem.get_by_role("link", name="Cancel and go back").click()
        expect(problem.get_by_role("alert")).to_be_visible()
        for name in ("demo signed in", "demo with the ticket shown", "demo after sign-out"):
            # A browser for each: tabs of one would share what happens.
            visitor = self._visitor()
            page = self.pages[name] = visitor.signed_in(person)
            if name == "demo signed in":
                visitor.add_note(page, "Buy a ring binder")
                visitor.add_note(page, "A-note-that-goes-on-and-on-without-a-single-place-to-break-it " * 2)
                visitor.add_note(
                    page, "Call Ada about the tickets for Friday, and ask whether she has room for two more"
                )
        self.pages["demo with the ticket shown"].get_by_text("Show the ticket itself").click()
        visitor.sign_out(self.pages["demo after sign-out"])

    def _visitor(self) -> Visitor:
        context = self._browser.new_context(locale="en-GB", viewport=WIDE, reduced_motion="reduce")
        self._visitors.append(Visitor(context, Watch(context), self._pair))
        return self._visitors[-1]

    def close(self) -> None:
        for visitor in self._visitors:
            visitor.context.close()
        assert not [complaint for visitor in self._visitors for complaint in visitor.watch.complaints()]


@pytest.fixture(scope="module")
def gallery(browser: Any, pair: Any, post_office: Any, post_offices: Any) -> Iterator[Gallery]:
    opened = Gallery(browser, pair, post_office, post_offices)
    yield opened
    opened.close()


@pytest.fixture(params=PAGES)
def page(request: pytest.FixtureRequest, gallery: Gallery) -> Iterator[Page]:
    opened = gallery.pages[request.param]
    opened.bring_to_front()
    yield opened
    opened.emulate_media(color_scheme="light")
    opened.set_viewport_size(WIDE)


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    text: str = request.node.callspec.params["page"]
    return text


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_checker_of_accessibility_finds_nothing(page, scheme):
    """axe-core: labels, names, landmarks, contrast and more, by the rules of WCAG 2.2 AA and good practice."""
    page.emulate_media(color_scheme=scheme)
    page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text())
    found = page.evaluate("axe.run({ resultTypes: ['violations'] })")

    assert not [
        f"{violation['id']}: {violation['help']}: {[node['html'] for node in violation['nodes']]}"
        for violation in found["violations"]
    ]
    assert len(found["passes"]) > 10


def test_it_fits_a_narrow_screen(page):
    page.set_viewport_size(NARROW)
    _fits(page)


@pytest.mark.parametrize("width", [1280, 640, 320])
def test_it_fits_with_text_at_200_percent(page, width):
    page.set_viewport_size({"width": width, "height": 800})
    session = page.context.new_cdp_session(page)
    session.send("Page.setFontSizes", {"fontSizes": {"standard": 32, "fixed": 26}})
    try:
        assert page.evaluate("getComputedStyle(document.body).fontSize") == "32px"
        _fits(page)
    finally:
        session.send("Page.setFontSizes", {"fontSizes": {"standard": 16, "fixed": 13}})
        session.detach()


def test_its_colours_follow_the_system(page):
    light, dark = [_lightness(page, scheme) for scheme in ("light", "dark")]
    assert light > 180
    assert dark < 60


def test_it_has_a_title_one_heading_a_language_and_a_main_part(page):
    assert page.title()
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("main").count() == 1
    assert page.locator("h1:visible").count() == 1


@pytest.mark.parametrize("page", OF_THE_SERVER, indirect=True)
def test_it_weighs_less_than_20_kilobytes_and_loads_nothing_from_elsewhere(page, name, figure):
    size = len(page.content().encode())
    parts = page.evaluate("[...document.querySelectorAll('[src], link[href]')].map((part) => part.src || part.href)")
    origin = page.evaluate("location.origin")
    with Http(origin) as server:
        for part in parts:
            assert part.startswith(f"{origin}/static/")
            answer = server.get(part.removeprefix(origin), **{"Accept-Encoding": "gzip"})  # as browsers ask
            assert answer.status == 200
            size += len(answer.body)
    figure(f"{name}: {size / 1000:.1f} kB")
    assert size < MAX_BYTES


def test_pictures_of_it_are_kept(page, name, keep_picture):
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size(WIDE)
        assert keep_picture(page, f"{name} {scheme}").stat().st_size > 5_000
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(NARROW)
    assert keep_picture(page, f"{name} 320").stat().st_size > 5_000


def _fits(page: Page) -> None:
    """No horizontal scroll, nothing cut off, nothing over anything else's edge."""
    beyond = page.evaluate(
        """() => {
          const width = document.documentElement.clientWidth, whole = document.scrollingElement.scrollWidth;
          const beyond = whole > width ? [`the page scrolls: ${whole} > ${width}`] : [];
          for (const at of document.body.querySelectorAll('*')) {
            if (!at.checkVisibility()) continue;
            const box = at.getBoundingClientRect(), style = getComputedStyle(at);
            const mayBeWider = ['auto', 'scroll'].includes(style.overflowX) || style.display === 'inline'
              || at instanceof SVGElement || at.tagName === 'INPUT';
            if (box.width && (box.left < -1 || box.right > width + 1)) beyond.push(`${at.tagName} ${at.id} ${box.left}..${box.right}`);
            if (!mayBeWider && at.scrollWidth > at.clientWidth + 1) beyond.push(`${at.tagName} ${at.id} ${at.className} is cut`);
          }
          return beyond;
        }"""
    )
    assert not beyond


def _lightness(page: Page, scheme: str) -> float:
    page.emulate_media(color_scheme=scheme)
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    red, green, blue = map(float, re.findall(r"[0-9.]+", colour)[:3])
    return (red + green + blue) / 3
