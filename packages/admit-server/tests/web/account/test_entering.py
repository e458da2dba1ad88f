"""Who comes to the pages of the account, and what all of these pages have."""

import pytest
from site_kit import hidden_fields

from admit_server.web.pages.returning import own_page
from admit_server.web.routes import ROUTES

pytestmark = pytest.mark.anyio
# The second pages of a part have no link of their own.
PAGES = [path for path in ROUTES if path.startswith("/account") and not path.endswith("/add")]


@pytest.mark.parametrize("path", PAGES)
async def test_strangers_are_led_to_the_sign_in_with_the_way_back(site, path):
    assert own_page(path) == path
    answer = await site.browser().get(path)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in"
    assert (
        answer.headers["set-cookie"].startswith(f"admit-8100-back={path}; HttpOnly; Max-Age=900")
        or f"{path}" in answer.headers["set-cookie"]
    )


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_is_never_cached_under_a_strict_policy_and_has_the_way_out(site, path):
    browser = site.browser()
    await browser.sign_in()
    page = await browser.get(path)
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert 'href="/logout"' in page.text
    own, above = f'<a href="{path}" aria-current="page">', '<a href="/account/ways" aria-current="true">'
    assert (own in page.text) != (above in page.text)


@pytest.mark.parametrize("path", [path for path in PAGES if "POST" in ROUTES[path].methods])
async def test_no_form_is_taken_from_elsewhere_or_from_nobody(site, path):
    browser = site.browser()
    await browser.sign_in()
    good = {"form_token": hidden_fields((await browser.get("/logout")).text)["form_token"]}
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {},
    ):
        assert (await browser.send(path, good, headers)).status_code == 403, headers
    assert (await browser.send(path, {"form_token": "0" * 64})).status_code == 403
    browser.client.cookies.delete("admit-8100-sid")
    assert (await browser.send(path, good)).headers["location"] == "/sign-in"


@pytest.mark.parametrize(
    "text",
    [
        None, "", "/", "//evil.example", "/account//evil.example", "/account/..//evil", "https://evil.example/account", "/account?x=1",
        "/account#x", "/account\\evil", "/accounts", "/account/a/b/c", "/account/", " /account", "/account\n", "/account/Tokens",
        "/\\account", "/account/%2e%2e", "/account/" + "a" * 70, "javascript:alert(1)", "/account@evil.example",
    ],
)  # fmt: skip
def test_a_sign_in_leads_back_to_nothing_but_a_page_of_the_account(text):
    assert own_page(text) is None


async def test_the_overview_tells_who_how_much_and_what_needs_attention(site):
    browser = site.browser(address="127.0.0.1")
    browser.client.headers["User-Agent"] = "curl/8.5.0"
    await browser.sign_in()
    page = (await browser.get("/account")).text
    assert "<strong>alice</strong>, alice@example.com" in page
    assert "<strong>1</strong> place" in page
    assert "<strong>No</strong> connected apps" in page
    assert "the server&#39;s own machine" in page
    assert "<dd>curl</dd>" in page
    assert "Needs your attention" not in page
    await browser.tokens("web")
    assert "<strong>1</strong> connected app<" in (await browser.get("/account")).text
