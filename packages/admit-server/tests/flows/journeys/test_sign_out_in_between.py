"""Two tabs of one browser: a sign-in is half finished in one, and somebody signs out in the other."""

import re

import pytest
from journeys_kit import CALLER, answer_step, give_card
from site_kit import PASSWORD, answer_of, first_form, hidden_fields

from admit_server.flows.admin import sessions

pytestmark = pytest.mark.anyio
ANEW = "This sign-in was begun too long ago, in another browser, or before you signed out here. Begin it again."


@pytest.fixture
async def browser(site, desk):
    """Everybody proves a password and a card; alice has one, with the numbers 2 and 3."""
    desk("password and card")
    await give_card(site)
    return site.browser(app=site.app)


async def half_finished(browser, page="/sign-in"):
    """The address and the form of the second step, after the password."""
    location = (await browser.sign_in(page)).headers["location"]
    return location, first_form((await browser.get(location)).text)


async def sign_in(browser, number):
    return await answer_step(browser, (await browser.sign_in()).headers["location"], number=number)


async def sign_out(browser):
    return await browser.send("/logout", hidden_fields((await browser.get("/logout")).text))


async def living(site):
    return (await site.rows("SELECT COUNT(*) FROM session WHERE ended_at IS NULL"))[0][0]


async def test_it_is_not_finished_with_what_was_proved_before(site, browser):
    location, form = await half_finished(browser)
    await sign_in(browser, "2")
    assert "signed out" in (await sign_out(browser)).text.lower()
    sent = await browser.send("/sign-in", form | {"number": "3"})
    looked_at = await browser.get(location)
    for answer in (sent, looked_at):
        assert answer.status_code == 400
        assert ANEW in answer.text
        assert 'name="password"' in answer.text
        assert "alice" not in answer.text
    assert await living(site) == 0


async def test_the_number_that_was_sent_is_not_spent_and_the_page_goes_on_from_its_beginning(site, browser):
    _, form = await half_finished(browser)
    await sign_in(browser, "2")
    await sign_out(browser)
    begun_anew = first_form((await browser.send("/sign-in", form | {"number": "3"})).text)
    step = await browser.send("/sign-in", begun_anew | {"username": "alice", "password": PASSWORD})
    assert (await answer_step(browser, step.headers["location"], number="3")).status_code == 303
    assert await living(site) == 1


async def test_what_the_app_asked_for_is_kept(browser):
    """Only what was proved is forgotten: nobody has to go back to the app."""
    _, form = await half_finished(browser, (await browser.authorize()).headers["location"])
    await sign_in(browser, "2")
    await sign_out(browser)
    begun_anew = first_form((await browser.send("/sign-in", form | {"number": "3"})).text)
    step = await browser.send("/sign-in", begun_anew | {"username": "alice", "password": PASSWORD})
    assert "code" in answer_of(await answer_step(browser, step.headers["location"], number="3"))


async def test_a_page_on_which_nothing_was_proved_yet_is_as_good_as_before(site, browser):
    open_page = first_form((await browser.get("/sign-in")).text)
    await sign_in(browser, "2")
    await sign_out(browser)
    step = await browser.send("/sign-in", open_page | {"username": "alice", "password": PASSWORD})
    assert (await answer_step(browser, step.headers["location"], number="3")).status_code == 303
    assert await living(site) == 1


async def test_so_it_is_where_the_session_had_ended_before(site, browser):
    """By an administrator, or of itself: who signs out then means this browser all the same."""
    _, form = await half_finished(browser)
    await sign_in(browser, "2")
    ((session,),) = await site.rows("SELECT id FROM session")
    await sessions.end_one(session, rt=site.rt, caller=CALLER)
    await browser.get("/logout")
    assert (await browser.send("/sign-in", form | {"number": "3"})).status_code == 400
    assert await living(site) == 0


async def test_so_it_is_where_an_app_signs_out_with_a_post_that_carries_no_cookies(site, browser):
    """SameSite=Lax keeps them from a post of another site; the answer still reaches the browser."""
    await sign_in(browser, "2")
    tokens = (await site.redeem(answer_of(await browser.authorize())["code"])).json()
    _, form = await half_finished(browser, (await browser.authorize(prompt="login")).headers["location"])
    kept = dict(browser.cookies)
    browser.client.cookies.clear()
    answer = await browser.client.post("/logout", data={"id_token_hint": tokens["id_token"]})
    assert "admit-8100-bid" not in answer.headers["set-cookie"]
    browser.client.cookies.update(kept | browser.cookies)
    answer = await browser.send("/sign-in", form | {"number": "3"})
    assert answer.status_code == 400
    assert ANEW in answer.text


async def test_a_refusal_to_sign_out_changes_nothing(browser):
    """Who is asked whether to sign out, and goes back, goes on."""
    await sign_in(browser, "2")
    step = (await browser.authorize(prompt="login")).headers["location"]
    _, form = await half_finished(browser, step)
    assert "Sign out?" in (await browser.get("/logout")).text
    assert "code" in answer_of(await browser.send("/sign-in", form | {"number": "3"}))


async def test_a_sign_in_in_one_tab_does_not_disturb_another_one(site, browser):
    _, form = await half_finished(browser)
    await sign_in(browser, "2")
    assert (await browser.send("/sign-in", form | {"number": "3"})).status_code == 303


async def test_what_was_refused_is_kept_for_the_administrator(site, browser):
    location, _ = await half_finished(browser)
    await sign_out(browser)
    page = (await browser.get(location)).text
    assert "den_" in page


async def test_a_planted_id_of_journeys_is_none(site, browser):
    for planted in ("x", "a" * 31, "A" * 32):
        browser.client.cookies.set("admit-8100-jid", planted, domain="127.0.0.1", path="/")
        answer = await browser.get("/sign-in")
        assert re.search(r"admit-8100-jid=[0-9a-f]{32};", answer.headers["set-cookie"])
        browser.client.cookies.clear()
