"""The page of what happened to an account."""

import pytest
from site_kit import BOBS_PASSWORD

pytestmark = pytest.mark.anyio


async def test_a_person_reads_what_happened_and_nothing_of_others(site):
    stranger = site.browser(address="203.0.113.5")
    await stranger.sign_in(password="wrong wrong wrong")
    bob = site.browser(address="192.0.2.44")
    await bob.sign_in(username="bob", password=BOBS_PASSWORD)
    here = site.browser()
    await here.sign_in()
    page = await here.get("/account/activity")
    assert "You signed in." in page.text
    assert '<li class="soon"><strong>Somebody tried to sign in without success.</strong>' in page.text
    assert "203.0.113.5" in page.text
    assert "192.0.2.44" not in page.text


@pytest.mark.parametrize("before", ["0", "x", "-1", "1" * 19, "1e3", "٣"])
async def test_a_changed_address_is_refused(site, before):
    here = site.browser()
    await here.sign_in()
    assert (await here.get("/account/activity", params={"before": before})).status_code == 400
