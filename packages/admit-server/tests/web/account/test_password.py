"""The page for a new password."""

import pytest
from site_kit import hidden_fields

pytestmark = pytest.mark.anyio
NEW = "walnut river lantern"


async def signed_in(site):
    browser = site.browser()
    await browser.sign_in()
    return browser


async def send(browser, **fields):
    page = await browser.get("/account/password")
    assert page.status_code == 200
    form = {"form_token": hidden_fields(page.text)["form_token"], "password": NEW, "again": NEW, "keep": "yes"} | fields
    return await browser.send("/account/password", {name: value for name, value in form.items() if value})


async def test_it_is_set_and_this_browser_stays(site):
    browser = await signed_in(site)
    answer = await send(browser)
    assert answer.status_code == 200
    assert "Your password is set" in answer.text
    assert NEW not in answer.text
    assert (await browser.get("/account")).status_code == 200
    assert (await site.browser(address="192.0.2.9").sign_in(password=NEW)).status_code == 303
    assert "You set a new password." in (await browser.get("/account/activity")).text


async def test_or_goes_where_that_is_wanted(site):
    browser = await signed_in(site)
    answer = await send(browser, keep="")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert "admit-8100-sid" not in browser.cookies
    assert (await browser.get("/account")).status_code == 303


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"again": "walnut river lanterns"}, "not the same"),
        ({"password": "short", "again": "short"}, "at least 15"),
        ({"password": "", "again": ""}, "at least 15"),
    ],
)
async def test_what_can_not_be_is_said_and_the_rest_of_the_form_stays(site, fields, said):
    browser = await signed_in(site)
    answer = await send(browser, keep="", **fields)
    assert answer.status_code == 400
    assert said in answer.text
    assert "checked" not in answer.text
    assert "<title>Problem: " in answer.text


async def test_who_signed_in_long_ago_proves_it_again_first(site):
    browser = await signed_in(site)
    page = await browser.get("/account/password")
    site.clock.advance(601)
    assert (await browser.get("/account/password")).headers["location"] == "/sign-in"
    form = {"form_token": hidden_fields(page.text)["form_token"], "password": NEW, "again": NEW, "keep": "yes"}
    assert (await browser.send("/account/password", form)).status_code == 303
    await browser.sign_in()
    assert (await send(browser)).status_code == 200
