"""OWASP ASVS 5.0 chapter 6, Authentication, sections 6.1 to 6.3: one test for each requirement, named by its number.

The numbers are those of `5.0/en/0x15-V6-Authentication.md` of OWASP/ASVS. docs/security/asvs.md says of each how it is kept.
"""

import re

import pytest
from asvs_kit import (
    BOTH,
    MAIL,
    MODEL,
    ROOT,
    TEMPLATES,
    WRONG,
    code_at,
    inputs,
    is_in,
    set_password,
    sign_in,
    to_second_step,
    verified_address,
    with_app,
)
from site_kit import CHALLENGE, PASSWORD, CountingHasher, hidden_fields, settings_for, without_id

from admit_server.app import THIS_MACHINE, open_runtime
from admit_server.authenticators.email_code import EmailCodeAuthenticator
from admit_server.domain.throttle import ACCOUNT, ACCOUNTS_OF_NETWORK, DEVICE, NETWORK
from admit_server.flows.admin import users
from admit_server.flows.runtime import Caller
from admit_server.machine.common_passwords import common_passwords
from admit_server.settings.sections import SignInSection

pytestmark = pytest.mark.anyio
ADMIN = Caller(actor="cli:root")
NEW = "walnut river lantern"


# 6.1 Documentation -------------------------------------------------------------------------------------------------------


def test_6_1_1_the_controls_against_guessing_are_documented_as_they_are():
    for rule, free in ((ACCOUNT, "a day"), (DEVICE, "an hour"), (ACCOUNTS_OF_NETWORK, "an hour")):
        assert (
            f"| {rule.free_failures} {free} | {rule.first_delay_s} s, doubling to {rule.longest_delay_s // 60} minutes |"
            in MODEL
        )
    assert f"{NETWORK.free_failures} in 10 minutes" in MODEL
    assert f"{SignInSection().stuffing_accounts} different accounts fail within five minutes" in MODEL
    assert "`sign_in.stuffing_accounts`" in MODEL
    assert "strangers can't lock anybody out" in MODEL


def test_6_1_2_the_words_of_the_context_are_documented():
    assert "`sign_in.context_words`, the host's own, `admit`, and the person's names" in MODEL


def test_6_1_3_every_way_in_is_documented():
    for way in ("/sign-in", "/authorize-challenge", "an invitation", "a forgotten password", "a way back"):
        assert way in MODEL


# 6.2 Passwords -----------------------------------------------------------------------------------------------------------


async def test_6_2_1_a_password_has_15_characters_at_least(site):
    answer = await set_password(site, "walnut lantern")
    assert (answer.status_code, "at least 15" in answer.text) == (400, True)


async def test_6_2_2_people_can_change_it(site):
    await set_password(site, NEW)
    assert (await sign_in(site, NEW)).status_code == 303
    assert (await sign_in(site, PASSWORD)).status_code == 403


async def test_6_2_3_changing_it_needs_the_current_one(site):
    """It is asked for at `/sign-in`, with its counters: a sign-in that is older than `account.fresh_s` does not do."""
    browser = site.browser()
    await browser.sign_in()
    site.clock.advance(601)
    page = await browser.get("/account/password")
    assert (page.status_code, page.headers["location"].partition("?")[0]) == (303, "/sign-in")


async def test_6_2_4_and_6_2_12_what_leaked_and_is_common_is_refused(site):
    common = common_passwords()
    assert sum(len(word) >= 8 for word in common.all) > 3000
    pairs = ("passwordfootball", "iloveyou12345678", "1q2w3e4r5t6y7u8i")
    for word in (*pairs, max(common.all, key=len)):
        answer = await set_password(site, word)
        assert (answer.status_code, "everybody tries" in answer.text) == (400, True), word


@pytest.mark.parametrize(
    "password",
    ["eleven old trees by", "7733 1902 4455 8821", "ΑΒΓΔ ΕΖΗΘ ΙΚΛΜ ΝΞΟΠ", "~~ ++ ## $$ %% && ((", "ürgendwo über öl"],
)
async def test_6_2_5_any_composition_will_do(site, password):
    await set_password(site, password)
    assert (await sign_in(site, password)).status_code == 303


def test_6_2_6_every_field_for_a_password_is_masked():
    fields = [tag for _, tag in inputs('name="password"') + inputs('name="again"')]
    assert len(fields) >= 4
    assert all('type="password"' in tag for tag in fields)


def test_6_2_7_managers_and_the_clipboard_may_fill_them():
    for name, tag in inputs('type="password"'):
        assert re.search(r'autocomplete="(current|new)-password"', tag), name
    assert not any(re.search(r"\bon(paste|copy|drop)=", path.read_text()) for path in TEMPLATES)
    scripts = (ROOT / "packages/admit-server/src/admit_server/web/static").glob("*.js")
    assert not any(re.search(r"""["']paste["']""", path.read_text()) for path in scripts)


async def test_6_2_8_it_is_compared_exactly_as_it_was_typed(site):
    password = " Spaces at Both Ends, and a very long rest that goes on beyond seventy-two bytes of text "
    await set_password(site, password)
    assert (await sign_in(site, password)).status_code == 303
    for number, other in enumerate((password.strip(), password[:-1], password[:72], password.lower(), password + "x")):
        assert (await sign_in(site, other, address=f"192.0.2.{number + 10}")).status_code == 403
        site.clock.advance(3600)


