"""A browser that is not used signs in again; what its apps hold goes on."""

import pytest
from site_kit import API, BOBS_PASSWORD, answer_of, claims_of, hidden_fields

from admit_server.domain.token_policy import TokenPolicy
from admit_server.flows.admin import resources
from admit_server.flows.admin.policies import set_policy
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio
IDLE_S = 3_600


async def left_alone(site, **more):
    """A browser with an app's tokens, which is not used for too long."""
    browser = site.browser(**more)
    tokens = await browser.tokens("web")
    site.clock.advance(IDLE_S)
    return browser, tokens


async def ended(site):
    return await site.rows("SELECT end_reason FROM session ORDER BY rowid")


async def test_the_apps_go_on_and_nothing_is_revoked(site):
    browser, tokens = await left_alone(site)
    assert (await browser.get("/account")).headers["location"] == "/sign-in"
    refreshed = await site.refresh(tokens["refresh_token"])
    assert refreshed.status_code == 200
    assert await site.is_active(refreshed.json()["access_token"])
    assert await ended(site) == [(None,)]
    assert await site.rows("SELECT 1 FROM revocation") == []


async def test_an_app_that_is_used_keeps_no_browser_signed_in(site):
    """NIST SP 800-63B-4 section 5.1.2: a token says nothing of whether somebody is there."""
    browser, tokens = site.browser(), None
    tokens = await browser.tokens("web")
    for _ in range(4):
        site.clock.advance(IDLE_S // 4)
        answer = await site.refresh(tokens["refresh_token"])
        tokens = answer.json()
    assert (await browser.get("/account")).status_code == 303


async def test_asking_in_the_background_keeps_no_browser_signed_in_either(site):
    browser = site.browser()
    await browser.code()
    for _ in range(4):
        assert "code" in answer_of(await browser.authorize(prompt="none"))
        site.clock.advance(IDLE_S // 4)
    assert answer_of(await browser.authorize(prompt="none"))["error"] == "login_required"


async def test_the_sign_in_says_why_and_goes_on_with_the_same_session_and_its_apps(site):
    browser, tokens = await left_alone(site)
    step = await browser.authorize()
    page = await browser.get(step.headers["location"])
    assert "You did nothing here for an hour or longer, so sign in again." in page.text
    assert "alice" not in page.text
    again = await browser.sign_in(step.headers["location"])
    fresh = (await site.redeem(answer_of(again)["code"])).json()
    assert claims_of(fresh["access_token"])["sid"] == claims_of(tokens["access_token"])["sid"]
    assert (await site.refresh(tokens["refresh_token"])).status_code == 200
    assert await ended(site) == [(None,)]


async def test_who_never_signed_in_or_signed_out_is_told_nothing_of_that(site):
    assert "You did nothing" not in (await site.browser().get("/sign-in")).text


async def test_somebody_else_who_signs_in_there_ends_it_with_what_its_apps_hold(site):
    browser, tokens = await left_alone(site)
    await browser.sign_in(username="bob", password=BOBS_PASSWORD)
    assert await ended(site) == [("replaced",), (None,)]
    assert (await site.refresh(tokens["refresh_token"])).status_code == 400


async def test_signing_out_of_an_idle_browser_ends_the_session_and_its_tokens(site):
    browser, tokens = await left_alone(site)
    await browser.send("/logout", hidden_fields((await browser.get("/logout")).text))
    assert await ended(site) == [("logout",)]
    assert not await site.is_active(tokens["access_token"])
    assert (await site.refresh(tokens["refresh_token"])).status_code == 400


async def test_no_proof_of_an_idle_session_counts_in_another_sign_in(site):
    """A step up begins with what the session proved; not where nobody may be there any more."""
    browser = site.browser()
    await browser.code()
    await set_policy("strong", TokenPolicy(acr="urn:admit:acr:2fa"), rt=site.rt, caller=Caller(actor="test"))
    await resources.update(API, resources.ResourceChange(policy="strong"), rt=site.rt, caller=Caller(actor="test"))
    stepping_up = await browser.get((await browser.authorize()).headers["location"])
    assert "alice" in stepping_up.text
    site.clock.advance(IDLE_S)
    anew = await browser.get((await browser.authorize()).headers["location"])
    assert 'name="password"' in anew.text
    assert "alice" not in anew.text


async def test_a_form_that_was_open_meanwhile_changes_nothing_and_leads_to_the_sign_in(site):
    browser = site.browser()
    await browser.sign_in()
    form = {"form_token": hidden_fields((await browser.get("/logout")).text)["form_token"]}
    site.clock.advance(IDLE_S)
    answer = await browser.send("/account/sessions", form | {"end": "others"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


async def test_the_page_of_sessions_tells_how_long_and_which_has_to_sign_in_again(site):
    await left_alone(site, address="192.0.2.9")
    here = site.browser()
    await here.sign_in()
    page = (await here.get("/account/sessions")).text
    assert "A browser in which you do nothing here for an hour has to sign in again." in page
    assert page.count("Last used here on 14 November 2023, 23:13 UTC. <strong>It has to sign in again.</strong>") == 1


async def test_without_a_timeout_the_page_tells_none(open_site):
    async with open_site(toml="[sign_in]\nsession_idle_s = 0\n") as site:
        await left_alone(site)
        browser = site.browser()
        await browser.sign_in()
        page = (await browser.get("/account/sessions")).text
        assert "has to sign in again" not in page
