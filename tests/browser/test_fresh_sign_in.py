"""What takes more than a ticket: the API asks for a fresh sign-in (RFC 9470), and the page sees to it."""

import re
import time

from playwright.sync_api import expect

# As the demo API of the tests is started (tests/whole/servers.py).
FRESH_S = 3


def test_an_old_sign_in_is_asked_for_once_more_and_the_deed_is_done_after_it(visitor, pair):
    person = pair.server.add_user()
    page = visitor.signed_in(person)
    visitor.add_note(page, "Water the plants")
    time.sleep(FRESH_S + 1.1)

    visitor.watch.expect(r"status of 401 .*/notes")
    with page.expect_response(lambda answer: answer.url.endswith("/notes")) as refused:
        page.get_by_role("button", name="Delete all notes").click(no_wait_after=True)
    assert refused.value.status == 401
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    challenge = refused.value.headers["www-authenticate"]
    assert f'error="insufficient_user_authentication", max_age="{FRESH_S}"' in challenge

    visitor.fill_in(page, person)
    visitor.is_in(page, person)
    expect(page.get_by_text("All notes deleted.")).to_be_visible()
    expect(page.get_by_text("No notes yet.")).to_be_visible()
    assert page.url == f"{pair.api}/"


def test_a_fresh_sign_in_is_not_asked_for_again(visitor, pair):
    page = visitor.signed_in(pair.server.add_user())
    page.get_by_role("button", name="Delete all notes").click()

    expect(page.get_by_text(re.compile("All notes deleted."))).to_be_visible()
