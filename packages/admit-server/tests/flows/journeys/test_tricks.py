"""What somebody tries who wants in without the proof that is asked: each of these once worked."""

import pytest
from journeys_kit import CALLER, answer_step, give_card, go_on_with, signed_in_before
from site_kit import BOBS_PASSWORD, CHALLENGE, answer_of, first_form

from admit_server.domain.sign_in_rule import SignInRule
from admit_server.flows.admin import sessions, users

pytestmark = pytest.mark.anyio


async def living(site):
    return (await site.rows("SELECT COUNT(*) FROM session WHERE ended_at IS NULL"))[0][0]


async def test_a_code_that_was_sent_to_one_person_signs_in_no_other(site, desk, letter):
    desk("letter")
    browser = site.browser(app=site.app)
    page = await browser.get("/sign-in")
    sent = await browser.send("/sign-in", first_form(page.text) | {"username": "bob", "with": "letter"})
    form = first_form((await browser.get(sent.headers["location"])).text) | {"code": "4711", "username": "alice"}
    await browser.send("/sign-in", form)
    without = {name: value for name, value in form.items() if name != "journey"}
    await browser.send("/sign-in", without)
    bob = await site.rt.store.read.users.by_username_key("bob")
    assert letter.sent == ["bob"]
    assert {row[0] for row in await site.rows("SELECT user_id FROM session")} <= {bob.id}


