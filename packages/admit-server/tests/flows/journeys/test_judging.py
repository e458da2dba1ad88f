"""Authenticators are asked, and trusted no further than their answer."""

import asyncio

import pytest
from journeys_kit import answer_step, give_card
from site_kit import BOBS_PASSWORD, hidden_fields

from admit_server.authenticators.api import Base, NotMine, NotReached, Pending, Rejected, Verified
from admit_server.flows.admin import users
from admit_server.flows.runtime import Caller
from admit_server.ports.users import Credential

pytestmark = pytest.mark.anyio

WRONG = "That user name and password don&#39;t match."


async def test_an_authenticator_that_fails_refuses_and_its_name_stands_in_the_log(site, caplog):
    class Broken(Base):
        name = "password"

        async def finish(self, ctx, state, response, credentials):
            raise RuntimeError("a plugin's own trouble")

    app = site.with_runtime(authenticators={"password": Broken()})
    browser = site.browser(app=app)
    answer = await browser.sign_in()
    assert answer.status_code == 403
    assert WRONG in answer.text
    assert "trouble" not in answer.text
    assert any("password" in r.getMessage() and r.exc_info for r in caplog.records)
    assert await site.rows("SELECT MAX(failures) FROM throttle") == [(1,)]


@pytest.mark.parametrize("verdict", [None, True, "yes", NotMine(), Verified(amr=("x",), subject="usr_somebody_else")])
async def test_a_verdict_that_is_none_or_for_somebody_else_signs_nobody_in(site, verdict):
    class Odd(Base):
        name = "password"

        async def finish(self, ctx, state, response, credentials):
            return verdict

    browser = site.browser(app=site.with_runtime(authenticators={"password": Odd()}))
    answer = await browser.sign_in()
    assert answer.status_code == 403


async def test_the_reason_of_a_rejection_goes_to_the_audit_log_and_never_to_the_caller(site):
    class Stern(Base):
        name = "password"

        async def finish(self, ctx, state, response, credentials):
            return Rejected("the private reason")

    browser = site.browser(app=site.with_runtime(authenticators={"password": Stern()}))
    answer = await browser.sign_in()
    assert "private reason" not in answer.text
    event = (await site.events())[0]
    assert (event.action, event.outcome, event.details) == (
        "sign_in.failed",
        "refused",
        {"reason": "the private reason", "by": "password"},
    )


async def test_who_has_to_wait_is_told_so_and_nothing_is_counted(site):
    class Slow(Base):
        name = "password"

        async def finish(self, ctx, state, response, credentials):
            return Pending(7)

    browser = site.browser(app=site.with_runtime(authenticators={"password": Slow()}))
    answer = await browser.sign_in()
    assert (answer.status_code, answer.headers["retry-after"]) == (200, "7")
    assert "Not confirmed yet" in answer.text
    assert await site.rows("SELECT SUM(failures) FROM throttle") == [(0,)]


class Silent(Base):
    """A process that does not answer."""

    name = "password"

    async def finish(self, ctx, state, response, credentials):
        raise NotReached("the process is down")


async def test_who_gets_no_answer_is_refused_and_has_not_failed(site, caplog):
    browser = site.browser(app=site.with_runtime(authenticators={"password": Silent()}))
    answer = await browser.sign_in()
    assert answer.status_code == 403
    assert WRONG in answer.text, "as any refusal, while nothing is proven"
    assert "the process is down" in caplog.text
    unanswered = await site.rows("SELECT failures FROM throttle WHERE failures > 0")
    assert unanswered == [(1,)], "of the account and method, not of what blocks them"
    assert (await site.events())[0].details["reason"] == "the process is down"


async def test_whoever_can_make_a_process_fail_has_no_tries_without_end(site):
    app = site.with_runtime(authenticators={"password": Silent()})
    answers = [(await site.browser(app=app).sign_in()).status_code for _ in range(16)]
    assert answers == [403] * 15 + [429]
    site.clock.advance(86_400)
    assert (await site.browser(app=app).sign_in()).status_code == 403


async def test_after_a_first_proof_the_person_hears_that_there_was_no_answer(site, desk, letter):
    async def finish(ctx, state, response, credentials):
        raise NotReached("the process is down")

    letter.finish = finish
    desk("password and letter")
    browser = site.browser(app=site.app)
    answer = await answer_step(browser, (await browser.sign_in()).headers["location"], code="4711")
    assert answer.status_code == 403
    assert "There was no answer" in answer.text


