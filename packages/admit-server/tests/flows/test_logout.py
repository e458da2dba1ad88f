"""Logout: asked first unless the request proves whose session it means; and dead is dead."""

from urllib.parse import urlencode

import pytest
from site_kit import hidden_fields

from admit.jose import Jwk, generate_key, sign

pytestmark = pytest.mark.anyio

HOME = "https://app.example/"
BYE = "https://app.example/bye?from=admit"


async def logout(browser, **params):
    return await browser.get("/logout?" + urlencode(params))


async def signed_in(browser):
    return "signed in as" in (await browser.get("/")).text


async def test_with_the_sessions_own_hint_it_is_done_at_once_and_leads_back_with_state(site):
    browser = site.browser()
    tokens = await browser.tokens()
    answer = await logout(browser, id_token_hint=tokens["id_token"], post_logout_redirect_uri=HOME, state="s 1")
    assert (answer.status_code, answer.headers["location"]) == (303, HOME + "?state=s+1")
    assert not await signed_in(browser)
    assert not await site.is_active(tokens["access_token"])
    assert (await site.refresh(tokens["refresh_token"])).status_code == 400
    ended = [event for event in await site.events() if event.action == "session.ended"]
    assert [(event.actor, event.details) for event in ended] == [("web", {"reason": "logout"})]


async def test_a_query_that_was_registered_is_kept(site):
    browser = site.browser()
    tokens = await browser.tokens()
    answer = await logout(browser, id_token_hint=tokens["id_token"], post_logout_redirect_uri=BYE, state="s")
    assert answer.headers["location"] == BYE + "&state=s"


async def test_without_an_address_to_return_to_there_is_a_page(site):
    browser = site.browser()
    tokens = await browser.tokens()
    answer = await logout(browser, id_token_hint=tokens["id_token"])
    assert answer.status_code == 200
    assert "You are signed out" in answer.text


async def test_without_a_hint_the_person_is_asked(site):
    """A link on a stranger's page must not sign anybody out."""
    browser = site.browser()
    tokens = await browser.tokens()
    answer = await logout(browser, client_id="web", post_logout_redirect_uri=HOME, state="s")
    assert answer.status_code == 200
    assert "You are signed in as <strong>alice</strong>" in answer.text
    assert "The web" in answer.text
    assert await signed_in(browser)
    assert await site.is_active(tokens["access_token"])
    done = await browser.send("/logout", hidden_fields(answer.text))
    assert (done.status_code, done.headers["location"]) == (303, HOME + "?state=s")
    assert not await site.is_active(tokens["access_token"])


async def test_the_hint_of_another_session_asks_too(site):
    other = await site.browser().tokens()
    browser = site.browser()
    tokens = await browser.tokens()
    answer = await logout(browser, id_token_hint=other["id_token"])
    assert "Sign out?" in answer.text
    assert await site.is_active(tokens["access_token"])
    assert await site.is_active(other["access_token"])
    await browser.send("/logout", hidden_fields(answer.text))
    assert not await site.is_active(tokens["access_token"])
    assert await site.is_active(other["access_token"])


async def test_a_hint_from_a_browser_that_is_not_signed_in_ends_the_session_it_names(site):
    """An app of its own, or a browser whose cookie is gone."""
    tokens = await site.browser().tokens()
    answer = await logout(site.browser(), id_token_hint=tokens["id_token"], post_logout_redirect_uri=HOME)
    assert answer.headers["location"] == HOME
    assert not await site.is_active(tokens["access_token"])


async def test_a_hint_that_has_expired_is_still_a_hint(site):
    """RP-Initiated Logout section 2."""
    browser = site.browser()
    tokens = await browser.tokens()
    site.clock.advance(4000)
    answer = await logout(browser, id_token_hint=tokens["id_token"], post_logout_redirect_uri=HOME)
    assert answer.headers["location"] == HOME


