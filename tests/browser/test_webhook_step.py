"""The step of a process of the operator's own, in Chromium: its words, its no, its not yet and its yes."""

import base64
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from tests.browser.visitor import Visitor
from tests.whole.apps import DEMO_PASSWORD, Person
from tests.whole.programs import ROOT
from tests.whole.servers import BY_TESTS, Server

from admit_server.flows.admin import users

pytestmark = pytest.mark.browser
SECRET = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes, ok").decode()
SERVICE = ROOT / "packages" / "admit-server" / "tests" / "authenticators" / "webhook_service.py"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server, and the process that it asks."""
    process = subprocess.Popen([sys.executable, str(SERVICE), SECRET], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    settings = {
        "ADMIT_SIGN_IN__AUTHENTICATORS": '["password", "webhook"]',
        "ADMIT_SIGN_IN__REQUIRES": "password and webhook",
        "ADMIT_AUTHENTICATOR__WEBHOOK__URL": f"http://127.0.0.1:{process.stdout.readline().strip()}/",
        "ADMIT_AUTHENTICATOR__WEBHOOK__SECRET": SECRET,
    }
    started = Server(tmp_path_factory.mktemp("webhook") / "data", settings=settings)
    try:
        started.start()
        yield started
    finally:
        started.stop()
        process.terminate()
        process.wait()
        process.stdout.close()


def person(server: Server, name: str) -> Person:
    """Somebody whose name tells the process how to behave."""
    new = users.NewUser(username=name, password=DEMO_PASSWORD)
    server.administer(lambda rt: users.add(new, rt=rt, caller=BY_TESTS))
    return Person(name, DEMO_PASSWORD)


def asked(visitor: Visitor, server: Server, name: str) -> Page:
    page = visitor.open(f"{server.url}/sign-in")
    visitor.fill_in(page, person(server, name))
    expect(page.get_by_text(f"Hello {name}")).to_be_visible()
    return page


def answer(page: Page, text: str) -> None:
    page.get_by_label("Hello").fill(text)
    page.get_by_role("button", name="Go on").click()


def test_its_words_are_shown_its_no_is_no_and_its_yes_lets_in(new_visitor, server):
    visitor = new_visitor(java_script_enabled=False)
    visitor.watch.expect("status of 403")
    page = asked(visitor, server, "carol")
    answer(page, "1357")
    expect(page.get_by_role("alert")).to_be_visible()
    answer(page, "2468")
    expect(page.get_by_text("signed in as")).to_be_visible()


def test_what_is_not_decided_yet_is_asked_for_again(new_visitor, server):
    page = asked(new_visitor(), server, "pending")
    for _ in range(2):
        answer(page, "2468")
        expect(page.get_by_role("alert")).to_be_visible()
    answer(page, "2468")
    expect(page.get_by_text("signed in as")).to_be_visible()


def test_a_yes_without_a_signature_lets_nobody_in(new_visitor, server):
    visitor = new_visitor()
    visitor.watch.expect("status of 403")
    page = asked(visitor, server, "unsigned")
    answer(page, "2468")
    expect(page.get_by_role("alert")).to_be_visible()
