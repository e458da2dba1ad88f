"""The page of a person's addresses."""

import asyncio
import re

import pytest
from site_kit import hidden_fields

pytestmark = pytest.mark.anyio


@pytest.fixture
async def mailing_site(post_office, open_site):
    toml = f'[mail]\nhost = "{post_office.host}"\nport = {post_office.port}\nsecurity = "insecure_plain"\nsender = "admit@id.example"\n'
    async with open_site(toml=toml) as site:
        yield site


async def signed_in(site):
    browser = site.browser()
    await browser.sign_in()
    return browser


async def send(browser, **fields):
    token = hidden_fields((await browser.get("/logout")).text)["form_token"]
    return await browser.send("/account/profile", {"form_token": token} | fields)


async def link_in(office, offices, number):
    """The link of the mail of that number, as a path."""
    for _ in range(300):
        if len(office.mails) >= number:
            return re.search(r"http://127\.0\.0\.1:8100(/\S+)", offices.text_of(office.mails[number - 1]))[1]
        await asyncio.sleep(0.02)
    raise AssertionError("no mail")


async def test_an_address_is_added_verified_by_its_link_preferred_and_the_old_one_removed(
    mailing_site, post_office, post_offices
):
    browser = await signed_in(mailing_site)
    page = (await browser.get("/account/profile")).text
    assert "alice@example.com <span" in page
    answer = await send(browser, add="new@example.com")
    assert "on its way to <strong>new@example.com" in answer.text
    assert "Nobody has verified yet" in answer.text
    assert (await send(browser, main="new@example.com")).status_code == 400
    path = await link_in(post_office, post_offices, 1)
    shown = await browser.get(path)
    form = hidden_fields(shown.text)
    done = await browser.send(path.partition("?")[0], form)
    assert done.status_code in (200, 303)
    assert (await send(browser, main="new@example.com")).status_code == 303
    assert (await send(browser, remove="alice@example.com")).status_code == 303
    page = (await browser.get("/account/profile")).text
    assert "alice@example.com" not in page
    assert 'new@example.com <span class="mark">main' in page


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"add": "nonsense"}, "not an e-mail address"),
        ({"remove": "alice@example.com"}, "main address"),
        ({"remove": "bob@example.com"}, "not one of your addresses"),
        ({"main": "bob@example.com"}, "not one of your addresses"),
        ({"other": "x"}, ""),
    ],
)
async def test_what_can_not_be_is_said(mailing_site, fields, said):
    browser = await signed_in(mailing_site)
    answer = await send(browser, **fields)
    assert answer.status_code == 400
    assert said in answer.text


@pytest.mark.parametrize(
    "fields", [{"add": "x@example.com"}, {"main": "alice@example.com"}, {"remove": "x@example.com"}]
)
async def test_every_change_needs_a_fresh_sign_in(mailing_site, fields):
    browser = await signed_in(mailing_site)
    mailing_site.clock.advance(601)
    assert "prove first" in (await browser.get("/account/profile")).text
    assert (await send(browser, **fields)).headers["location"] == "/sign-in"
    assert "x@example.com" not in (await browser.get("/account/profile")).text


async def test_where_no_mail_is_sent_nothing_can_be_verified_and_nothing_offers_it(site):
    browser = await signed_in(site)
    assert "Another address" not in (await browser.get("/account/profile")).text
    assert "sends no mail" in (await send(browser, add="x@example.com")).text


async def test_the_overview_tells_who_can_not_be_told_anything(mailing_site):
    bob = mailing_site.browser()
    await bob.sign_in(username="bob", password="another sturdy phrase")
    assert "You have no e-mail address here" in (await bob.get("/account")).text
    alice = await signed_in(mailing_site)
    assert "You have no e-mail address here" not in (await alice.get("/account")).text