async def test_6_2_9_64_characters_and_many_more_are_permitted(site):
    for length in (64, 1000):
        password = "".join(f"{n} grey stones, " for n in range(100))[:length]
        await set_password(site, password)
        assert (await sign_in(site, password)).status_code == 303
        site.clock.advance(3600)
        await users.set_password("alice", PASSWORD, rt=site.rt, caller=users.Caller())


async def test_6_2_10_it_stays_valid_for_as_long_as_nobody_changes_it(site):
    site.clock.advance(10 * 365 * 86_400)
    assert (await sign_in(site, PASSWORD)).status_code == 303


async def test_6_2_11_the_words_of_the_context_make_no_password(open_site):
    async with open_site(toml='[sign_in]\ncontext_words = ["Rocketeers"]\n') as site:
        for password in ("Rocketeers-2026-!!", "alice-rocketeers-admit"):
            answer = await set_password(site, password)
            assert (answer.status_code, "belongs to you or to this service" in answer.text) == (400, True)


# 6.3 General -------------------------------------------------------------------------------------------------------------


async def test_6_3_1_guessing_is_stopped_as_the_documentation_says(site):
    statuses = [(await sign_in(site, f"{WRONG} {n}")).status_code for n in range(ACCOUNT.free_failures + 1)]
    assert statuses == [403] * ACCOUNT.free_failures + [429]
    assert (await sign_in(site, PASSWORD, address="203.0.113.9")).status_code == 429


async def test_6_3_2_a_new_installation_has_no_accounts(tmp_path):
    async with open_runtime(settings_for(tmp_path), machine=THIS_MACHINE) as rt:
        assert (await users.page(rt=rt)).items == ()


async def test_6_3_3_where_two_proofs_are_required_one_opens_nothing(open_site):
    async with open_site(toml=BOTH) as site:
        await with_app(site)
        browser, _ = await to_second_step(site)
        assert not await is_in(browser)
        assert (await browser.authorize()).headers["location"].startswith("/sign-in")


async def test_6_3_4_every_way_in_asks_for_the_same(open_site):
    async with open_site(toml=BOTH) as site:
        secret = await with_app(site)
        form = {
            "client_id": "script",
            "scope": "notes:read",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        by_app = await site.post("/authorize-challenge", form | {"username": "alice", "password": PASSWORD})
        assert by_app.status_code in (400, 401, 403)
        assert "authorization_code" not in by_app.json()
        more = {"client_id": "script", "auth_session": by_app.json()["auth_session"]}
        done = await site.post("/authorize-challenge", more | {"totp": code_at(secret, site.clock.now)})
        assert done.status_code == 200, done.text


async def test_6_3_5_people_hear_of_what_looks_suspicious(site):
    known = site.browser()
    await known.sign_in()
    await sign_in(site, WRONG, address="203.0.113.7")
    await sign_in(site, PASSWORD, address="203.0.113.7")
    assert "sign_in.new_device" in await site.actions()
    page = (await known.get("/account/activity")).text
    assert "203.0.113.7" in page


def test_6_3_6_mail_is_no_factor_and_not_offered_unless_somebody_asks_for_it():
    assert EmailCodeAuthenticator.factors == frozenset()
    assert "email_code" not in SignInSection().authenticators


async def test_6_3_7_people_are_told_when_how_they_sign_in_was_changed(open_site):
    async with open_site(toml=MAIL) as site:

        async def waiting():
            return [row[0] for row in await site.rows("SELECT template FROM mail_outbox ORDER BY template")]

        await set_password(site, NEW)
        assert "account.password_changed" in await site.actions()
        told = await waiting()
        assert "password_changed" in told
        await users.set_password("alice", PASSWORD, rt=site.rt, caller=ADMIN)
        assert (await waiting()).count("password_changed") == told.count("password_changed") + 1
        await users.update("alice", users.UserChange(email="new@example.com"), rt=site.rt, caller=ADMIN)
        assert {"address_removed", "address_added"} <= set(await waiting())


async def test_6_3_8_nobody_learns_who_has_an_account(open_site, monkeypatch):
    """The same status, headers and words, after the same time; measured by `benchmarks.enumeration`."""
    monkeypatch.setattr(CountingHasher, "answer_s", 0.1)
    async with open_site(toml=MAIL + "[registration]\nopen = true\n") as site:
        await verified_address(site)
        pages, statuses, headers = set(), set(), set()
        for name in ("alice", "nobody", "nopassword"):
            answer = await sign_in(site, WRONG, name=name)
            pages.add(re.sub(r'value="[^"]*"', "", without_id(answer.text)))
            statuses.add(answer.status_code)
            headers.add(tuple(sorted(set(answer.headers) - {"date"})))
            browser = site.browser()
            form = hidden_fields((await browser.get("/forgot")).text) | {"name": name}
            asked = await browser.send("/forgot", form)
            pages.add(("forgot", asked.status_code, re.sub(r'value="[^"]*"', "", asked.text)))
            form = hidden_fields((await browser.get("/sign-up")).text)
            wish = {"username": f"new-{name}", "email": f"{name}@example.com"}
            asked = await browser.send("/sign-up", form | wish)
            pages.add(("sign-up", asked.status_code, asked.text.replace(wish["email"], "what was typed")))
        assert (len(pages), len(statuses), len(headers)) == (3, 1, 1)
        assert {row[0] for row in await site.rows("SELECT template FROM mail_outbox")} >= {
            "sign_up",
            "already_registered",
        }
