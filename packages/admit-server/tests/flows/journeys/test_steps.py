"""The steps that are offered: the shortest way, others beside it, and nothing sent without a word."""

import pytest
from journeys_kit import CALLER, answer_step, give_card, go_on_with, signed_in_before
from site_kit import answer_of, first_form, hidden_fields

from admit_server.authenticators.api import NotReached
from admit_server.domain.errors import TemporarilyUnavailable, TooManyTries
from admit_server.domain.throttle import SENDING
from admit_server.flows.admin.sessions import end_one
from admit_server.flows.journeys.state import Journey
from admit_server.flows.journeys.steps import offer
from admit_server.flows.new_session import Occasion

pytestmark = pytest.mark.anyio


async def offered(rt, journey=None, *, may_send=False):
    return await offer(journey or Journey(), Occasion(), may_send=may_send, rt=rt, caller=CALLER)


async def test_what_needs_no_name_stands_beside_what_does(site, desk):
    step = await offered(desk("password or guest or card"))
    assert (step.method, [each.authenticator for each in step.beside], step.others) == (
        "password",
        ["guest"],
        ("card",),
    )


async def _out_of_reach(ctx, subject, credentials):
    raise NotReached("192.0.2.7 can't be reached")


async def test_what_can_not_be_begun_lets_another_way_go_on_and_sends_nothing_in_its_place(
    site, desk, card, letter, monkeypatch
):
    monkeypatch.setattr(card, "begin", _out_of_reach)
    rt = desk("card or letter")
    step = await offered(rt, Journey(name="alice", choice="card"), may_send=True)
    assert (step.method, step.failing, step.others, step.pending) == ("letter", ("card",), ("card",), None)
    assert letter.sent == []
    page = await site.browser(app=site.app).get("/sign-in")
    assert "does not work right now. Go on like this instead" in page.text
    with pytest.raises(TemporarilyUnavailable):
        await offered(desk("card"))


async def test_what_can_not_be_sent_is_not_asked_for_again_by_the_page_that_comes_next(site, desk, letter, monkeypatch):
    monkeypatch.setattr(type(letter), "factors", frozenset({"possession"}))
    monkeypatch.setattr(letter, "begin", _out_of_reach)
    desk("password and (letter or card)")
    await give_card(site)
    browser = site.browser(app=site.app)
    page = await browser.get((await browser.sign_in()).headers["location"])
    assert 'name="number"' in page.text
    assert 'value="letter">letter' in page.text, "it can be tried again"
    again = await browser.send("/sign-in", first_form(page.text) | {"with": "letter"})
    assert 'name="number"' in (await browser.get(again.headers["location"])).text


async def test_nobody_is_led_to_set_something_up_because_something_else_is_down(site, desk, letter, monkeypatch):
    monkeypatch.setattr(letter, "begin", _out_of_reach)
    desk("password and (letter or card)")
    assert (await site.browser(app=site.app).sign_in()).status_code == 503


async def test_what_can_not_be_begun_beside_another_one_is_left_among_the_others(site, desk, monkeypatch):
    rt = desk("password or guest")
    monkeypatch.setattr(rt.authenticators["guest"], "begin", _out_of_reach)
    step = await offered(rt)
    assert (step.method, step.beside, step.others, step.failing) == ("password", (), ("guest",), ())


async def test_what_was_chosen_is_asked_if_it_leads_on(site, desk):
    rt = desk("password or card")
    assert (await offered(rt, Journey(choice="card"))).method == "card"
    assert (await offered(rt, Journey(choice="letter"))).method == "password"


async def test_nothing_is_sent_by_loading_a_page_or_before_a_name_is_known(site, desk, letter):
    rt = desk("letter")
    assert (await offered(rt)).pending is None
    assert (await offered(rt, Journey(name="alice"))).pending is None
    assert (await offered(rt, may_send=True)).pending is None
    assert letter.sent == []


async def test_what_was_sent_is_asked_again_without_sending(site, desk, letter):
    rt = desk("letter")
    step = await offered(rt, Journey(name="alice"), may_send=True)
    again = await offered(rt, step.journey, may_send=True)
    assert letter.sent == ["alice"]
    assert again.pending == step.pending


async def test_a_mailbox_is_not_flooded_and_an_unknown_name_looks_the_same(site, desk, letter):
    rt = desk("letter")
    for name in ("alice", "nobody"):
        for _ in range(SENDING.free_failures):
            await offered(rt, Journey(name=name), may_send=True)
        with pytest.raises(TooManyTries) as refusal:
            await offered(rt, Journey(name=name), may_send=True)
        assert refusal.value.retry_after_s == SENDING.first_delay_s
    assert letter.sent == ["alice"] * 4 + [None] * 4


