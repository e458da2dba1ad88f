"""What protects the pages: cookies, forms, origins, policies."""

import ipaddress
import re

import pytest
from site_kit import BOBS_PASSWORD, CALLBACK, ISSUER, PASSWORD, SAME_ORIGIN, answer_of, first_form, hidden_fields

from admit_server.web.security import CookieNames, _client_address, _network_of, page_policy

pytestmark = pytest.mark.anyio

POLICY = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"


def cookies_set(answer):
    """Name to attributes, of every Set-Cookie header."""
    found = {}
    for header in answer.headers.get_list("set-cookie"):
        pair, *attributes = header.split("; ")
        found[pair.split("=", 1)[0]] = {attribute.lower() for attribute in attributes}
    return found


# Cookies -----------------------------------------------------------------------------------------------------------------


def test_over_https_cookies_have_the_host_prefix():
    names = CookieNames.for_issuer("https://id.example")
    assert (names.session, names.browser, names.device) == ("__Host-admit-sid", "__Host-admit-bid", "__Host-admit-did")
    assert (names.journeys, names.back) == ("__Host-admit-jid", "__Host-admit-back")
    assert names.secure


def test_on_loopback_the_port_stands_in_the_name_because_ports_share_a_jar():
    assert CookieNames.for_issuer("http://127.0.0.1:8100").session == "admit-8100-sid"
    assert CookieNames.for_issuer("http://127.0.0.1:9000").session == "admit-9000-sid"
    assert CookieNames.for_issuer("http://localhost").session == "admit-80-sid"
    assert not CookieNames.for_issuer("http://localhost").secure


async def test_cookies_are_for_this_host_only_and_out_of_reach_of_scripts(site):
    browser = site.browser()
    step = await browser.authorize()
    browser_cookie = cookies_set(step)
    assert browser_cookie == {"admit-8100-bid": {"httponly", "path=/", "samesite=lax"}}
    signed_in = cookies_set(await browser.sign_in(step.headers["location"]))
    assert signed_in == {
        "admit-8100-sid": {"httponly", "path=/", "samesite=lax"},
        "admit-8100-did": {"httponly", "path=/", "samesite=lax", "max-age=31536000"},
    }


async def test_over_https_they_are_secure_and_bound_to_the_host(open_site):
    async with open_site(issuer="https://id.example") as site:
        browser = site.browser()
        page = await browser.get("/sign-in")
        form = first_form(page.text) | {"username": "alice", "password": PASSWORD}
        answer = await browser.send("/sign-in", form, {"Sec-Fetch-Site": "same-origin"})
        for answered in (page, answer):
            for name, attributes in cookies_set(answered).items():
                assert name.startswith("__Host-admit-")
                assert {"secure", "path=/", "httponly", "samesite=lax"} <= attributes
                assert not any(attribute.startswith("domain") for attribute in attributes)
        assert "__Host-admit-sid" in cookies_set(answer)


async def test_a_session_cookie_holds_a_secret_and_nothing_of_the_person(site):
    browser = site.browser()
    await browser.sign_in()
    secret = browser.cookies["admit-8100-sid"]
    assert re.fullmatch(r"adm_ss_[0-9A-Za-z]{49}", secret)
    stored = await site.rows("SELECT id, digest FROM session")
    assert secret not in str(stored)
    thief = site.browser()
    thief.client.cookies.set("admit-8100-sid", stored[0][0])
    assert "not signed in" in (await thief.get("/")).text


async def test_a_failed_sign_in_sets_no_cookie(site):
    assert cookies_set(await site.browser().sign_in(password="wrong wrong wrong")) == {}


async def test_signing_out_takes_the_session_cookie_back_and_leaves_the_others(site):
    browser = site.browser()
    await browser.sign_in()
    page = await browser.get("/logout")
    answer = await browser.send("/logout", hidden_fields(page.text))
    taken = cookies_set(answer)
    assert set(taken) == {"admit-8100-sid", "admit-8100-jid"}
    assert "max-age=0" in taken["admit-8100-sid"]


async def test_the_name_of_a_person_is_not_in_the_device_cookie(site):
    browser = site.browser()
    await browser.sign_in()
    device = browser.cookies["admit-8100-did"]
    user = (await site.rows("SELECT id FROM app_user WHERE username = 'alice'"))[0][0]
    assert user not in bytes.fromhex(device).decode("latin-1")


# Forms -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "passes"),
    [
        ({"Sec-Fetch-Site": "same-origin", "Origin": ISSUER}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, True),
        ({"Origin": ISSUER}, True),
        ({}, False),
        ({"Sec-Fetch-Site": "same-site", "Origin": ISSUER}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": ISSUER}, False),
        ({"Sec-Fetch-Site": "none"}, False),
        ({"Sec-Fetch-Site": "none", "Origin": ISSUER}, False),
        ({"Sec-Fetch-Site": ""}, False),
        ({"Sec-Fetch-Site": "SAME-ORIGIN"}, False),
        ({"Sec-Fetch-Site": "same-origin, cross-site"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "http://127.0.0.1:8101"}, False),
        ({"Origin": "http://127.0.0.1"}, False),
        ({"Origin": ISSUER + "/"}, False),
        ({"Origin": ISSUER + ".evil.example"}, False),
        ({"Referer": ISSUER + "/sign-in"}, False),
    ],
)
async def test_only_our_own_page_may_send_a_form(site, headers, passes):
    """Never `same-site`: a neighbour on another port or subdomain is a stranger."""
    browser = site.browser()
    form = hidden_fields((await browser.get("/sign-in")).text) | {"username": "alice", "password": PASSWORD}
    answer = await browser.send("/sign-in", form, headers)
    assert answer.status_code == (303 if passes else 403)
    if not passes:
        assert "not sent from our own page" in answer.text
        assert await site.rows("SELECT COUNT(*) FROM session") == [(0,)]


