"""OWASP ASVS 5.0 chapter 7, Session Management: one test for each requirement, named by its number.

The numbers are those of `5.0/en/0x16-V7-Session-Management.md` of OWASP/ASVS. docs/security/asvs.md says of each how it is kept.
"""

import re
from pathlib import Path

import pytest
from site_kit import PASSWORD, answer_of, hidden_fields

from admit_server.flows.admin import leaving, revocations, sessions, users
from admit_server.flows.runtime import Caller
from admit_server.machine import clock
from admit_server.settings.sections import AccountSection, SignInSection, TokensSection
from admit_server.tokens import opaque
from admit_server.web.routes import ROUTES

pytestmark = pytest.mark.anyio
BY_ADMINISTRATOR = Caller(actor="cli:root")
COOKIE = "admit-8100-sid"
DOCUMENT = (Path(__file__).parents[4] / "docs/security/sessions.md").read_text()


async def signed_in(site, *, address="192.0.2.1", **more):
    browser = site.browser(address=address)
    await browser.sign_in(**more)
    assert await is_in(browser)
    return browser


async def is_in(browser):
    return (await browser.get("/account")).status_code == 200


async def act(browser, path, **fields):
    form = {"form_token": hidden_fields((await browser.get("/logout")).text).get("form_token", "")} | fields
    return await browser.send(path, form)


# 7.1 Documentation -------------------------------------------------------------------------------------------------------


def test_7_1_1_the_lifetimes_are_documented_as_they_are():
    lifetime = SignInSection().session_lifetime_s
    assert f"`sign_in.session_lifetime_s`, {lifetime:,} s" in DOCUMENT
    assert f"`sign_in.session_idle_s`, {SignInSection().session_idle_s:,} s" in DOCUMENT
    assert f"`account.fresh_s`, {AccountSection().fresh_s} s" in DOCUMENT
    assert "SP 800-63B" in DOCUMENT
    assert "inactivity" in DOCUMENT


def test_7_1_2_the_number_of_sessions_and_what_happens_beyond_it_are_documented():
    assert TokensSection().max_sessions is None
    assert "As many sessions as somebody likes" in DOCUMENT
    assert "`tokens.max_sessions`" in DOCUMENT
    assert "the oldest ends" in DOCUMENT


def test_7_1_3_what_apps_and_the_server_do_to_each_others_sessions_is_documented():
    for word in ("end_with_session", "revocation feed", "max_age", "acr_values"):
        assert word in DOCUMENT


# 7.2 Fundamental session management security -----------------------------------------------------------------------------


async def test_7_2_1_the_server_itself_verifies_the_session_token(site):
    browser = await signed_in(site)
    secret = browser.cookies[COOKIE]
    ((session_id, digest),) = await site.rows("SELECT id, digest FROM session")
    forged = [
        session_id, digest.hex(), secret[:-1], secret + "0", secret.upper(), secret.replace("adm_ss_", "adm_at_"), "", "adm_ss_",
        opaque.mint("ss", bytes(32)), "' OR 1=1 --",
    ]  # fmt: skip
    for text in forged:
        thief = site.browser(address="192.0.2.66")
        thief.client.cookies.set(COOKIE, text)
        assert not await is_in(thief), text


async def test_7_2_2_session_tokens_are_made_for_each_session(site):
    made = {(await signed_in(site)).cookies[COOKIE] for _ in range(5)}
    assert len(made) == 5
    assert await site.rows("SELECT COUNT(DISTINCT digest) FROM session") == [(5,)]


async def test_7_2_3_they_carry_256_bits_of_the_systems_random_numbers(site):
    assert opaque.SECRET_BYTES * 8 == 256
    assert site.rt.entropy is clock.system_entropy
    assert "token_bytes" in clock.system_entropy.__code__.co_names or clock.system_entropy.__name__ == "token_bytes"
    text = (await signed_in(site)).cookies[COOKIE]
    assert re.fullmatch(r"adm_ss_[0-9A-Za-z]{49}", text)  # 43 characters of secret, 6 of checksum


async def test_7_2_4_every_sign_in_also_a_repeated_one_makes_a_new_token_and_ends_the_old_one(site):
    browser = await signed_in(site)
    old = browser.cookies[COOKIE]
    await browser.sign_in()
    assert browser.cookies[COOKIE] != old
    thief = site.browser(address="192.0.2.66")
    thief.client.cookies.set(COOKIE, old)
    assert not await is_in(thief)
    fixed = site.browser()
    fixed.client.cookies.set(COOKIE, opaque.mint("ss", bytes(32)))
    await fixed.sign_in()
    assert fixed.cookies[COOKIE] != opaque.mint("ss", bytes(32))


