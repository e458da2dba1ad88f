"""Signing in: the same answer for everybody who fails, and limits that can't be raced or used against the owner."""

import asyncio
import re

import pytest
from site_kit import BOBS_PASSWORD, PASSWORD, answer_of, hidden_fields

from admit_server.domain.throttle import ACCOUNT, ACCOUNTS_OF_NETWORK, DEVICE, NETWORK
from admit_server.flows.admin import users
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio

WRONG = "That user name and password don&#39;t match."


async def attempt(site, username="alice", password="wrong wrong wrong", *, browser=None, address="192.0.2.1"):
    return await (browser or site.browser(address=address)).sign_in(username=username, password=password)


async def fail(site, times, username="alice", **more):
    for _ in range(times):
        answer = await attempt(site, username, **more)
    return answer


def without_secrets(page: str) -> str:
    return re.sub(r'(den_[0-9A-Za-z]{22}|value="[0-9a-f]{64}"|value="(alice|nobody|nopassword|carol)")', "", page)


async def test_a_good_sign_in_sets_a_session_and_leads_on(site):
    browser = site.browser()
    answer = await browser.sign_in()
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    assert "signed in as <strong>alice</strong>" in (await browser.get("/")).text
    events = await site.events()
    assert [(event.action, event.network) for event in events] == [("sign_in.done", "192.0.2.1")]


async def test_unknown_users_wrong_passwords_and_disabled_people_get_the_same_answer(site):
    await users.add(users.NewUser(username="carol", password=PASSWORD), rt=site.rt, caller=Caller())
    await users.disable("carol", rt=site.rt, caller=Caller())
    answers = [await attempt(site, name) for name in ("alice", "nobody", "nopassword")]
    answers.append(await attempt(site, "carol", PASSWORD))
    assert {answer.status_code for answer in answers} == {403}
    assert len({without_secrets(answer.text) for answer in answers}) == 1
    assert WRONG in answers[0].text
    assert len({tuple(sorted(answer.headers.keys())) for answer in answers}) == 1
    assert not any("set-cookie" in answer.headers for answer in answers)


async def test_every_failure_costs_exactly_one_hash(site):
    """Equal work, counted and not timed."""
    await site.hasher.warm_up()
    for name, password in (
        ("alice", "wrong wrong wrong"),
        ("nobody", "wrong wrong wrong"),
        ("nopassword", "wrong wrong wrong"),
        ("alice", ""),
        ("nobody", ""),
        ("alice", "x" * 1025),
        ("nobody", "x" * 4000),
    ):
        site.hasher.verified.clear()
        made = site.hasher.hashed
        await attempt(site, name, password)
        assert len(site.hasher.verified) == 1
        assert site.hasher.hashed == made
        site.clock.advance(100_000)


async def test_a_password_typed_on_another_keyboard_is_the_same(site):
    await users.add(users.NewUser(username="josé", password="ñandú ñandú ñu ñ"), rt=site.rt, caller=Caller())
    decomposed = "n\u0303andu\u0301 n\u0303andu\u0301 n\u0303u n\u0303"
    assert (await attempt(site, "JOSE\u0301", decomposed)).status_code == 303


@pytest.mark.parametrize("spelling", ["ALICE", "Alice", "ａｌｉｃｅ"])
async def test_all_spellings_of_a_name_are_one_person_and_one_counter(site, spelling):
    assert (await attempt(site, spelling, PASSWORD)).status_code == 303
    await fail(site, ACCOUNT.free_failures)
    assert (await attempt(site, spelling)).status_code == 429


async def test_a_field_left_empty_is_told_without_counting(site):
    answer = await site.browser().sign_in(username="", password=PASSWORD)
    assert answer.status_code == 400
    assert "Fill in both" in answer.text
    assert await site.rows("SELECT COUNT(*) FROM throttle") == [(0,)]


async def test_the_form_comes_back_with_the_name_but_never_with_the_password(site):
    answer = await attempt(site, "alice", "my secret mistake")
    assert 'value="alice"' in answer.text
    assert "my secret mistake" not in answer.text


# Limits ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["alice", "nobody"])
async def test_beyond_the_limit_the_answer_is_429_at_once_without_hashing_also_for_the_right_password(site, name):
    await fail(site, ACCOUNT.free_failures, name)
    site.hasher.verified.clear()
    answer = await attempt(site, name, PASSWORD)
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "10"
    assert "Too many tries. Wait 10 seconds" in answer.text
    assert site.hasher.verified == []


