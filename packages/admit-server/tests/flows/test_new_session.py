"""The session that a journey ends in, and the cookie that finds it."""

import pytest

from admit_server.flows.new_session import current_session

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("cookie", [None, "", "adm_ss_wrong", "x" * 200])
async def test_a_cookie_that_is_none_of_ours_finds_no_session(site, cookie):
    assert await current_session(cookie, rt=site.rt) is None


async def test_a_session_remembers_what_was_proven(site):
    browser = site.browser()
    await browser.sign_in()
    found = await current_session(browser.cookies["admit-8100-sid"], rt=site.rt)
    assert [(proof.authenticator, proof.amr) for proof in found.proofs] == [("password", ("pwd",))]
    assert found.proofs[0].at == found.auth_time == site.clock()


async def test_a_session_is_over_at_its_second(site):
    browser = site.browser()
    await browser.sign_in()
    site.clock.advance(site.rt.session_lifetime_s - 1)
    assert await current_session(browser.cookies["admit-8100-sid"], rt=site.rt) is not None
    site.clock.advance(1)
    assert await current_session(browser.cookies["admit-8100-sid"], rt=site.rt) is None
