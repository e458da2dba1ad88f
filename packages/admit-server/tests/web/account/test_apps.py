"""The page of connected apps."""

import pytest
from site_kit import API, hidden_fields

from admit_server.domain.personal_token import PERSONAL_CLIENT
from admit_server.flows.admin import resources
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio


@pytest.fixture
async def alices(site):
    browser = site.browser()
    await browser.sign_in()
    return browser


async def disconnect(browser, client_id):
    form = hidden_fields((await browser.get("/logout")).text)
    return await browser.send("/account/apps", {"form_token": form["form_token"], "disconnect": client_id})


async def test_an_app_is_told_in_words_with_what_it_may_do(site, alices):
    assert "No app can act for you" in (await alices.get("/account/apps")).text
    await alices.tokens("third", redirect_uri="https://third.example/cb", scope="openid notes:read notes:write")
    page = await alices.get("/account/apps")
    assert "The third" in page.text
    assert "not part of this organisation" in page.text
    assert "Read your notes" in page.text
    assert "Know that it is you" in page.text
    assert "Last used: " in page.text
    await resources.update(API, resources.ResourceChange(scopes={"notes:read": "Look at notes"}), rt=site.rt,
                           caller=Caller(actor="test"))  # fmt: skip
    assert "notes:write" in (await alices.get("/account/apps")).text  # a scope that has no words any more


async def test_disconnected_it_loses_everything_on_every_device_and_others_nothing(site, alices):
    elsewhere = site.browser(address="192.0.2.8")
    await elsewhere.sign_in()
    lost = [await browser.tokens("third", redirect_uri="https://third.example/cb") for browser in (alices, elsewhere)]
    kept = await alices.tokens("web")
    bobs = site.browser(address="192.0.2.9")
    await bobs.sign_in(username="bob", password="another sturdy phrase")
    bobs_tokens = await bobs.tokens("third", redirect_uri="https://third.example/cb", username="bob")
    answer = await disconnect(alices, "third")
    assert (answer.status_code, answer.headers["location"]) == (303, "/account/apps")
    for tokens in lost:
        assert not await site.is_active(tokens["access_token"])
        assert (await site.refresh(tokens["refresh_token"], "third")).status_code == 400
    for tokens in (kept, bobs_tokens):
        assert await site.is_active(tokens["access_token"])
    page = await alices.get("/account/apps")
    assert "The third" not in page.text
    assert "The web" in page.text
    (event,) = [event for event in await site.events() if event.action == "account.app_disconnected"]
    assert (event.target, event.details) == ("third", {"name": "The third", "ended": 2})
    assert (await disconnect(alices, "third")).status_code == 400


async def test_disconnecting_needs_no_fresh_sign_in_because_it_only_takes_away(site, alices):
    await alices.tokens("web")
    site.clock.advance(3600)
    assert (await disconnect(alices, "web")).status_code == 303


async def test_an_app_without_a_browser_is_signed_out_with_it(site, alices):
    answer = await site.post(
        "/authorize-challenge",
        {
            "client_id": "script",
            "scope": "notes:read",
            "username": "alice",
            "password": "a sturdy pass phrase",
            "code_challenge": "x" * 43,
            "code_challenge_method": "S256",
        },
    )
    assert answer.status_code == 200, answer.text
    assert "without a browser" in (await alices.get("/account/sessions")).text
    assert (await disconnect(alices, "script")).status_code == 303
    assert "without a browser" not in (await alices.get("/account/sessions")).text


async def test_personal_tokens_are_no_app(site, alices):
    change = resources.ResourceChange(personal_tokens=True)
    await resources.update(API, change, rt=site.rt, caller=Caller(actor="test"))
    page = await alices.get("/account/tokens")
    await alices.send(
        "/account/tokens", hidden_fields(page.text) | {"name": "n", "days": "30", "scope notes:read": "yes"}
    )
    assert "No app can act for you" in (await alices.get("/account/apps")).text
    assert (await disconnect(alices, PERSONAL_CLIENT)).status_code == 400
    assert "n <span" in (await alices.get("/account/tokens")).text
    assert await site.rows("SELECT ended_at FROM access_grant") == [(None,)]