async def test_a_known_and_an_unknown_name_are_throttled_alike(site):
    pages = []
    for name in ("alice", "nobody"):
        answers = [await attempt(site, name) for _ in range(ACCOUNT.free_failures + 2)]
        pages.append([(a.status_code, a.headers.get("retry-after"), without_secrets(a.text)) for a in answers])
    assert pages[0] == pages[1]


async def test_the_delay_runs_out_and_grows(site):
    await fail(site, ACCOUNT.free_failures)
    site.clock.advance(9)
    assert (await attempt(site)).headers["retry-after"] == "1"
    site.clock.advance(1)
    assert (await attempt(site)).status_code == 403
    assert (await attempt(site)).headers["retry-after"] == "20"
    site.clock.advance(20)
    assert (await attempt(site, password=PASSWORD)).status_code == 303


async def test_a_refused_try_is_not_counted(site):
    """Who hammers does not lengthen the wait of the owner."""
    await fail(site, ACCOUNT.free_failures)
    await fail(site, 10)
    site.clock.advance(10)
    assert (await attempt(site, password=PASSWORD)).status_code == 303


async def test_a_success_clears_the_account(site):
    await fail(site, ACCOUNT.free_failures - 1)
    assert (await attempt(site, password=PASSWORD)).status_code == 303
    assert (await fail(site, ACCOUNT.free_failures)).status_code == 403


async def test_another_account_from_another_network_is_not_touched(site):
    await fail(site, ACCOUNT.free_failures)
    assert (await attempt(site, "bob", BOBS_PASSWORD, address="198.51.100.1")).status_code == 303


async def test_parallel_guesses_are_all_counted(site):
    """Charged before the hash runs: a burst gets no more tries than one after the other."""
    browsers = [site.browser() for _ in range(20)]
    pages = [await browser.get("/sign-in") for browser in browsers]
    site.hasher.verified.clear()
    answers = await asyncio.gather(
        *(
            browser.send(
                "/sign-in", hidden_fields(page.text) | {"username": "alice", "password": f"guess number {n}..."}
            )
            for n, (browser, page) in enumerate(zip(browsers, pages, strict=True))
        )
    )
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [403] * ACCOUNT.free_failures + [429] * (20 - ACCOUNT.free_failures)
    assert len(site.hasher.verified) == ACCOUNT.free_failures


async def test_a_network_that_tries_many_names_is_stopped(site):
    browser = site.browser(address="203.0.113.5")
    for number in range(ACCOUNTS_OF_NETWORK.free_failures):
        assert (await attempt(site, f"name{number}", browser=browser)).status_code == 403
    assert (await attempt(site, "name-next", browser=browser)).status_code == 429
    assert (await attempt(site, "name-next", address="203.0.113.6")).status_code == 403


async def test_a_network_that_tries_a_few_names_again_and_again_is_stopped_too(site):
    for number in range(NETWORK.free_failures):
        assert (await attempt(site, f"name{number % 10}", address="203.0.113.5")).status_code == 403
    assert (await attempt(site, "name-next", address="203.0.113.5")).status_code == 429


async def test_people_behind_one_address_who_sign_in_are_not_counted_as_names_that_failed(site):
    """A school on its first day: everybody comes from one network, nobody from a known browser, and some mistype once."""
    for number in range(ACCOUNTS_OF_NETWORK.free_failures + 5):
        person = users.NewUser(username=f"pupil{number}", password=PASSWORD)
        await users.add(person, rt=site.rt, caller=Caller())
        assert (await attempt(site, f"pupil{number}")).status_code == 403
        assert (await attempt(site, f"pupil{number}", PASSWORD)).status_code == 303


async def test_an_ipv6_customer_is_one_network_whatever_address_it_takes(site):
    for number in range(ACCOUNTS_OF_NETWORK.free_failures):
        await attempt(site, f"name{number}", address=f"2001:db8:1:2::{number:x}")
    assert (await attempt(site, "next", address="2001:db8:1:2:ffff::1")).status_code == 429
    assert (await attempt(site, "next", address="2001:db8:1:3::1")).status_code == 403


async def test_strangers_can_not_keep_the_owner_out_of_a_browser_that_signed_in_before(site):
    owner = site.browser()
    await owner.sign_in()
    await fail(site, ACCOUNT.free_failures, address="198.51.100.9")
    assert (await attempt(site, password=PASSWORD, address="198.51.100.9")).status_code == 429
    assert (await attempt(site, password=PASSWORD, browser=owner)).status_code == 303


