"""Nobody is logged out, and nobody stays in, by accident: reloads, tabs, lost replies, the Back button."""

import re

import pytest
from playwright.sync_api import expect
from tests.browser.visitor import requests_of
from tests.whole.programs import eventually

NO_LOCKS = "Object.defineProperty(navigator, 'locks', { value: undefined });"


def test_a_reload_comes_back_silently(visitor):
    page = visitor.signed_in()
    with requests_of(page, "/sign-in") as asked_to_sign_in, requests_of(page, "/authorize") as asked_silently:
        page.reload()
        visitor.is_in(page)

    assert (len(asked_to_sign_in), len(asked_silently)) == (0, 1)
    visitor.add_note(page, "Written after the reload")


def test_a_reload_leaves_the_ticket_of_before_good_for_other_tabs(visitor):
    """Each page load has a family of its own; they end together."""
    first = visitor.signed_in()
    second = visitor.open()
    visitor.is_in(second)
    second.reload()
    visitor.is_in(second)

    visitor.add_note(first, "From the tab that stayed")
    visitor.sign_out(second)
    visitor.is_out(first)


def test_a_second_tab_shares_the_sign_in_without_asking_the_server(visitor):
    first = visitor.signed_in()
    second = visitor.context.new_page()
    with requests_of(second, "/authorize") as asked, requests_of(second, "/token") as renewed:
        second.goto(first.url)
        visitor.is_in(second)

    assert not asked
    assert not renewed
    assert visitor.ticket(second) == visitor.ticket(first)


def test_signing_out_in_one_tab_signs_out_all(visitor):
    first = visitor.signed_in()
    second, third = visitor.open(), visitor.open()
    visitor.is_in(second)
    visitor.is_in(third)
    visitor.sign_out(second)

    for page in (first, third):
        visitor.is_out(page)
        expect(page.get_by_text("You are signed out, in all tabs.")).to_be_visible()
        page.reload()
        visitor.is_out(page)


def test_two_tabs_that_renew_at_once_make_one_request_and_hold_the_same_ticket(visitor):
    first = visitor.signed_in()
    second = visitor.open()
    visitor.is_in(second)
    before, asked = visitor.ticket(first), []
    visitor.context.route("**/token", lambda route: asked.append(route))  # held back, until both have begun
    with first.expect_request("**/token"):
        first.get_by_role("button", name="Renew now").click()
    second.get_by_role("button", name="Renew now").click()
    eventually(
        lambda: second.evaluate("navigator.locks.query().then((locks) => locks.pending.length)"), what="the wait"
    )
    with requests_of(first, "/token") as by_first, requests_of(second, "/token") as by_second:
        asked[0].continue_()
        for page in (first, second):
            expect(page.locator("#token")).not_to_have_text(before)

    assert len(asked) == 1
    assert not by_first + by_second
    assert visitor.ticket(first) == visitor.ticket(second)


def test_two_tabs_without_locks_that_renew_at_once_stay_both_signed_in(visitor):
    """Then the server's reuse window helps: whoever of them comes second gets the same successor, and both go on with it."""
    visitor.context.add_init_script(NO_LOCKS)
    first = visitor.signed_in()
    second = visitor.open()
    visitor.is_in(second)
    for _ in range(5):
        before = {page: visitor.ticket(page) for page in (first, second)}
        _renew_at_once(first, second)
        for page in (first, second):
            expect(page.locator("#token")).not_to_have_text(before[page])
            expect(page.get_by_role("button", name="Renew now")).to_be_enabled()
    for page in (first, second):
        assert page.evaluate("navigator.locks") is None
        visitor.add_note(page, "Still here")
        page.get_by_role("button", name="Delete the note: Still here").first.click()
        expect(page.get_by_role("listitem").filter(has_text="Still here")).to_have_count(0)


def test_a_lost_reply_of_the_token_endpoint_logs_nobody_out(visitor):
    page = visitor.signed_in()
    answered = []

    def lose_the_first(route):
        answer = route.fetch()
        answered.append(answer.json()["refresh_token"])
        if len(answered) == 1:
            route.abort("connectionreset")
        else:
            route.fulfill(response=answer)

    visitor.watch.expect("ERR_CONNECTION_RESET")
    page.route("**/token", lose_the_first)
    visitor.renew(page)

    assert len(answered) == 2
    assert answered[0] == answered[1]  # the same successor, so the family goes on as one
    page.unroute("**/token")
    visitor.renew(page)
    visitor.add_note(page, "After the lost reply")


def test_signing_in_in_two_tabs_side_by_side_ends_with_both_signed_in(visitor):
    first, second = visitor.open(), visitor.open()
    visitor.to_sign_in(first)
    visitor.to_sign_in(second)
    visitor.fill_in(first)
    visitor.is_in(first)
    visitor.fill_in(second)
    visitor.is_in(second)

    visitor.add_note(first, "From the first tab")
    visitor.add_note(second, "From the second tab")
    visitor.sign_out(first)
    visitor.is_out(second)


def test_signing_in_in_two_tabs_at_the_same_moment_ends_with_both_signed_in(visitor):
    pages = [visitor.open(), visitor.open()]
    for page in pages:
        visitor.to_sign_in(page)
        page.get_by_label("User name").fill("demo")
        page.get_by_label("Password").fill("stamped-ticket-2026")
    for page in pages:
        page.evaluate("document.querySelector('form').requestSubmit()")
    for page, text in zip(pages, ("Of one of them", "Of the other"), strict=True):
        visitor.is_in(page)
        visitor.add_note(page, text)