# 7.3 Session timeout -----------------------------------------------------------------------------------------------------


async def test_7_3_1_a_browser_that_is_not_used_has_to_sign_in_again(site):
    browser = await signed_in(site)
    site.clock.advance(site.rt.session_idle_s - 1)
    assert await is_in(browser)
    site.clock.advance(site.rt.session_idle_s)
    assert not await is_in(browser)
    assert (await browser.authorize()).headers["location"].startswith("/sign-in?")
    assert answer_of(await browser.authorize(prompt="none"))["error"] == "login_required"


async def test_7_3_2_a_session_ends_at_its_absolute_end_however_much_it_is_used(site):
    browser = await signed_in(site)
    tokens = await browser.tokens("web")
    for _ in range(12):
        site.clock.advance(3599)
        assert await is_in(browser)
    site.clock.advance(12)
    assert not await is_in(browser)
    assert not await site.is_active(tokens["access_token"])
    assert (await site.refresh(tokens["refresh_token"])).status_code == 400


# 7.4 Session termination -------------------------------------------------------------------------------------------------


async def test_7_4_1_after_the_sign_out_nothing_of_the_session_is_good(site):
    browser = await signed_in(site)
    secret = browser.cookies[COOKIE]
    by_feed, by_row = await browser.tokens("web"), await browser.tokens("opaque-web")
    await act(browser, "/logout")
    browser.client.cookies.set(COOKIE, secret)
    assert not await is_in(browser)
    for tokens, client in ((by_feed, "web"), (by_row, "opaque-web")):
        assert not await site.is_active(tokens["access_token"])
        assert (await site.refresh(tokens["refresh_token"], client)).status_code == 400
    assert await site.rows("SELECT 1 FROM revocation")


@pytest.mark.parametrize("leave", [users.disable, leaving.delete_user])
async def test_7_4_2_a_disabled_or_deleted_account_has_no_session(site, leave):
    browsers = [await signed_in(site, address=f"192.0.2.{number}") for number in range(1, 4)]
    tokens = await browsers[0].tokens("web")
    await leave("alice", rt=site.rt, caller=BY_ADMINISTRATOR)
    assert [await is_in(browser) for browser in browsers] == [False] * 3
    assert not await site.is_active(tokens["access_token"])


async def test_7_4_3_a_new_password_ends_all_other_sessions(site):
    here, there = await signed_in(site), await signed_in(site, address="192.0.2.2")
    new = "walnut river lantern"
    assert (await act(here, "/account/password", password=new, again=new, keep="yes")).status_code == 200
    assert await is_in(here)
    assert not await is_in(there)


async def test_7_4_3_after_a_way_was_removed_the_page_offers_to_end_them(open_site):
    async with open_site(toml='[sign_in]\nauthenticators = ["password", "recovery_codes"]\n') as site:
        here, there = await signed_in(site), await signed_in(site, address="192.0.2.2")
        page = (await here.get("/account/recovery-codes/add")).text
        form = next(text for text in re.findall(r"<form .*?</form>", page, re.DOTALL) if "challenge" in text)
        await here.send("/account/recovery-codes/add", hidden_fields(form) | {"recovery_codes": "kept"})
        ((codes,),) = await site.rows("SELECT id FROM credential WHERE authenticator = 'recovery_codes'")
        removed = await act(here, "/account/ways", remove=codes)
        assert "End all other sessions" in removed.text
        assert await is_in(there)
        form = next(text for text in re.findall(r"<form .*?</form>", removed.text, re.DOTALL) if "others" in text)
        await here.send("/account/sessions", hidden_fields(form) | {"end": "others"})
        assert [await is_in(here), await is_in(there)] == [True, False]


@pytest.mark.parametrize("path", [path for path in ROUTES if path.startswith("/account")])
async def test_7_4_4_the_way_out_stands_on_every_page_for_signed_in_people(site, path):
    page = await (await signed_in(site)).get(path)
    assert page.status_code == 200
    assert re.search(r'<a href="/logout">Sign out</a>', page.text)