async def test_what_can_not_be_begun_is_no_sending_either(site, desk, letter):
    async def begin(ctx, subject, credentials):
        raise NotReached("the process is down")

    letter.begin = begin
    desk("letter")
    browser = site.browser(app=site.app)
    form = hidden_fields((await browser.get("/sign-in")).text) | {"username": "alice", "with": "letter"}
    for _ in range(6):
        assert (await browser.send("/sign-in", form)).status_code == 503


async def test_failures_of_one_method_are_not_forgotten_by_a_success_with_another(site, desk):
    """Whoever knows the password can't guess the second factor by proving the password again and again."""
    desk("password and card")
    await give_card(site)
    browser = site.browser(app=site.app)
    for _ in range(5):
        step = await browser.sign_in()
        await answer_step(browser, step.headers["location"], number="9")
    step = await browser.sign_in()
    refused = await answer_step(browser, step.headers["location"], number="2")
    assert refused.status_code == 429


async def test_a_number_is_good_once_however_many_come_at_the_same_moment(site, desk):
    desk("password and card")
    await give_card(site)
    browsers = [site.browser(app=site.app) for _ in range(6)]
    steps = [await each.sign_in() for each in browsers]
    answers = await asyncio.gather(
        *(answer_step(b, step.headers["location"], number="2") for b, step in zip(browsers, steps, strict=True))
    )
    assert sorted(answer.status_code for answer in answers)[:1] == [303]
    assert [answer.status_code for answer in answers].count(303) == 1


async def test_an_answer_is_good_once(site, desk):
    """Also where nothing is counted: the challenge itself is used up."""
    desk("password and letter")
    browser = site.browser(app=site.app)
    step = await browser.sign_in()
    shown = await browser.get(step.headers["location"])
    form = hidden_fields(shown.text) | {"code": "4711"}
    first = await browser.send("/sign-in", form)
    again = await browser.send("/sign-in", form)
    assert (first.status_code, again.status_code) == (303, 403)
    assert "used already" in again.text


async def test_a_password_that_was_changed_in_the_middle_proves_nothing_any_more(site, desk):
    desk("password and card")
    await give_card(site)
    browser = site.browser(app=site.app)
    step = await browser.sign_in()
    await users.set_password("alice", "quite another pass phrase", rt=site.rt, caller=Caller(actor="test"))
    answer = await answer_step(browser, step.headers["location"], number="2")
    assert answer.status_code == 403
    assert await site.rows("SELECT COUNT(*) FROM session") == [(0,)]


async def test_a_step_of_one_person_is_none_of_another(site, desk):
    desk("password and card")
    await give_card(site)
    browser = site.browser(app=site.app)
    alices = hidden_fields((await browser.get((await browser.sign_in()).headers["location"])).text)
    bobs = await browser.sign_in(username="bob", password=BOBS_PASSWORD)
    # Bob has no card, so he is asked to set one up.
    form = hidden_fields((await browser.get(bobs.headers["location"])).text)
    mixed = await browser.send("/sign-in", alices | {"journey": form["journey"], "number": "2"})
    assert mixed.status_code == 403
    assert await site.rows("SELECT COUNT(*) FROM session") == [(0,)]


async def test_who_brings_their_own_name_is_signed_in_without_typing_one(site, desk):
    rt = desk("password or guest")
    await give_badge(site, rt)
    browser = site.browser(app=site.app)
    page = await browser.get("/sign-in")
    form = hidden_fields(page.text) | {"method": "guest", "badge": "b-1"}
    answer = await browser.send("/sign-in", form)
    assert answer.status_code == 303
    assert await site.rows("SELECT s.amr FROM session s") == [('["hwk","mfa"]',)]


@pytest.mark.parametrize("change", [{"badge": "b-2"}, {"badge": ""}, {"username": "bob"}])
async def test_a_badge_of_nobody_or_for_another_name_signs_nobody_in(site, desk, change):
    rt = desk("password or guest")
    await give_badge(site, rt)
    browser = site.browser(app=site.app)
    form = hidden_fields((await browser.get("/sign-in")).text) | {"method": "guest", "badge": "b-1"} | change
    assert (await browser.send("/sign-in", form)).status_code == 403


async def give_badge(site, rt):
    alice = await rt.store.read.users.by_username_key("alice")
    badge = Credential(
        id=rt.new_id("crd"), user_id=alice.id, authenticator="guest", data="{}", version=1, created_at=1, updated_at=1,
        lookup="b-1",
    )  # fmt: skip

    async def unit(tx):
        await tx.credentials.put(badge)

    await rt.store.write(unit)
