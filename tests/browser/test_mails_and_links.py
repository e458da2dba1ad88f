"""Somebody in a real browser, with scripts off, reads real mails: codes, links, a forgotten password, an invitation."""

import re
from importlib.resources import files
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.whole.servers import BY_TESTS, mail_settings

from admit_server.domain.email_address import address_key
from admit_server.flows.admin import users

WORDS, NEW = "a row of words of their own", "quite another row of words"
EMAIL = "ada@example.com"
BOTH = {
    "ADMIT_SIGN_IN__AUTHENTICATORS": '["password", "email_code"]',
    "ADMIT_SIGN_IN__REQUIRES": "password and email_code",
}


@pytest.fixture
def server(serve, post_office):
    """A server that asks for a password and a code by mail; ada, whose address is verified."""
    started = serve(settings=mail_settings(post_office) | BOTH)

    async def add(rt: Any) -> None:
        ada = await users.add(users.NewUser(username="ada", email=EMAIL, password=WORDS), rt=rt, caller=BY_TESTS)
        await rt.store.write(
            lambda tx: tx.addresses.verify(ada.id, address=EMAIL, address_key=address_key(EMAIL), now=1)
        )

    started.administer(add)
    return started


@pytest.fixture
def mails(post_office):
    """Waits for the next mail that comes to an address in this test."""
    seen: dict[str, int] = {}

    def following(address: str) -> Any:
        seen.setdefault(address, before.get(address, 0))
        seen[address] += 1
        return post_office.wait_for(address, number=seen[address])

    before: dict[str, int] = {}
    for mail in post_office.mails:
        before[str(mail["To"])] = before.get(str(mail["To"]), 0) + 1
    return following


def password_step(page: Page, server: Any, name: str = "ada", password: str = WORDS) -> None:
    page.goto(f"{server.url}/sign-in")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def is_in(page: Page, name: str = "ada") -> None:
    expect(page.get_by_text(re.compile(rf"[Ss]igned in as {name}"))).to_be_visible()


def _is_for_everybody(page: Page, keep_picture: Any) -> None:
    """The step is no page of its own that the gallery could open: axe-core, and a narrow screen."""
    page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text())
    found = page.evaluate("axe.run({ resultTypes: ['violations'] })")
    assert not [f"{violation['id']}: {violation['help']}" for violation in found["violations"]]
    keep_picture(page, "step email code light")
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 320
    keep_picture(page, "step email code 320")


def test_a_code_that_came_by_mail_ends_the_sign_in(new_visitor, server, mails, post_offices):
    page = new_visitor(java_script_enabled=False).context.new_page()
    password_step(page, server, name="ADA@example.com")
    expect(page.get_by_text("a…@example.com")).to_be_visible()
    code = re.search(r"^ +(\d{4} \d{4})$", post_offices.text_of(mails(EMAIL)), re.MULTILINE)
    assert code is not None
    page.get_by_label("The code from the mail").fill(code[1])
    page.keyboard.press("Enter")
    is_in(page)


def test_the_link_goes_on_in_the_same_browser_alone(new_visitor, server, mails, post_offices):
    visitor, other = new_visitor(java_script_enabled=False), new_visitor(java_script_enabled=False)
    other.watch.expect(r"status of 400 ")
    password_step(visitor.context.new_page(), server)
    link = post_offices.link_in(mails(EMAIL))

    elsewhere = other.open(link)
    expect(elsewhere.get_by_role("heading", name="One more step")).to_be_hidden()
    assert "Go on" not in elsewhere.content()
    page = visitor.open(link)
    expect(page.get_by_role("button", name="Go on")).to_be_visible()
    page.get_by_role("button", name="Go on").click()
    is_in(page)


def test_a_wrong_code_is_refused_and_the_right_one_still_good(new_visitor, server, mails, post_offices, keep_picture):
    visitor = new_visitor(reduced_motion="reduce")
    visitor.watch.expect(r"status of 403 ")
    page = visitor.context.new_page()
    password_step(page, server)
    code = re.search(r"^ +(\d{4} \d{4})$", post_offices.text_of(mails(EMAIL)), re.MULTILINE)
    assert code is not None
    page.get_by_label("The code from the mail").fill("0000 0000")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("alert")).to_be_visible()
    _is_for_everybody(page, keep_picture)
    page.get_by_label("The code from the mail").fill(code[1])
    page.get_by_role("button", name="Go on").click()
    is_in(page)


def test_a_forgotten_password_is_replaced_by_keyboard_alone(new_visitor, server, mails, post_offices):
    page = new_visitor(java_script_enabled=False).context.new_page()
    page.goto(f"{server.url}/forgot")
    expect(page.get_by_label("User name or e-mail address")).to_be_focused()
    page.keyboard.type("ada")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()
    page.goto(post_offices.link_in(mails(EMAIL)))
    expect(page.get_by_label("New password")).to_be_focused()
    page.keyboard.type(NEW)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Your password is set")).to_be_visible()
    assert "was changed" in mails(EMAIL)["Subject"]

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/sign-in")
    password_step(page, server, password=NEW)
    expect(page.get_by_label("The code from the mail")).to_be_visible()  # the second step is asked for as before


def test_somebody_invited_by_the_command_gets_the_mail_of_the_running_server(new_visitor, server, mails, post_offices):
    where = ("--database", server.database) if server.database else ()
    assert not where
    with pytest.MonkeyPatch.context() as patched:
        for name, value in server.settings.items():
            patched.setenv(name, value)
        added = server.command("user", "add", "grace", "--email", "grace@example.com", "--invite")
    assert added["mailed_to"] == "grace@example.com"
    mail = mails("grace@example.com")
    assert post_offices.link_in(mail) == added["link"]

    page = new_visitor(java_script_enabled=False).open(added["link"])
    page.get_by_label("New password").fill(WORDS)
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_text("Sign in as grace")).to_be_visible()
    password_step(page, server, name="grace@example.com")
    expect(page.get_by_text("g…@example.com")).to_be_visible()  # her address was verified by the invitation
