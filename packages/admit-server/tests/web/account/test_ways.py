"""The page of the ways to sign in, and the way back from a sign-in."""

import re

import pytest
from site_kit import answer_of, hidden_fields

from admit_server.domain.sign_in_rule import SignInRule
from admit_server.flows.admin import users
from admit_server.flows.journeys.keeping import closed
from admit_server.ports.users import Credential

pytestmark = pytest.mark.anyio
TOML = '[sign_in]\nauthenticators = ["password", "totp", "recovery_codes"]\nrequires = "password or totp"\n'


async def give(site, label="", authenticator="recovery_codes"):
    """A credential of alice, as if it had been set up."""
    alice = await users.find("alice", rt=site.rt)
    credential_id, now = site.rt.new_id("crd"), site.clock()
    data = closed("{}", credential_id, site.rt.authenticators[authenticator], rt=site.rt)
    kept = Credential(
        id=credential_id,
        user_id=alice.id,
        authenticator=authenticator,
        data=data,
        version=1,
        created_at=now,
        updated_at=now,
        label=label,
    )
    await site.rt.store.write(lambda tx: tx.credentials.put(kept))
    return credential_id


async def signed_in(site):
    browser = site.browser()
    await browser.sign_in()
    return browser


async def send(browser, **fields):
    token = hidden_fields((await browser.get("/logout")).text)["form_token"]
    return await browser.send("/account/ways", {"form_token": token} | fields)


async def test_the_only_way_stays_and_says_why(site):
    browser = await signed_in(site)
    page = (await browser.get("/account/ways")).text
    assert "<h2>Password</h2>" in page
    assert "so it stays" in page
    assert 'name="remove"' not in page
    ((password,),) = await site.rows(
        "SELECT c.id FROM credential c JOIN app_user u ON u.id = c.user_id WHERE u.username = 'alice'"
    )
    answer = await send(browser, remove=password, sure="yes")
    assert answer.status_code == 400
    assert "could not sign in any more" in answer.text


async def test_one_is_named_and_removed(open_site):
    async with open_site(toml=TOML) as site:
        codes = await give(site, "old sheet")
        browser = await signed_in(site)
        assert (await send(browser, rename=codes, label="sheet in the drawer")).status_code == 303
        assert "Recovery codes &#34;sheet in the drawer&#34;" in (await browser.get("/account/ways")).text
        assert (await send(browser, rename=codes, label=" ")).status_code == 400
        answer = await send(browser, remove=codes)
        assert "no longer opens your account" in answer.text
        assert "End all other sessions" in answer.text
        assert "drawer" not in (await browser.get("/account/ways")).text


async def test_who_could_show_two_factors_and_showed_one_is_led_to_show_both(open_site):
    async with open_site(toml=TOML) as site:
        browser = await signed_in(site)
        totp = await give(site, authenticator="totp")
        rule = SignInRule(name="shop", requires="password and totp", client_id="web", created_at=1, updated_at=1)
        await site.rt.store.write(lambda tx: tx.sign_in_rules.put(rule))
        assert (await browser.get("/account")).status_code == 200
        answer = await send(browser, remove=totp, sure="yes")
        assert answer.headers["location"] == "/sign-in"
        step = await browser.sign_in()
        assert step.status_code == 303
        assert "journey=" in step.headers["location"], "the password alone is not enough for this"
        assert 'name="totp"' in (await browser.get(step.headers["location"])).text
        assert await site.rows(f"SELECT 1 FROM credential WHERE id = '{totp}'")


@pytest.mark.parametrize("path", ["/account", "/account/password", "/account/ways"])
async def test_a_sign_in_leads_back_to_the_page_that_wanted_it_once(site, path):
    browser = site.browser()
    assert (await browser.get(path)).headers["location"] == "/sign-in"
    assert (await browser.sign_in()).headers["location"] == path
    assert "admit-8100-back" not in browser.cookies
    assert (await browser.sign_in()).headers["location"] == "/account"


@pytest.mark.parametrize(
    "value", ["//evil.example", "https://evil.example", "/account/../logout", "!", "/account//x!", "/logout"]
)
async def test_a_cookie_that_names_anything_else_leads_nowhere(site, value):
    browser = site.browser()
    browser.client.cookies.set("admit-8100-back", value)
    assert (await browser.sign_in()).headers["location"] == "/account"


async def test_an_apps_own_sign_in_goes_back_to_the_app_whatever_the_account_wanted(site):
    browser = site.browser()
    await browser.get("/account")
    step = await browser.authorize()
    assert "code" in answer_of(await browser.sign_in(step.headers["location"]))


async def test_a_link_of_a_page_asks_for_the_proof_before_a_form_is_filled_in(site):
    browser = await signed_in(site)
    site.clock.advance(601)
    page = (await browser.get("/account/sessions")).text
    (link,) = re.findall(r'href="(/account/sessions\?prove=now)"', page)
    assert (await browser.get(link)).headers["location"] == "/sign-in"
    assert (await browser.sign_in()).headers["location"] == "/account/sessions"
    assert (await browser.get(link)).status_code == 200


async def test_a_new_browser_is_told_and_a_known_one_is_not(site):
    browser = await signed_in(site)
    await browser.sign_in()
    assert "something new" not in (await browser.get("/account/activity")).text
    other = site.browser(address="192.0.2.8")
    other.client.headers["User-Agent"] = (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"
    )
    await other.sign_in()
    page = (await browser.get("/account/activity")).text
    assert "You signed in with something new: Firefox on Windows." in page
    await other.sign_in(username="bob", password="another sturdy phrase")
    await other.sign_in()
    assert (await site.actions()).count("sign_in.new_device") == 1