async def test_two_steps_by_pages_end_in_one_session_with_both_proofs(site, desk):
    desk("password and (card or guest)")
    await give_card(site)
    browser = site.browser(app=site.app)
    step = await browser.authorize()
    step = await browser.sign_in(step.headers["location"])
    assert step.headers["location"].startswith("/sign-in?request=")
    page = await browser.get(step.headers["location"])
    assert "One more step" in page.text
    assert "alice" in page.text
    assert await site.rows("SELECT COUNT(*) FROM session") == [(0,)]
    done = await answer_step(browser, step.headers["location"], number="2")
    assert "code" in answer_of(done)
    assert await site.rows("SELECT amr, acr FROM session") == [('["pwd","otp","mfa"]', "urn:admit:acr:2fa")]
    assert [a for a in await site.actions() if a.startswith(("grant", "sign_in"))] == [
        "grant.made",
        "sign_in.done",
        "sign_in.step",
    ]


async def test_a_step_can_be_loaded_again_and_gone_back_to(site, desk):
    desk("password and card")
    await give_card(site)
    browser = site.browser(app=site.app)
    step = (await browser.sign_in()).headers["location"]
    assert (await browser.get(step)).status_code == (await browser.get(step)).status_code == 200
    other_tab = (await browser.sign_in()).headers["location"]
    assert (await answer_step(browser, step, number="2")).status_code == 303
    # The other tab is still good for itself: its own number, its own session.
    assert (await answer_step(browser, other_tab, number="3")).status_code == 303


async def test_a_journey_is_of_no_use_in_another_browser(site, desk):
    desk("password and card")
    await give_card(site)
    step = (await site.browser(app=site.app).sign_in()).headers["location"]
    thief = site.browser(app=site.app)
    await thief.get("/sign-in")
    answer = await thief.get(step)
    assert answer.status_code == 400
    assert "another browser" in answer.text


async def test_who_lacks_what_is_required_sets_it_up_on_the_way(site, desk):
    desk("password and card")
    browser = site.browser(app=site.app)
    step = (await browser.sign_in()).headers["location"]
    page = await browser.get(step)
    assert "Set this up to go on" in page.text
    wrong = await answer_step(browser, step, first="7")
    assert wrong.status_code == 403
    done = await answer_step(browser, step, first="1")
    assert done.status_code == 303
    assert await site.rows("SELECT amr FROM session") == [('["pwd","otp","mfa"]',)]
    theirs = [action for action in await site.actions() if action.startswith(("sign_in", "credential"))]
    assert theirs == ["sign_in.done", "credential.added", "sign_in.step"]


async def test_who_may_not_set_it_up_is_told_whom_to_ask(site, desk):
    desk("password and card", enrol_at_sign_in=False)
    answer = await site.browser(app=site.app).sign_in()
    assert answer.status_code == 403
    assert "Ask the administrator" in answer.text
    assert (await site.actions())[0] == "sign_in.stuck"


async def test_nothing_is_set_up_without_a_proof_or_without_need(site, desk):
    desk("password and card")
    browser = site.browser(app=site.app)
    step = (await browser.sign_in()).headers["location"]
    form = hidden_fields((await browser.get(step)).text)
    without = {name: value for name, value in form.items() if name != "journey"} | {"first": "1"}
    assert (await browser.send("/sign-in", without)).status_code in (400, 403)
    desk("password")
    go_on_with(site, browser)
    assert (await browser.send("/sign-in", form | {"first": "1"})).status_code == 403
    assert await site.rows("SELECT COUNT(*) FROM credential WHERE authenticator = 'card'") == [(0,)]


async def test_a_session_that_proved_too_little_goes_on_from_there(site, desk):
    browser = await signed_in_before(site, desk)
    await give_card(site)
    step = await browser.authorize()
    page = await browser.get(step.headers["location"])
    assert "One more step" in page.text
    assert 'name="password"' not in page.text
    done = await answer_step(browser, step.headers["location"], number="2")
    assert "code" in answer_of(done)
    anew = await browser.get(step.headers["location"] + "&anew=1")
    assert 'name="password"' in anew.text


async def test_a_letter_is_sent_after_the_password_and_its_code_ends_the_journey(site, desk, letter):
    desk("password and letter")
    browser = site.browser(app=site.app)
    step = (await browser.sign_in()).headers["location"]
    assert letter.sent == ["alice"]
    assert (await answer_step(browser, step, code="1234")).status_code == 403
    assert (await answer_step(browser, step, code="4711")).status_code == 303
    assert letter.sent == ["alice"]