async def test_strangers_behind_the_same_address_can_not_either(site):
    owner = site.browser()
    await owner.sign_in()
    for number in range(ACCOUNTS_OF_NETWORK.free_failures):
        await attempt(site, f"name{number}")
    assert (await attempt(site, "bob", BOBS_PASSWORD)).status_code == 429
    assert (await attempt(site, password=PASSWORD, browser=owner)).status_code == 303


async def test_a_known_browser_has_its_own_limit(site):
    owner = site.browser()
    await owner.sign_in()
    await fail(site, DEVICE.free_failures, browser=owner)
    assert (await attempt(site, password=PASSWORD, browser=owner)).status_code == 429
    assert (await attempt(site, password=PASSWORD)).status_code == 303


async def test_a_device_cookie_helps_only_for_the_person_it_was_made_for(site):
    bobs = site.browser()
    await bobs.sign_in(username="bob", password=BOBS_PASSWORD)
    await fail(site, ACCOUNT.free_failures)
    assert (await attempt(site, browser=bobs)).status_code == 429


async def test_a_copy_of_a_device_cookie_is_a_strangers_once_the_owner_threw_everybody_out(site):
    owner, thief = site.browser(), site.browser(address="192.0.2.66")
    await owner.sign_in()
    thief.client.cookies.set("admit-8100-did", owner.cookies["admit-8100-did"])
    await users.set_password("alice", "walnut river lantern", rt=site.rt, caller=Caller(actor="cli:root"))
    await fail(site, ACCOUNT.free_failures)
    assert (await attempt(site, browser=thief)).status_code == 429
    # The owner too waits as everybody does, and is known again after the next sign-in.
    assert (await attempt(site, password="walnut river lantern", browser=owner)).status_code == 429
    site.clock.advance(ACCOUNT.first_delay_s)
    assert (await attempt(site, password="walnut river lantern", browser=owner)).status_code == 303
    await fail(site, ACCOUNT.free_failures)
    assert (await attempt(site, password="walnut river lantern", browser=owner)).status_code == 303


@pytest.mark.parametrize("cookie", ["", "x", "00", "zz", "01" + "00" * 60])
async def test_a_forged_device_cookie_is_no_device(site, cookie):
    await fail(site, ACCOUNT.free_failures)
    browser = site.browser()
    browser.client.cookies.set("admit-8100-did", cookie)
    assert (await attempt(site, password=PASSWORD, browser=browser)).status_code == 429


async def test_names_that_do_not_exist_can_not_fill_the_table(site):
    from admit_server.flows import throttling

    keys = {throttling.account_counter(None, f"name{n}", method="password", rt=site.rt) for n in range(500)}
    assert len(keys) > 490  # spread, but over a bounded number of counters
    assert throttling._UNKNOWN_BUCKETS <= 1 << 20
    alice = await site.rt.store.read.users.by_username_key("alice")
    assert throttling.account_counter(alice, "alice", method="password", rt=site.rt) not in keys


# Faults ------------------------------------------------------------------------------------------------------------------


async def test_a_full_hashing_queue_answers_503_and_when_to_come_back(open_site):
    async with open_site(toml="[sign_in]\nhash_queue = 1\n") as site:
        await site.hasher.warm_up()
        site.hasher._waiting = 1
        answer = await attempt(site, password=PASSWORD)
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "2"
        assert "busy" in answer.text
        site.hasher._waiting = 0
        assert (await attempt(site, password=PASSWORD)).status_code == 303


# Sessions ----------------------------------------------------------------------------------------------------------------


async def test_a_hash_of_other_parameters_is_made_anew_after_a_success_only(site):
    stored = "SELECT data, version FROM credential ORDER BY created_at, id"
    before = await site.rows(stored)
    hasher = site.hasher
    hasher._argon2 = type(hasher._argon2)(time_cost=2, memory_cost=8, parallelism=1)
    assert (await attempt(site)).status_code == 403
    assert await site.rows(stored) == before
    assert (await attempt(site, password=PASSWORD)).status_code == 303
    changed = [row for row in await site.rows(stored) if row not in before]
    assert len(changed) == 1
    assert "t=2" in changed[0][0]
    assert changed[0][1] == 1, "it is the same password"
    assert (await attempt(site, password=PASSWORD)).status_code == 303
    assert [row for row in await site.rows(stored) if row not in before] == changed