async def test_every_form_that_changes_something_is_checked(site):
    browser = site.browser()
    await browser.sign_in()
    consent = hidden_fields((await browser.get((await browser.authorize("third")).headers["location"])).text)
    out = hidden_fields((await browser.get("/logout")).text)
    for path, form in (("/consent", consent | {"decision": "allow"}), ("/logout", out)):
        for headers in ({}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}):
            assert (await browser.send(path, form, headers)).status_code == 403
        for token in ("", "0" * 64, form["form_token"][:-1], form["form_token"].upper(), "ü"):
            answer = await browser.send(path, form | {"form_token": token})
            assert answer.status_code in (200, 403)
    assert "signed in as" in (await browser.get("/")).text


async def test_a_form_works_only_in_the_browser_it_was_made_for(site):
    mine, theirs = site.browser(), site.browser()
    form = hidden_fields((await mine.get("/sign-in")).text) | {"username": "alice", "password": PASSWORD}
    await theirs.get("/sign-in")
    assert (await theirs.send("/sign-in", form)).status_code == 403
    nobody = site.browser()
    answer = await nobody.send("/sign-in", form)
    assert answer.status_code == 403
    assert "did not send back our cookie" in answer.text


async def test_a_sign_in_begun_in_one_browser_can_not_be_finished_in_another(site):
    """Somebody who is sent an attacker's link must not sign in to the attacker's request."""
    attacker, victim = site.browser(), site.browser()
    location = (await attacker.authorize(state="attacker")).headers["location"]
    for answer in (await victim.get(location), await victim.get(location.replace("/sign-in", "/consent"))):
        assert answer.status_code == 400
    form = hidden_fields((await victim.get("/sign-in")).text)
    sealed = location.split("request=")[1]
    sent = await victim.send("/sign-in", form | {"request": sealed, "username": "alice", "password": PASSWORD})
    assert sent.status_code == 400
    assert await site.rows("SELECT COUNT(*) FROM session") == [(0,)]


async def test_a_sealed_request_that_was_changed_or_is_too_old_is_refused_kindly(site):
    browser = site.browser()
    location = (await browser.authorize()).headers["location"]
    for wrong in (
        location[:-4] + "AAAA",
        location + "A",
        "/sign-in?request=x",
        "/sign-in?request=%C3%BC",
        "/consent?request=x",
    ):
        answer = await browser.get(wrong)
        assert answer.status_code == 400
        assert "too old, or was opened in another browser" in answer.text
    site.clock.advance(3600)
    assert (await browser.get(location)).status_code == 400


async def test_a_browser_id_that_we_did_not_make_is_replaced(site):
    browser = site.browser()
    for planted in ("x", "a" * 31, "A" * 32, "a" * 33, "../../etc"):
        browser.client.cookies.set("admit-8100-bid", planted, domain="127.0.0.1", path="/")
        answer = await browser.get("/sign-in")
        assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["set-cookie"].split("=")[1].split(";")[0])
        browser.client.cookies.clear()


async def test_the_consent_of_one_person_is_never_given_by_another(site):
    """Two tabs: bob signs in while alice's consent page is open."""
    browser = site.browser()
    await browser.sign_in()
    page = await browser.get((await browser.authorize("third")).headers["location"])
    assert "alice" in page.text
    await browser.sign_in(username="bob", password=BOBS_PASSWORD)
    answer = await browser.send("/consent", hidden_fields(page.text) | {"decision": "allow"})
    assert "code=" not in answer.headers.get("location", "")


# Pages -------------------------------------------------------------------------------------------------------------------


def test_the_policy_names_where_the_form_may_lead_and_nothing_else():
    assert page_policy(None) == POLICY
    assert page_policy("https://app.example:8443/cb?x=1") == POLICY + " https://app.example:8443"
    assert page_policy("http://127.0.0.1:49152/cb") == POLICY + " http://127.0.0.1:49152"
    assert page_policy("http://[::1]:49152/cb") == POLICY + " http://[::1]:49152"
    assert page_policy("com.example.app:/cb") == POLICY + " com.example.app:"
    assert page_policy("com.example.app://evil.example/cb") == POLICY + " com.example.app:"


