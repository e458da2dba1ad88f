"""The first story: sign in, use the ticket, sign out, and the ticket is dead, though nobody asks a database about it."""

import time

from playwright.sync_api import expect
from tests.browser.visitor import requests_of
from tests.whole.apps import Person


def test_a_person_signs_in_works_and_signs_out_and_the_very_ticket_is_dead(visitor, pair, talk, figure):
    person = pair.server.add_user()
    page = visitor.open()
    expect(page.get_by_role("heading", name="Notes behind a ticket")).to_be_visible()
    visitor.to_sign_in(page)

    visitor.watch.expect(r"status of 403 .*/sign-in")
    visitor.fill_in(page, Person(person.name, "not the password"))
    expect(page.get_by_role("alert")).to_have_text("That user name and password don't match.")
    assert page.title().startswith("Problem:")
    expect(page.get_by_label("User name")).to_have_value(person.name)
    expect(page.get_by_label("Password")).to_be_focused()
    expect(page.get_by_label("Password")).to_have_value("")
    page.get_by_label("Password").fill(person.password)
    page.keyboard.press("Enter")

    visitor.is_in(page, person)
    assert page.url == f"{pair.api}/"  # no code left in the address
    visitor.add_note(page, "Buy a ring <b>binder</b>")
    visitor.add_note(page, "Water the plants")
    expect(page.get_by_role("listitem")).to_contain_text(["Water the plants", "Buy a ring <b>binder</b>"])
    page.get_by_role("button", name="Delete the note: Water the plants").click()
    expect(page.get_by_role("listitem")).to_have_count(1)

    notes, bearer = talk(pair.api), {"Authorization": f"Bearer {visitor.ticket(page)}"}
    assert [note["text"] for note in notes.get("/notes", **bearer).json] == ["Buy a ring <b>binder</b>"]
    began = time.monotonic()
    page.get_by_role("button", name="Sign out").click(no_wait_after=True)
    refused, seconds = _refusal(notes, bearer, began)

    figure(f"click on Sign out to the API's refusal: {1000 * seconds:.0f} ms")
    assert (refused.status, refused.json["code"]) == (401, "token_revoked")
    assert 'error="invalid_token"' in refused.headers["www-authenticate"]
    assert seconds < 1
    expect(page.get_by_text("You are signed out, in all tabs.")).to_be_visible()
    assert page.url == f"{pair.api}/"
    page.reload()
    visitor.is_out(page)


def test_a_ticket_that_the_api_never_saw_is_refused_as_well_after_the_sign_out(visitor, talk, pair, figure):
    page = visitor.signed_in()
    with requests_of(page, "/notes") as asked:
        fresh = visitor.renew(page)
        assert not asked
    notes, bearer = talk(pair.api), {"Authorization": f"Bearer {fresh}"}

    began = time.monotonic()
    visitor.sign_out(page)
    refused, seconds = _refusal(notes, bearer, began)

    figure(f"the same for a ticket never used there, page reload included: {1000 * seconds:.0f} ms")
    assert (refused.status, refused.json["code"]) == (401, "token_revoked")


def test_the_note_of_one_person_is_not_seen_by_another(new_visitor, pair):
    mine, other = pair.server.add_user(), pair.server.add_user()
    first, second = new_visitor(), new_visitor()
    first.add_note(first.signed_in(mine), "For my eyes only")
    page = second.signed_in(other)

    expect(page.get_by_text("No notes yet.")).to_be_visible()


def test_turning_back_at_the_sign_in_page_is_told_as_what_it_is(visitor, pair):
    page = visitor.open()
    visitor.to_sign_in(page)
    page.get_by_role("link", name="Cancel and go back").click()

    expect(page.get_by_role("alert")).to_have_text("The sign-in was cancelled.")
    assert page.url == f"{pair.api}/"
    visitor.to_sign_in(page)


def _refusal(notes, bearer, began):
    while (answer := notes.get("/notes", **bearer)).status == 200:
        assert time.monotonic() - began < 10
    return answer, time.monotonic() - began
