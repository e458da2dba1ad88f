"""The page of a person's sessions."""

import re

import pytest
from site_kit import BOBS_PASSWORD, SAME_ORIGIN, hidden_fields

pytestmark = pytest.mark.anyio
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"


async def signed_in(site, *, address="192.0.2.1", username="alice", agent=FIREFOX, **more):
    browser = site.browser(address=address)
    browser.client.headers["User-Agent"] = agent
    await browser.sign_in(username=username, **more)
    return browser


def endings(page):
    """The ids of the sessions that the page can end."""
    return re.findall(r'name="end" value="(ses_[0-9A-Za-z]+)"', page.text)


async def end(browser, what):
    form = hidden_fields((await browser.get("/logout")).text)
    return await browser.send("/account/sessions", {"form_token": form.get("form_token", ""), "end": what})


async def test_each_is_told_in_words_and_this_one_is_marked(site):
    here = await signed_in(site)
    await signed_in(
        site,
        address="10.1.2.3",
        agent="Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) "
        "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
    )
    page = await here.get("/account/sessions")
    assert page.headers["cache-control"] == "no-store"
    assert 'Firefox on Windows <span class="mark">this one</span>' in page.text
    assert "Safari on an iPhone" in page.text
    assert "a private network (10.1.2.3)" in page.text
    assert len(endings(page)) == 1


async def test_one_ends_with_its_tokens_and_this_one_goes_on(site):
    here, there = await signed_in(site), await signed_in(site, address="192.0.2.2")
    token = (await there.tokens())["access_token"]
    (other,) = endings(await here.get("/account/sessions"))
    answer = await end(here, other)
    assert (answer.status_code, answer.headers["location"]) == (303, "/account/sessions")
    assert not await site.is_active(token)
    assert "sign-in" in (await there.get("/account")).headers["location"]
    assert (await here.get("/account")).status_code == 200
    (event,) = [event for event in await site.events() if event.action == "session.ended"]
    assert (event.target, event.details) == (other, {"reason": "ended_by_person"})


async def test_all_others_end_at_once(site):
    here = await signed_in(site)
    others = [await signed_in(site, address=f"192.0.2.{number}") for number in range(2, 5)]
    bob = await signed_in(site, address="192.0.2.9", username="bob", password=BOBS_PASSWORD)
    answer = await end(here, "others")
    assert answer.status_code == 303
    assert [(await other.get("/account")).status_code for other in others] == [303] * 3
    assert (await here.get("/account")).status_code == 200
    assert (await bob.get("/account")).status_code == 200
    assert "End all others" not in (await here.get("/account/sessions")).text


async def test_an_app_that_signed_in_without_a_browser_is_named_and_can_be_ended(site):
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
    here = await signed_in(site)
    page = await here.get("/account/sessions")
    assert "The script, without a browser" in page.text


async def test_nobody_ends_the_session_of_another(site):
    here = await signed_in(site)
    bob = await signed_in(site, address="192.0.2.9", username="bob", password=BOBS_PASSWORD)
    ((bobs,),) = await site.rows(
        "SELECT s.id FROM session s JOIN app_user u ON u.id = s.user_id WHERE u.username = 'bob'"
    )
    answer = await end(here, bobs)
    assert answer.status_code == 400
    assert "no such session" in answer.text
    assert (await bob.get("/account")).status_code == 200


async def test_who_signed_in_long_ago_proves_it_again_before_ending_anything(site):
    here, there = await signed_in(site), await signed_in(site, address="192.0.2.2")
    (other,) = endings(await here.get("/account/sessions"))
    site.clock.advance(601)
    assert "prove first that it is you" in (await here.get("/account/sessions")).text
    for what in (other, "others"):
        assert (await end(here, what)).headers["location"] == "/sign-in"
    assert (await there.get("/account")).status_code == 200
    await here.sign_in()
    assert (await end(here, other)).headers["location"] == "/account/sessions"
    assert (await there.get("/account")).status_code == 303


async def test_many_are_shown_in_pages_and_each_once(site):
    here = await signed_in(site)
    for number in range(23):
        site.clock.advance(number % 2)  # some of them within one second
        await signed_in(site, address=f"198.51.100.{number}")
    found, url = [], "/account/sessions"
    while url:
        page = await here.get(url)
        found += re.findall(r"\((198\.51\.100\.[0-9]+)\)", page.text)
        link = re.search(r'href="(/account/sessions\?after=[^"]+)"', page.text)
        url = link[1] if link else ""
    assert sorted(found, key=lambda text: int(text.rpartition(".")[2])) == [f"198.51.100.{n}" for n in range(23)]


@pytest.mark.parametrize("after", ["x", "1", "1.ses_1", "1.ses_" + "0" * 23, "99999999999999.ses_" + "0" * 22])
async def test_a_changed_address_is_refused(site, after):
    here = await signed_in(site)
    assert (await here.get(f"/account/sessions?after={after}")).status_code == 400


async def test_forged_forms_end_nothing(site):
    here, there = await signed_in(site), await signed_in(site, address="192.0.2.2")
    page = await here.get("/account/sessions")
    form = {"form_token": hidden_fields(page.text)["form_token"], "end": "others"}
    foreign = {"Sec-Fetch-Site": "same-site", "Origin": "https://evil.example"}
    assert (await here.send("/account/sessions", form, foreign)).status_code == 403
    assert (await here.send("/account/sessions", form | {"form_token": "0" * 64})).status_code == 403
    assert (await there.send("/account/sessions", form, SAME_ORIGIN)).status_code == 403  # of another browser
    assert (await there.get("/account")).status_code == 200