async def test_every_page_has_the_exact_policy(site):
    browser = site.browser()
    for path in ("/", "/sign-in", "/nothing", "/authorize", "/consent"):
        answer = await browser.get(path)
        assert answer.headers["content-security-policy"] == POLICY
    signing_in = await browser.get((await browser.authorize()).headers["location"])
    assert signing_in.headers["content-security-policy"] == POLICY + " https://app.example"
    wrong = await browser.sign_in((await browser.authorize()).headers["location"], password="wrong wrong wrong")
    assert wrong.headers["content-security-policy"] == POLICY + " https://app.example"
    native = await browser.authorize("native", redirect_uri="com.example.app:/cb")
    page = await browser.get(native.headers["location"])
    assert page.headers["content-security-policy"] == POLICY + " com.example.app:"
    loopback = await browser.authorize("native", redirect_uri="http://127.0.0.1:49152/cb")
    page = await browser.get(loopback.headers["location"])
    assert page.headers["content-security-policy"] == POLICY + " http://127.0.0.1:49152"


async def test_pages_have_no_script_no_inline_style_and_nothing_from_elsewhere(site):
    browser = site.browser()
    await browser.sign_in()
    pages = [
        await browser.get("/"),
        await browser.get("/sign-in"),
        await browser.get("/logout"),
        await browser.get((await browser.authorize("third")).headers["location"]),
        await browser.get("/nothing"),
    ]
    for page in pages:
        assert "<script" not in page.text
        assert "style=" not in page.text
        assert "<style" not in page.text
        assert not re.search(r"\son[a-z]+=", page.text)
        assert not re.search(r'(src|href)="https?:', page.text)


async def test_every_redirect_is_a_303(site):
    """RFC 9700 section 4.12: a 307 would carry the password on."""
    browser = site.browser()
    first = await browser.authorize()
    second = await browser.sign_in(first.headers["location"])
    third = await browser.authorize("third")
    page = await browser.get(third.headers["location"])
    fourth = await browser.send("/consent", hidden_fields(page.text) | {"decision": "allow"})
    out = hidden_fields((await browser.get("/logout?client_id=web&post_logout_redirect_uri=https://app.example/")).text)
    fifth = await browser.send("/logout", out)
    assert [answer.status_code for answer in (first, second, third, fourth, fifth)] == [303] * 5


@pytest.mark.parametrize(
    "name",
    ["next", "return_to", "redirect", "url", "redirect_uri", "continue", "request_uri", "post_logout_redirect_uri"],
)
async def test_no_page_leads_to_an_address_out_of_the_query(site, name):
    browser = site.browser()
    evil = "https://evil.example/"
    for path in ("/", "/sign-in", "/logout", "/consent", "/authorize"):
        answer = await browser.get(f"{path}?{name}={evil}")
        assert "evil.example" not in answer.headers.get("location", "")
        assert evil not in answer.text
    form = hidden_fields((await browser.get("/sign-in")).text) | {"username": "alice", "password": PASSWORD, name: evil}
    assert (await browser.send("/sign-in", form)).headers["location"] == "/account"


async def test_the_code_goes_to_the_registered_address_and_to_no_other(site):
    browser = site.browser()
    step = await browser.authorize(redirect_uri=CALLBACK)
    done = await browser.sign_in(step.headers["location"], redirect_uri="https://evil.example/")
    assert done.headers["location"].startswith(CALLBACK + "?")
    assert answer_of(done)["code"]
    assert SAME_ORIGIN


# Where a request came from -----------------------------------------------------------------------------------------------

TRUSTED = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.5", [], "203.0.113.5"),
        ("203.0.113.5", ["198.51.100.1"], "203.0.113.5"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.2.3.4, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.2.3.4", "198.51.100.1, 10.0.0.2"], "198.51.100.1"),
        ("10.0.0.1", ["198.51.100.1, garbage"], "10.0.0.1"),
        ("10.0.0.1", ["garbage, 10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", ["198.51.100.1:443"], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("::ffff:10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("fd00::1", ["2001:db8:1:2:3:4:5:6"], "2001:db8:1:2::/64"),
        ("10.0.0.1", ["::ffff:198.51.100.1"], "198.51.100.1"),
        ("2001:db8:1:2:3:4:5:6", [], "2001:db8:1:2::/64"),
        ("", ["198.51.100.1"], ""),
        ("not-an-address", ["198.51.100.1"], ""),
    ],
)
def test_a_forwarded_address_is_believed_from_trusted_proxies_only_and_from_the_right(peer, forwarded, address):
    assert _network_of(_client_address(peer, forwarded, TRUSTED)) == address


def test_nobody_is_trusted_unless_the_settings_say_so():
    assert _network_of(_client_address("127.0.0.1", ["198.51.100.1"], ())) == "127.0.0.1"


async def test_a_stranger_can_not_leave_its_network_counter_by_a_header(open_site):
    async with open_site(toml='[server]\ntrusted_proxies = ["192.0.2.0/24"]\n') as site:
        browser = site.browser(address="192.0.2.1")
        form = hidden_fields((await browser.get("/sign-in")).text) | {"username": "alice", "password": "x" * 20}
        await browser.send("/sign-in", form, SAME_ORIGIN | {"X-Forwarded-For": "1.1.1.1, 203.0.113.77"})
        assert [event.network for event in await site.events()] == ["203.0.113.77"]
