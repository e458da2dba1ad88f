"""An authenticator app and recovery codes, from the first sign-in to the day when the phone is lost; without scripts, by keyboard alone."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.browser.method_pages import App
from tests.browser.visitor import Visitor
from tests.whole.apps import Person
from tests.whole.servers import Server

pytestmark = pytest.mark.browser
SETTINGS = {
    "ADMIT_SIGN_IN__AUTHENTICATORS": '["password", "totp", "recovery_codes"]',
    "ADMIT_SIGN_IN__REQUIRES": "password and totp",
}
NARROW = {"width": 320, "height": 640}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One that asks everybody for a password and a code."""
    started = Server(tmp_path_factory.mktemp("two-steps") / "data", settings=SETTINGS)
    started.start()
    yield started
    started.stop()


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def visitor(request: pytest.FixtureRequest, new_visitor: Callable[..., Visitor]) -> Visitor:
    """Somebody whose browser runs scripts, or does not."""
    return new_visitor(java_script_enabled=request.param, viewport=NARROW)


@pytest.fixture
def keep(request: pytest.FixtureRequest, keep_picture: Callable[..., Path]) -> Callable[..., None]:
    """Keeps pictures, where the page runs scripts: they tell when it is drawn."""

    def picture(page: Page, name: str) -> None:
        if "without" not in request.node.name:
            keep_picture(page, name)

    return picture


def press(page: Page, text: str) -> None:
    """Type where the focus is, and send the form: the keyboard is all that is used."""
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def to(page: Page, what: str) -> None:
    """Move the focus with the tab key until it is on that control."""
    for _ in range(60):
        page.keyboard.press("Tab")
        focused = page.locator("*:focus")
        if focused.count() and what in (focused.get_attribute("name"), (focused.text_content() or "").strip()):
            return
    raise AssertionError(f"the tab key never came to {what!r}")


def password(page: Page, server: Server, person: Person) -> None:
    page.goto(f"{server.url}/sign-in")
    to(page, "username")
    page.keyboard.type(person.name)
    to(page, "password")
    press(page, person.password)


def set_up(page: Page) -> App:
    """Add the app in the middle of the sign-in, by the secret as text."""
    expect(page.get_by_role("img", name="QR code")).to_be_visible()
    to(page, "Not able to scan it?")
    page.keyboard.press("Enter")
    app = App(page.locator(".secret code").inner_text())
    to(page, "totp")
    press(page, app.code())
    return app


def test_the_whole_way_by_keyboard_on_a_narrow_screen(visitor, server, keep):
    person = server.add_user()
    page = visitor.context.new_page()
    password(page, server, person)
    expect(page.get_by_role("img", name="QR code")).to_be_visible()
    keep(page, "enrol totp 320")
    app = set_up(page)
    expect(page.get_by_text("signed in as")).to_be_visible()

    # A set of codes, printed.
    page.goto(f"{server.url}/account/recovery-codes")
    to(page, "Make a set")
    page.keyboard.press("Enter")
    expect(page.locator(".codes")).to_be_visible()
    codes = page.locator(".codes code").all_inner_texts()
    assert len(codes) == 10
    keep(page, "recovery codes 320")
    page.emulate_media(media="print")
    expect(page.locator(".codes")).to_be_visible()
    expect(page.get_by_role("button", name="Use these codes")).to_be_hidden()
    keep(page, "recovery codes printed")
    page.emulate_media(media="screen")
    to(page, "recovery_codes")
    page.keyboard.press("Space")
    to(page, "Use these codes from now on")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="10 of 10 left")).to_be_visible()

    # The next day: a wrong code, then a right one.
    visitor.context.clear_cookies()
    visitor.watch.expect("status of 403")
    password(page, server, person)
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    expect(page.get_by_label("The code that your app shows")).to_be_focused()
    press(page, "000000")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("The code that your app shows")).to_be_focused()
    keep(page, "step totp with problem 320")
    press(page, app.code())
    expect(page.get_by_text("signed in as")).to_be_visible()

    # The phone is lost.
    visitor.context.clear_cookies()
    password(page, server, person)
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    to(page, "a recovery code")
    page.keyboard.press("Enter")
    expect(page.get_by_label("One of your recovery codes")).to_be_visible()
    keep(page, "step recovery code 320")
    to(page, "recovery_code")
    press(page, codes[6].lower().replace("-", ""))
    expect(page.get_by_text("signed in as")).to_be_visible()
    page.goto(f"{server.url}/account/recovery-codes")
    expect(page.get_by_role("heading", name="9 of 10 left")).to_be_visible()

    # A new phone, and the old one's app goes.
    page.goto(f"{server.url}/account/totp/add")
    to(page, "Not able to scan it?")
    page.keyboard.press("Enter")
    new = App(page.locator(".secret code").inner_text())
    to(page, "totp")
    page.keyboard.type(new.code())
    to(page, "label")
    press(page, "New phone")
    expect(page.get_by_role("heading", name="New phone")).to_be_visible()
    to(page, "Rename or remove Authenticator app")
    page.keyboard.press("Enter")
    to(page, "remove")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Authenticator app", exact=True)).to_have_count(0)
    expect(page.get_by_role("heading", name="New phone")).to_be_visible()


def test_back_reload_and_a_second_tab_do_no_harm(new_visitor, server):
    """The tab that comes second brings a form whose step was used."""
    visitor, person = new_visitor(), server.add_user()
    visitor.watch.expect("status of 40[03]")
    first, second = visitor.context.new_page(), visitor.context.new_page()
    password(first, server, person)
    password(second, server, person)
    first.reload()
    app = set_up(first)
    expect(first.get_by_text("signed in as")).to_be_visible()
    first.go_back()
    first.reload()
    set_up(second)
    expect(second.get_by_role("alert").or_(second.get_by_text("signed in as"))).to_be_visible()
    first.goto(f"{server.url}/account/totp")
    expect(first.get_by_role("heading", name="Authenticator app", exact=True)).to_have_count(1)
    visitor.context.clear_cookies()
    password(first, server, person)
    expect(first.get_by_label("The code that your app shows")).to_be_focused()
    press(first, app.code())
    expect(first.get_by_text("signed in as")).to_be_visible()