async def test_7_4_5_administrators_end_the_sessions_of_one_person_or_of_everybody(site):
    alice = await signed_in(site)
    bob = await signed_in(site, address="192.0.2.2", username="bob", password="another sturdy phrase")
    await sessions.end_all_of_user("alice", rt=site.rt, caller=BY_ADMINISTRATOR)
    assert [await is_in(alice), await is_in(bob)] == [False, True]
    await revocations.revoke_everything(rt=site.rt, caller=BY_ADMINISTRATOR)
    assert not await is_in(bob)


# 7.5 Defences against session abuse --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/account/password", {"password": "walnut river lantern", "again": "walnut river lantern", "keep": "yes"}),
    ],
)
async def test_7_5_1_what_changes_how_somebody_signs_in_needs_full_re_authentication(site, path, fields):
    browser = await signed_in(site)
    before = await site.rows("SELECT id, data, label FROM credential ORDER BY id")
    site.clock.advance(601)
    assert (await act(browser, path, **fields)).headers["location"] == "/sign-in"
    assert await site.rows("SELECT id, data, label FROM credential ORDER BY id") == before
    await browser.sign_in()
    assert (await act(browser, path, **fields)).status_code == 200


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/account/profile", {"add": "thief@example.com"}),
        ("/account/profile", {"remove": "alice@example.com"}),
        ("/account/ways", {"remove": "crd_0000000000000000000000"}),
        ("/account/passkeys", {"remove": "crd_0000000000000000000000"}),
        ("/account/totp", {"remove": "crd_0000000000000000000000"}),
        ("/account/totp/add", {"code": "123456"}),
        ("/account/recovery-codes/add", {}),
    ],
)
async def test_7_5_1_so_do_addresses_and_every_way_to_sign_in(site, path, fields):
    browser = await signed_in(site)
    site.clock.advance(601)
    assert (await act(browser, path, **fields)).headers["location"] == "/sign-in"


async def test_7_5_2_people_see_their_sessions_and_end_them_after_authenticating_again(site):
    here, there = await signed_in(site), await signed_in(site, address="192.0.2.2")
    site.clock.advance(601)
    page = await here.get("/account/sessions")
    (other,) = re.findall(r'name="end" value="(ses_[0-9A-Za-z]+)"', page.text)
    for what in (other, "others"):
        assert (await act(here, "/account/sessions", end=what)).headers["location"] == "/sign-in"
    assert await is_in(there)
    await here.sign_in()
    assert (await act(here, "/account/sessions", end=other)).headers["location"] == "/account/sessions"
    assert not await is_in(there)


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/account/data", {"act": "download"}),
        ("/account/data", {"act": "delete", "name": "alice"}),
        ("/account/tokens", {"name": "n", "days": "30", "scope notes:read": "yes", "new": "tok_" + "0" * 22}),
    ],
)
async def test_7_5_3_taking_data_along_deleting_and_lasting_tokens_need_further_authentication(site, path, fields):
    browser = await signed_in(site)
    site.clock.advance(601)
    assert (await act(browser, path, **fields)).headers["location"] == "/sign-in"
    assert await is_in(browser)
    assert await site.rows("SELECT 1 FROM personal_token") == []


# 7.6 Federated re-authentication -----------------------------------------------------------------------------------------


async def test_7_6_1_an_app_that_wants_a_sign_in_of_now_gets_one_and_its_tickets_end_with_the_session(site):
    browser = await signed_in(site)
    site.clock.advance(100)
    assert "/sign-in?" in (await browser.authorize(max_age="60")).headers["location"]
    assert "code=" in (await browser.authorize(max_age="600")).headers["location"]
    tokens = await browser.tokens("web")
    await act(browser, "/logout")
    assert not await site.is_active(tokens["access_token"])


async def test_7_6_2_nothing_but_a_persons_own_form_makes_a_session(site):
    browser = site.browser()
    for path in ("/sign-in", "/account", "/"):
        await browser.get(path)
    silent = await browser.authorize(prompt="none")
    assert answer_of(silent)["error"] == "login_required"
    credentials = {"username": "alice", "password": PASSWORD}
    shown = hidden_fields((await browser.get("/sign-in")).text)
    for form, headers in (
        (credentials, None),
        (shown | credentials, {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}),
        (shown | credentials | {"form_token": "0" * 64}, None),
    ):
        assert (await browser.send("/sign-in", form, headers)).status_code == 403
    assert await site.rows("SELECT 1 FROM session") == []