async def test_what_did_not_come_is_sent_again_by_a_word_of_the_person(site, desk, letter):
    desk("password and letter")
    browser = site.browser(app=site.app)
    page = await browser.get((await browser.sign_in()).headers["location"])
    assert 'name="with" value="letter">Begin this step again' in page.text
    sent = await browser.send("/sign-in", first_form(page.text) | {"with": "letter"})
    assert letter.sent == ["alice", "alice"]
    assert (await answer_step(browser, sent.headers["location"], code="4711")).status_code == 303


async def test_a_letter_alone_signs_in_whoever_reads_it_and_nobody_else(site, desk, letter):
    desk("letter")
    for name, code, status in (("alice", "4711", 303), ("nobody", "4711", 403), ("alice", "1234", 403)):
        browser = site.browser(app=site.app)
        page = await browser.get("/sign-in")
        assert "Go on with letter" in page.text
        sent = await browser.send("/sign-in", first_form(page.text) | {"username": name, "with": "letter"})
        assert sent.status_code == 303
        assert (await answer_step(browser, sent.headers["location"], code=code)).status_code == status
    assert letter.sent == ["alice", None, "alice"]


async def test_whatever_comes_first_asks_for_the_name_unless_it_brings_one(site, desk):
    desk("card or guest")
    await give_card(site)
    browser = site.browser(app=site.app)
    page = (await browser.get("/sign-in")).text
    assert page.count('name="username"') == 1
    sent = await browser.send("/sign-in", first_form(page) | {"username": "alice", "number": "2"})
    assert sent.status_code == 303
    # A device of codes is a second factor: it is never all.
    assert sent.headers["location"].startswith("/sign-in?journey=")


async def test_the_first_page_leads_to_what_this_server_offers(site, desk):
    desk()
    plain = (await site.browser(app=site.app).get("/sign-in")).text
    assert "/forgot" not in plain
    assert "/sign-up" not in plain

    class Post:
        on = True

    desk(mailer=Post(), registration_open=True)
    page = (await site.browser(app=site.app).get("/sign-in")).text
    assert 'href="/forgot"' in page
    assert 'href="/sign-up"' in page


async def test_what_a_session_proved_counts_only_while_it_lives(site, desk):
    browser = await signed_in_before(site, desk)
    await give_card(site)
    page = await browser.get((await browser.authorize()).headers["location"])
    session = (await site.rows("SELECT id FROM session"))[0][0]
    await end_one(session, rt=site.rt, caller=CALLER)
    answer = await browser.send("/sign-in", first_form(page.text) | {"number": "2"})
    assert answer.status_code == 403
    assert await site.rows("SELECT COUNT(*) FROM session WHERE ended_at IS NULL") == [(0,)]


async def test_a_request_that_asks_for_more_is_not_carried_to_the_consent_page(site, desk):
    """Neither shown nor answered there: its sign-in comes first."""
    browser = await signed_in_before(site, desk)
    await give_card(site)
    step = await browser.authorize("third")
    asked = step.headers["location"].partition("?")[2]
    shown = await browser.get(f"/consent?{asked}")
    assert shown.headers["location"].startswith("/sign-in?")
    form = first_form((await browser.get(step.headers["location"])).text) | {"decision": "allow"}
    answer = await browser.send("/consent", form)
    assert answer.headers["location"].startswith("/sign-in?")
    assert await site.rows("SELECT COUNT(*) FROM access_grant") == [(0,)]


async def test_a_proof_grows_old_however_often_its_page_is_loaded(site, desk):
    desk("password and card")
    await give_card(site)
    browser = site.browser(app=site.app)
    step = (await browser.sign_in()).headers["location"]
    site.clock.advance(600)
    form = first_form((await browser.get(step)).text)
    site.clock.advance(600)
    answer = await browser.send("/sign-in", form | {"number": "2"})
    assert answer.status_code == 400
    assert "begun too long ago" in answer.text


async def test_a_step_says_what_is_left_to_who_lost_what_it_asks(site, desk):
    desk("password and (card or guest)")
    await give_card(site)
    browser = site.browser(app=site.app)
    assert '<details class="lost"' not in (await browser.get("/sign-in")).text
    step = (await browser.sign_in()).headers["location"]
    page = await browser.get(step)
    assert '<details class="lost">' in page.text
    assert "Nothing else that you have set up is enough here." in page.text
    assert "guest" not in page.text
    wrong = await browser.send("/sign-in", first_form(page.text) | {"number": "9"})
    assert '<details class="lost" open>' in wrong.text
