"""Tokens that somebody found in the open."""

import json
import re

import pytest
from site_kit import API, claims_of, hidden_fields

from admit_server.flows.admin import resources
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio


@pytest.fixture
async def shop(site):
    change = resources.ResourceChange(personal_tokens=True)
    await resources.update(API, change, rt=site.rt, caller=Caller(actor="test"))
    return site


@pytest.fixture
async def alices(shop):
    browser = shop.browser()
    await browser.sign_in()
    return browser


async def personal_token(browser):
    page = await browser.get("/account/tokens")
    form = hidden_fields(page.text) | {"name": "nightly", "days": "30", "scope notes:read": "yes"}
    return re.search(r"adm_pat_[0-9A-Za-z]+", (await browser.send("/account/tokens", form)).text)[0]


async def leaked(shop, token, **more):
    answer = await shop.post("/leaked", {"token": token, "url": "https://paste.example/1"} | more)
    assert (answer.status_code, answer.content) == (204, b"")


async def test_a_found_token_ends_whatever_kind_it_is_and_the_finder_learns_nothing(shop, alices):
    personal = await personal_token(alices)
    tokens, others = await shop.tokens(), await shop.tokens("opaque-web")
    session = alices.cookies[shop.server.application.site.cookies.session]
    for token in (
        "nonsense",
        "adm_pat_" + "0" * 49,
        personal[:-1] + "~",
        personal,
        tokens["access_token"],
        others["access_token"],
    ):
        await leaked(shop, token)
    for token in (personal, tokens["access_token"], others["access_token"]):
        assert not await shop.is_active(token)
    await leaked(shop, others["refresh_token"])
    assert (await shop.refresh(others["refresh_token"], "opaque-web")).json()["error"] == "invalid_grant"
    assert (await shop.refresh(tokens["refresh_token"])).status_code == 200  # its access token alone had been found
    await leaked(shop, session)
    assert (await alices.get("/account/tokens")).headers["location"] == "/sign-in"
    kinds = [event.details["kind"] for event in await shop.events() if event.action == "token.leaked"]
    assert sorted(kinds) == ["access_token", "access_token", "personal_token", "refresh_token", "session"]
    assert all(
        e.details["where"] == "https://paste.example/1" for e in await shop.events() if e.action == "token.leaked"
    )


async def test_a_found_token_that_is_handed_in_again_is_no_news(shop, alices):
    token = await personal_token(alices)
    for _ in range(3):
        await leaked(shop, token)
    assert (await shop.actions()).count("token.leaked") == 1


async def test_a_found_jwt_is_dead_for_those_who_follow_the_feed(shop):
    token = (await shop.tokens())["access_token"]
    before = len(await shop.rt.store.read.feed.live(now=shop.clock()))
    await leaked(shop, token)
    assert len(await shop.rt.store.read.feed.live(now=shop.clock())) == before + 1
    assert claims_of(token)["jti"] in [event.target for event in await shop.events()]


async def test_a_clients_secret_is_written_down_and_left_to_the_administrator(shop):
    await leaked(shop, shop.secrets["robot"])
    assert (await shop.own_token()).status_code == 200
    event = next(event for event in await shop.events() if event.action == "token.leaked")
    assert (event.target, event.details["kind"]) == ("robot", "client_secret")


async def hand_in(shop, body):
    headers = {"Content-Type": "application/json"}
    return await shop.http().post("/leaked", content=json.dumps(body), headers=headers)


async def test_scanners_hand_in_many_at_once(shop, alices):
    tokens = [await personal_token(alices), (await shop.tokens())["access_token"]]
    body = [{"token": token, "url": "https://code.example", "type": "admit", "source": "content"} for token in tokens]
    answer = await hand_in(shop, body)
    assert answer.status_code == 204
    assert [await shop.is_active(token) for token in tokens] == [False, False]
    for wrong in ([], {}, [{"url": "x"}], [{"token": ""}], [{"token": "x"}] * 101, "x"):
        assert (await hand_in(shop, wrong)).status_code == 400


async def test_the_bodys_form_is_judged_and_nothing_else(shop):
    assert (await shop.post("/leaked", {"url": "x"})).json()["code"] == "invalid_request"
    assert (await shop.post("/leaked", {"token": "x", "url": "x" * 501})).status_code == 400