async def test_a_hint_that_is_not_ours_is_refused_on_a_page_and_ends_nothing(site):
    browser = site.browser()
    tokens = await browser.tokens()
    foreign = sign({"iss": "http://127.0.0.1:8100", "aud": "web", "sid": "ses_x"}, generate_key("RS256"), typ="JWT")
    key = site.rt.keys.current.signer("RS256", now=site.clock())
    elsewhere = sign({"iss": "https://other.example", "aud": "web", "sub": "x"}, key, typ="JWT")
    hs = sign(
        {"iss": "http://127.0.0.1:8100", "aud": "web"},
        Jwk.parse({"kty": "oct", "k": "A" * 43, "alg": "HS256"}),
        typ="JWT",
    )
    wrong = (foreign, elsewhere, hs, "x", "a.b.c", tokens["access_token"], tokens["id_token"][:-3] + "AAA", "✓")
    for hint in wrong:
        answer = await logout(browser, id_token_hint=hint, post_logout_redirect_uri=HOME)
        assert answer.status_code == 400, hint
        assert "location" not in answer.headers
    assert await signed_in(browser)


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/",
        HOME + "x",
        HOME + "?x=1",
        "https://app.example",
        "https://app.example@evil.example/",
        "//evil.example/",
        "javascript:alert(1)",
    ],
)
async def test_an_address_that_is_not_registered_is_never_returned_to(site, address):
    browser = site.browser()
    tokens = await browser.tokens()
    for params in ({"id_token_hint": tokens["id_token"]}, {"client_id": "web"}, {}):
        answer = await logout(browser, post_logout_redirect_uri=address, **params)
        assert answer.status_code == 400
        assert "location" not in answer.headers
        assert "evil.example" not in answer.text
    assert await signed_in(browser)


async def test_another_clients_address_is_not_this_ones(site):
    browser = site.browser()
    await browser.tokens()
    assert (await logout(browser, client_id="portal", post_logout_redirect_uri=HOME)).status_code == 400
    assert (await logout(browser, post_logout_redirect_uri=HOME)).status_code == 400


async def test_hint_and_client_have_to_agree(site):
    browser = site.browser()
    tokens = await browser.tokens()
    assert (await logout(browser, id_token_hint=tokens["id_token"], client_id="portal")).status_code == 400
    assert (await logout(browser, id_token_hint=tokens["id_token"], client_id="web")).status_code == 200


async def test_who_is_not_signed_in_is_just_told_so(site):
    answer = await logout(site.browser())
    assert "You are signed out" in answer.text
    back = await logout(site.browser(), client_id="web", post_logout_redirect_uri=HOME, state="s")
    assert back.headers["location"] == HOME + "?state=s"


async def test_an_app_may_post_its_request(site):
    """RP-Initiated Logout section 2: GET and POST."""
    browser = site.browser()
    tokens = await browser.tokens()
    form = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": HOME}
    answer = await browser.client.post("/logout", data=form)
    assert answer.headers["location"] == HOME
    assert not await site.is_active(tokens["access_token"])


async def test_a_post_of_a_stranger_without_a_hint_asks(site):
    browser = site.browser()
    await browser.sign_in()
    answer = await browser.client.post("/logout", data={"client_id": "web"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert "Sign out?" in answer.text
    assert await signed_in(browser)


async def test_a_copied_cookie_is_dead_too(site):
    browser = site.browser()
    await browser.sign_in()
    copy = site.browser()
    copy.client.cookies.update(browser.client.cookies)
    assert await signed_in(copy)
    await browser.send("/logout", hidden_fields((await logout(browser)).text))
    assert not await signed_in(copy)


async def test_opaque_and_signed_tokens_of_one_session_die_together(site):
    browser = site.browser()
    signed, opaque = await browser.tokens(), await browser.tokens("opaque-web")
    await logout(browser, id_token_hint=signed["id_token"])
    for tokens in (signed, opaque):
        assert not await site.is_active(tokens["access_token"])


async def test_other_sessions_of_the_same_person_go_on(site):
    here, there = site.browser(), site.browser()
    mine, other = await here.tokens(), await there.tokens()
    await logout(here, id_token_hint=mine["id_token"])
    assert await site.is_active(other["access_token"])
    assert await signed_in(there)


async def test_signing_out_twice_does_no_harm(site):
    browser = site.browser()
    tokens = await browser.tokens()
    for _ in range(2):
        answer = await logout(browser, id_token_hint=tokens["id_token"], post_logout_redirect_uri=HOME)
        assert answer.status_code == 303
    assert (await site.actions()).count("session.ended") == 1