async def test_each_sign_in_has_a_new_cookie_secret_and_the_old_one_is_dead(site):
    browser = site.browser()
    await browser.sign_in()
    first = browser.cookies["admit-8100-sid"]
    await browser.sign_in()
    second = browser.cookies["admit-8100-sid"]
    assert first != second
    thief = site.browser()
    thief.client.cookies.set("admit-8100-sid", first)
    assert "not signed in" in (await thief.get("/")).text


async def test_the_same_person_keeps_the_session_and_what_hangs_on_it(site):
    browser = site.browser()
    tokens = await browser.tokens()
    await browser.sign_in()
    assert await site.is_active(tokens["access_token"])
    assert len(await site.rows("SELECT id FROM session")) == 1


async def test_another_person_in_the_same_browser_ends_the_session_of_before(site):
    browser = site.browser()
    tokens = await browser.tokens()
    await browser.sign_in(username="bob", password=BOBS_PASSWORD)
    assert not await site.is_active(tokens["access_token"])
    ended = [event for event in await site.events() if event.action == "session.ended"]
    assert [event.details for event in ended] == [{"reason": "replaced"}]


async def test_a_cookie_secret_given_by_somebody_else_is_never_taken_over(site):
    """Session fixation."""
    browser = site.browser()
    planted = "adm_ss_" + "0" * 49
    browser.client.cookies.set("admit-8100-sid", planted, domain="127.0.0.1", path="/")
    await browser.sign_in()
    thief = site.browser()
    thief.client.cookies.set("admit-8100-sid", planted)
    assert "not signed in" in (await thief.get("/")).text


async def test_a_disabled_person_is_signed_out_everywhere_and_stays_out(site):
    browser = site.browser()
    tokens = await browser.tokens()
    await users.disable("alice", rt=site.rt, caller=Caller(actor="admin"))
    assert "not signed in" in (await browser.get("/")).text
    assert not await site.is_active(tokens["access_token"])
    assert (await attempt(site, password=PASSWORD)).status_code == 403


async def test_a_password_that_was_changed_while_it_was_being_checked_opens_no_session(site):
    """The change ended every session; a sign-in that began before it must not leave one behind."""
    verify = site.hasher.verify

    async def slow_verify(encoded, password):
        good = await verify(encoded, password)
        site.hasher.verify = verify
        await users.set_password("alice", "a brand new pass phrase", rt=site.rt, caller=Caller(actor="admin"))
        return good

    site.hasher.verify = slow_verify
    answer = await attempt(site, password=PASSWORD)
    assert answer.status_code == 403
    assert await site.rows("SELECT COUNT(*) FROM session WHERE ended_at IS NULL") == [(0,)]


async def test_a_person_disabled_while_the_password_is_being_checked_gets_no_session(site):
    verify = site.hasher.verify

    async def slow_verify(encoded, password):
        good = await verify(encoded, password)
        await users.disable("alice", rt=site.rt, caller=Caller(actor="admin"))
        return good

    site.hasher.verify = slow_verify
    assert (await attempt(site, password=PASSWORD)).status_code == 403
    assert await site.rows("SELECT COUNT(*) FROM session WHERE ended_at IS NULL") == [(0,)]


async def test_failures_of_known_names_are_listed_and_those_of_unknown_names_only_counted(site):
    await attempt(site, "alice")
    await attempt(site, "nobody-at-all")
    actions = [event.action for event in await site.events()]
    assert actions.count("sign_in.failed") == 1
    dump = " ".join(
        map(str, [*await site.rows("SELECT * FROM audit_event"), *await site.rows("SELECT * FROM audit_log")])
    )
    assert "nobody-at-all" not in dump


async def test_who_is_throttled_is_listed(site):
    await fail(site, ACCOUNT.free_failures + 1)
    assert "sign_in.throttled" in await site.actions()


async def test_two_tabs_and_the_back_button_do_no_harm(site):
    browser = site.browser()
    one = await browser.get((await browser.authorize(state="one")).headers["location"])
    two = await browser.get((await browser.authorize(state="two")).headers["location"])
    form = {"username": "alice", "password": PASSWORD}
    first = await browser.send("/sign-in", hidden_fields(one.text) | form)
    second = await browser.send("/sign-in", hidden_fields(two.text) | form)
    again = await browser.send("/sign-in", hidden_fields(one.text) | form)
    assert [answer_of(answer)["state"] for answer in (first, second, again)] == ["one", "two", "one"]
    codes = {answer_of(answer)["code"] for answer in (first, second, again)}
    assert len(codes) == 3
    for code in codes:
        assert (await site.redeem(code)).status_code == 200