async def test_nor_does_it_in_an_app(site, desk, letter):
    desk("letter")
    ask = {"client_id": "script", "scope": "openid", "code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    begun = await site.post("/authorize-challenge", ask | {"username": "bob", "method": "letter"}, app=site.app)
    session = begun.json()["auth_session"]
    form = {"client_id": "script", "auth_session": session, "username": "alice", "code": "4711"}
    await site.post("/authorize-challenge", form, app=site.app)
    bob = await site.rt.store.read.users.by_username_key("bob")
    assert {row[0] for row in await site.rows("SELECT user_id FROM session")} <= {bob.id}


async def test_an_old_session_alone_adds_nothing_to_the_account(site, desk):
    browser = await signed_in_before(site, desk, after_s=3 * 3600)
    page = await browser.get((await browser.authorize()).headers["location"])
    assert 'name="password"' in page.text
    assert "Set this up" not in page.text


async def test_a_young_one_may_add_what_is_asked(site, desk):
    browser = await signed_in_before(site, desk)
    step = (await browser.authorize()).headers["location"]
    assert "Set this up" in (await browser.get(step)).text
    assert "code" in answer_of(await answer_step(browser, step, first="1"))


async def test_its_page_grows_too_old_to_add_anything(site, desk):
    browser = await signed_in_before(site, desk)
    step = (await browser.authorize()).headers["location"]
    form = first_form((await browser.get(step)).text) | {"first": "1"}
    site.clock.advance(site.rt.account.fresh_s + 1)
    assert (await browser.send("/sign-in", form)).status_code == 403
    assert await site.rows("SELECT COUNT(*) FROM credential WHERE authenticator = 'card'") == [(0,)]


async def test_nothing_is_added_on_the_word_of_a_password_that_was_changed_since(site, desk):
    desk("password and card")
    browser = site.browser(app=site.app)
    step = (await browser.sign_in()).headers["location"]
    form = first_form((await browser.get(step)).text) | {"first": "1"}
    await users.set_password("alice", "quite another pass phrase", rt=site.rt, caller=CALLER)
    assert (await browser.send("/sign-in", form)).status_code == 403
    assert await site.rows("SELECT COUNT(*) FROM credential WHERE authenticator = 'card'") == [(0,)]
    assert await living(site) == 0


async def test_what_one_session_proved_is_nothing_to_the_next_one(site, desk):
    browser = await signed_in_before(site, desk)
    old = first_form((await browser.get((await browser.authorize()).headers["location"])).text)
    first = (await site.rows("SELECT id FROM session"))[0][0]
    await sessions.end_one(first, rt=site.rt, caller=CALLER)
    desk("password")
    go_on_with(site, browser)
    await browser.sign_in()
    assert await living(site) == 1
    desk("password and card")
    go_on_with(site, browser)
    answer = await browser.send("/sign-in", old | {"first": "1"})
    assert answer.status_code == 403
    assert await site.rows("SELECT COUNT(*) FROM credential WHERE authenticator = 'card'") == [(0,)]
    assert await site.rows("SELECT acr FROM session WHERE ended_at IS NULL") == [("urn:admit:acr:1fa",)]


async def test_a_journey_is_for_its_own_request(site, desk):
    """Else one that goes on from a session would answer a request that wants everything proved anew."""
    browser = await signed_in_before(site, desk)
    await give_card(site)
    mild = first_form((await browser.get((await browser.authorize()).headers["location"])).text)
    strict = (await browser.authorize(prompt="login")).headers["location"]
    wants_all = first_form((await browser.get(strict)).text)
    swapped = await browser.send("/sign-in", mild | {"request": wants_all["request"], "number": "2"})
    assert swapped.status_code == 400


async def test_codes_can_not_be_guessed_without_the_password_before_them(site, desk):
    desk("password and card")
    await give_card(site)
    browser = site.browser(app=site.app)
    form = first_form((await browser.get("/sign-in")).text)
    answer = await browser.send("/sign-in", form | {"method": "card", "username": "alice", "number": "2"})
    assert answer.status_code == 400
    assert await site.rows("SELECT COUNT(*) FROM throttle") == [(0,)]


async def test_a_second_step_of_bobs_does_not_serve_alice(site, desk):
    desk("password and letter")
    browser = site.browser(app=site.app)
    alices = (await browser.sign_in()).headers["location"]
    bobs = (await browser.sign_in(username="bob", password=BOBS_PASSWORD)).headers["location"]
    form = first_form((await browser.get(alices)).text) | {"code": "4711"}
    challenge = first_form((await browser.get(bobs)).text)["challenge"]
    assert (await browser.send("/sign-in", form | {"challenge": challenge})).status_code == 403
    assert await living(site) == 0


async def test_a_code_that_went_to_ones_own_mailbox_is_no_second_proof_of_somebody_else(site, desk, letter):
    """Begun under the own name before anything was proven; then the password of another person goes before it."""
    desk("password or letter")
    rule = SignInRule(name="both", requires="password and letter", role="admin", created_at=1, updated_at=1)
    await site.rt.store.write(lambda tx: tx.sign_in_rules.put(rule))
    await users.update("alice", users.UserChange(roles=("admin",)), rt=site.rt, caller=CALLER)
    browser = site.browser(app=site.app)
    page = await browser.get("/sign-in")
    sent = await browser.send("/sign-in", first_form(page.text) | {"username": "bob", "with": "letter"})
    bobs = first_form((await browser.get(sent.headers["location"])).text)
    step = (await browser.sign_in()).headers["location"]
    form = first_form((await browser.get(step)).text)
    await browser.send("/sign-in", form | {"challenge": bobs["challenge"], "code": "4711"})
    assert letter.sent == ["bob", "alice"]
    assert await living(site) == 0


async def test_a_name_longer_than_any_is_carried_nowhere(site, desk, letter):
    """It would stand in the address of a mailed link, and in a row of the outbox for nobody."""
    desk("letter")
    browser = site.browser(app=site.app)
    form = first_form((await browser.get("/sign-in")).text) | {"username": "a" * 60_000, "with": "letter"}
    assert (await browser.send("/sign-in", form)).status_code == 400
    assert letter.sent == []


async def test_a_code_that_went_to_a_mailbox_opens_nothing_once_that_was_given_up(site, desk, letter):
    desk("password and letter")
    browser = site.browser(app=site.app)
    form = first_form((await browser.get((await browser.sign_in()).headers["location"])).text) | {"code": "4711"}
    alice = await users.find("alice", rt=site.rt)

    async def verify(tx):
        await tx.addresses.verify(alice.id, address="new@example.com", address_key="new@example.com", now=1)

    await site.rt.store.write(verify)
    assert (await browser.send("/sign-in", form)).status_code == 403
    assert await living(site) == 0
