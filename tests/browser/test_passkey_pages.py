"""The pages that offer passkeys, looked at as every page is. They need an address with a name, so they have servers of their own."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.browser.devices import ADD, ALONE, BESIDE, Owner
from tests.browser.test_every_page_for_everybody import (  # noqa: F401  these tests run here as well
    WIDE,
    name,
    test_a_checker_of_accessibility_finds_nothing,
    test_it_fits_a_narrow_screen,
    test_it_fits_with_text_at_200_percent,
    test_it_has_a_title_one_heading_a_language_and_a_main_part,
    test_its_colours_follow_the_system,
    test_pictures_of_it_are_kept,
)
from tests.browser.test_every_page_for_everybody import (
    test_it_weighs_less_than_20_kilobytes_and_loads_nothing_from_elsewhere as weighs_little,
)
from tests.browser.visitor import Visitor, Watch
from tests.whole.servers import Server

PAGES = [
    "sign-in with passkeys", "passkeys", "passkeys without any", "passkey set up at sign-in", "passkey as second step",
]  # fmt: skip
LONG = "Key-that-has-a-name-without-any-place-to-break-it-" * 2


class Gallery:
    """The pages, each in a tab of its own."""

    def __init__(self, browser: Any, named: Server, two_step: Server) -> None:
        self._browser = browser
        self._visitors: list[Visitor] = []
        self.pages: dict[str, Page] = {}
        self._open_the_account(named)
        self._open_the_steps(two_step)

    def _open_the_account(self, server: Server) -> None:
        owner = self._owner(server)
        owner.go("/sign-in")
        expect(owner.page.get_by_role("button", name=ALONE)).to_be_visible()
        self.pages["sign-in with passkeys"] = owner.page
        owner = self._owner(server)
        owner.sign_in()
        owner.go("/account/passkeys")
        expect(owner.page.get_by_text("You have none yet")).to_be_visible()
        self.pages["passkeys without any"] = owner.page
        owner = self._owner(server)
        owner.sign_in()
        for transport, label in (("usb", LONG), ("nfc", "Blue ring")):
            device = owner.devices.plug_in(transport)
            owner.add(label)
            owner.has(label[:64])
            owner.devices.unplug(device)
        owner.page.get_by_text("Rename or remove Blue ring").click()
        self.pages["passkeys"] = owner.page

    def _open_the_steps(self, server: Server) -> None:
        owner = self._owner(server)
        owner.go("/sign-in")
        owner.type_password()
        expect(owner.page.get_by_role("button", name=ADD)).to_be_visible()
        self.pages["passkey set up at sign-in"] = owner.page
        owner = self._owner(server)
        owner.devices.plug_in("usb")
        owner.go("/sign-in")
        owner.type_password()
        owner.page.get_by_role("button", name=ADD).click()
        owner.is_in()
        owner.sign_out()
        owner.go("/sign-in")
        owner.type_password()
        expect(owner.page.get_by_role("button", name=BESIDE)).to_be_visible()
        owner.page.get_by_text("Is your passkey or security key gone?").click()
        self.pages["passkey as second step"] = owner.page

    def _owner(self, server: Server) -> Owner:
        context = self._browser.new_context(locale="en-GB", viewport=WIDE, reduced_motion="reduce")
        self._visitors.append(Visitor(context, Watch(context), None))
        return Owner(self._visitors[-1], server)

    def close(self) -> None:
        for visitor in self._visitors:
            visitor.context.close()
        complaints = [each for visitor in self._visitors for each in visitor.watch.complaints()]
        assert not complaints, "\n".join(complaints)


@pytest.fixture(scope="module")
def gallery(browser: Any, named_server: Server, two_step_server: Server) -> Iterator[Gallery]:
    opened = Gallery(browser, named_server, two_step_server)
    yield opened
    opened.close()


@pytest.fixture(params=PAGES)
def page(request: pytest.FixtureRequest, gallery: Gallery) -> Iterator[Page]:
    opened = gallery.pages[request.param]
    opened.bring_to_front()
    yield opened
    opened.emulate_media(color_scheme="light")
    opened.set_viewport_size(WIDE)


def test_it_weighs_less_than_20_kilobytes(page, name, figure):  # noqa: F811
    weighs_little(page, name, figure)
