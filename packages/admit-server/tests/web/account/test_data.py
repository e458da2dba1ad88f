"""The page of a person's data."""

import pytest
from site_kit import hidden_fields

pytestmark = pytest.mark.anyio


async def signed_in(site):
    browser = site.browser()
    await browser.sign_in()
    return browser


async def send(browser, **fields):
    page = await browser.get("/account/data")
    return await browser.send("/account/data", {"form_token": hidden_fields(page.text)["form_token"]} | fields)


async def test_it_is_downloaded_as_a_file_that_nobody_keeps_on_the_way(site):
    browser = await signed_in(site)
    answer = await send(browser, act="download")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-disposition"] == 'attachment; filename="my-account.json"'
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["profile"]["username"] == "alice"
    assert "You downloaded your data." in (await browser.get("/account/activity")).text


async def test_the_account_goes_when_its_name_was_typed(site):
    browser = await signed_in(site)
    wrong = await send(browser, act="delete", name="bob")
    assert wrong.status_code == 400
    assert "not your user name" in wrong.text
    answer = await send(browser, act="delete", name="alice")
    assert answer.status_code == 200
    assert "Your account is gone" in answer.text
    assert "admit-8100-sid" not in browser.cookies
    assert (await browser.get("/account")).status_code == 303
    assert (await browser.sign_in()).status_code == 403


@pytest.mark.parametrize("act", ["download", "delete"])
async def test_both_need_a_fresh_sign_in(site, act):
    browser = await signed_in(site)
    site.clock.advance(601)
    assert "prove that it is you" in (await browser.get("/account/data")).text
    answer = await send(browser, act=act, name="alice")
    assert answer.headers["location"] == "/sign-in"
    assert (await browser.get("/account")).status_code == 200


async def test_a_form_that_was_changed_does_nothing(site):
    browser = await signed_in(site)
    assert (await send(browser, act="other")).status_code == 400
    assert (await send(browser)).status_code == 400


async def test_where_people_may_not_delete_themselves_nothing_offers_it(open_site):
    async with open_site(toml="[account]\nmay_delete = false\n") as site:
        browser = await signed_in(site)
        assert "Delete" not in (await browser.get("/account/data")).text
        assert (await send(browser, act="delete", name="alice")).status_code == 400
        assert (await browser.get("/account")).status_code == 200