def test_another_person_signing_in_in_the_same_browser_ends_the_session_of_the_first(visitor, pair, talk):
    one, other = pair.server.add_user(), pair.server.add_user()
    first = visitor.signed_in(one)
    visitor.add_note(first, "Of the first person")
    bearer = {"Authorization": f"Bearer {visitor.ticket(first)}"}
    page = visitor.open(f"{pair.url}/sign-in")
    visitor.fill_in(page, other)
    expect(page.get_by_text(f"signed in as {other.name}")).to_be_visible()

    assert talk(pair.api).get("/notes", **bearer).json["code"] == "token_revoked"
    visitor.watch.expect(r"status of 401 .*/notes")
    first.get_by_label("New note").fill("Too late")
    first.get_by_role("button", name="Add").click()
    expect(first.get_by_text("Your ticket was taken back, so you are signed out.")).to_be_visible()


def test_the_back_button_after_a_sign_in_leads_to_pages_that_work(visitor, pair):
    page = visitor.signed_in()
    page.go_back()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.go_forward()
    visitor.is_in(page)
    page.go_back()
    page.go_back()
    visitor.is_in(page)
    assert page.url == f"{pair.api}/"


def test_signing_in_once_more_on_a_page_that_back_led_to_ends_signed_in(visitor):
    page = visitor.signed_in()
    page.go_back()
    visitor.fill_in(page)

    visitor.is_in(page)
    expect(page.get_by_role("alert")).to_be_hidden()


def test_an_answer_to_a_sign_in_that_this_tab_did_not_begin_is_refused(visitor, pair):
    """Or somebody could sign other people in as himself, and read what they write (RFC 9700 section 4.7)."""
    page = visitor.open(f"{pair.api}/?code=adm_ac_of_somebody_else&state=made-up&iss={pair.url}")

    expect(page.get_by_role("alert")).to_contain_text("not begun in this tab (state_unknown)")
    visitor.is_out(page)
    assert page.url == f"{pair.api}/"


def test_the_back_button_after_a_sign_out_shows_nothing_of_before(visitor):
    page = visitor.signed_in()
    visitor.add_note(page, "A secret of mine")
    visitor.sign_out(page)
    page.go_back()

    visitor.is_out(page)
    expect(page.get_by_text("A secret of mine")).to_have_count(0)
    expect(page.locator("#token")).to_be_empty()


def test_the_sign_in_page_survives_a_reload(visitor):
    page = visitor.open()
    visitor.to_sign_in(page)
    page.reload()
    visitor.fill_in(page)
    visitor.is_in(page)


def test_the_sign_in_page_survives_a_reload_of_its_refusal(visitor, pair):
    person = pair.server.add_user()
    page = visitor.open()
    visitor.to_sign_in(page)
    visitor.watch.expect(r"status of 403 .*/sign-in")
    page.get_by_label("User name").fill(person.name)
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.reload()
    expect(page.get_by_role("alert")).to_be_visible()
    visitor.fill_in(page, person)
    visitor.is_in(page, person)


def test_a_double_click_on_sign_in_signs_in_once_and_well(visitor):
    page = visitor.open()
    visitor.to_sign_in(page)
    page.get_by_label("User name").fill("demo")
    page.get_by_label("Password").fill("stamped-ticket-2026")
    page.get_by_role("button", name="Sign in").dblclick()
    visitor.is_in(page)


@pytest.mark.parametrize("way", ["session end", "user disable"])
def test_when_the_administrator_ends_it_the_page_says_so_at_the_next_click(visitor, pair, way):
    person = pair.server.add_user()
    page = visitor.signed_in(person)
    visitor.watch.expect(r"status of 401 .*/notes")
    if way == "session end":
        (session,) = pair.server.command("session", "list", "--user", person.name)
        pair.server.command("session", "end", session["session_id"])
    else:
        pair.server.command("user", "disable", person.name)
    page.get_by_label("New note").fill("Too late")
    page.get_by_role("button", name="Add").click()

    visitor.is_out(page)
    expect(page.get_by_text("Your ticket was taken back, so you are signed out.")).to_be_visible()
    page.reload()
    visitor.is_out(page)


def test_when_the_administrator_ended_it_a_renewal_says_so(visitor, pair):
    person = pair.server.add_user()
    page = visitor.signed_in(person)
    visitor.watch.expect(r"status of 400 .*/token")
    pair.server.command("session", "end", "--user", person.name)
    page.get_by_role("button", name="Renew now").click()

    visitor.is_out(page)
    expect(page.get_by_text(re.compile("could not be renewed"))).to_be_visible()


def test_a_server_that_is_away_is_told_as_that_and_nobody_is_signed_out(visitor, pair):
    page = visitor.signed_in()
    visitor.watch.expect("ERR_CONNECTION_REFUSED")
    page.route(f"{pair.url}/**", lambda route: route.abort("connectionrefused"))
    page.get_by_role("button", name="Renew now").click()
    expect(page.get_by_role("alert")).to_have_text("The sign-in server does not answer. Is it running?")

    page.unroute(f"{pair.url}/**")
    visitor.is_in(page)
    visitor.add_note(page, "It was not me")
    visitor.renew(page)
    expect(page.get_by_role("alert")).to_be_hidden()


def _renew_at_once(*pages):
    for page in pages:
        # Not a click, which would wait for one page before it goes to the next.
        page.evaluate("setTimeout(() => document.getElementById('renew').click(), 50)")
