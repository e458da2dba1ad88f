"""The pages without JavaScript, by keyboard alone, with cookies blocked, and on their way to apps that are no web sites."""

import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import WAIT_MS, arguments, chromium
from tests.browser.landing import Wish, landing_place
from tests.browser.visitor import Watch
from tests.whole.apps import Person


@pytest.fixture
def landing():
    with landing_place() as place:
        yield place


@pytest.fixture
def stranger(pair, landing):
    """A client of somebody else: people are asked before it gets anything."""
    return pair.server.add_client(redirect_uris=(landing.url,))


@pytest.fixture
def plain(new_visitor):
    """Somebody whose browser runs no scripts."""
    return new_visitor(java_script_enabled=False)


def test_without_javascript_one_signs_in_agrees_and_gets_back(plain, pair, landing, stranger, talk):
    person, wish = pair.server.add_user(), Wish(pair, stranger.id, landing.url)
    page = plain.open(wish.url)
    plain.watch.expect(r"status of 403 .*/sign-in")
    plain.fill_in(page, Person(person.name, "wrong"))
    expect(page.get_by_role("alert")).to_have_text("That user name and password don't match.")
    plain.fill_in(page, person)

    expect(page.get_by_role("heading", name=f"Allow {stranger.name}?")).to_be_visible()
    expect(page.get_by_role("listitem")).to_have_text(["Read your notes", "Know that it is you"])
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("heading", name="Landed")).to_be_visible()

    (answer,) = landing.asked
    assert (answer["state"], answer["iss"]) == (wish.state, pair.url)
    tokens = talk(pair.url).post("/token", wish.form(answer["code"]))
    assert tokens.status == 200
    assert set(tokens.json["scope"].split()) == {"openid", "notes:read"}


def test_without_javascript_one_may_say_no(plain, pair, landing, stranger):
    wish = Wish(pair, stranger.id, landing.url)
    page = plain.open(wish.url)
    plain.fill_in(page)
    page.get_by_role("button", name="Deny").click()
    expect(page.get_by_role("heading", name="Landed")).to_be_visible()

    (answer,) = landing.asked
    assert (answer["error"], answer["state"], answer["iss"]) == ("access_denied", wish.state, pair.url)
    assert "code" not in answer


def test_without_javascript_one_signs_in_to_the_server_itself_and_out_again(plain, pair):
    page = plain.open(pair.url)
    page.get_by_role("link", name="Sign in").click()
    plain.fill_in(page)
    expect(page.get_by_text("signed in as demo")).to_be_visible()
    page.get_by_role("link", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign out?")).to_be_visible()
    expect(page.get_by_text("You are signed in as demo")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()

    page.goto(pair.url)
    expect(page.get_by_text("not signed in")).to_be_visible()


def test_without_javascript_errors_say_what_happened_and_what_to_do(plain, pair):
    plain.watch.expect(r"status of 40[04] ")
    page = plain.open(f"{pair.url}/authorize?client_id=nobody&redirect_uri=https://evil.example/cb")
    expect(page.get_by_text("The application that sent you here is not known to this server.")).to_be_visible()
    expect(page.get_by_text("Go back to the application you came from and begin again.")).to_be_visible()
    assert page.url.startswith(pair.url)  # never redirected to an address that nobody registered
    page.goto(f"{pair.url}/nowhere")
    expect(page.get_by_role("heading", name="Nothing is here")).to_be_visible()


def test_the_keyboard_alone_is_enough(visitor, pair, landing, stranger):
    wish = Wish(pair, stranger.id, landing.url)
    page = visitor.open(wish.url)
    expect(page.get_by_label("User name")).to_be_focused()
    page.keyboard.type("demo")
    page.keyboard.press("Tab")
    page.keyboard.type("stamped-ticket-2026")
    _tab_to(page, "Sign in")
    _tab_to(page, "Cancel and go back")
    _tab_to(page, "Sign in", key="Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Allow")).to_be_visible()
    _tab_to(page, "Allow")
    _tab_to(page, "Deny")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    expect(page.get_by_role("heading", name="Landed")).to_be_visible()

    assert "code" in landing.asked[0]
    page.goto(f"{pair.url}/logout")
    _tab_to(page, "Sign out")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()


def test_the_keyboard_alone_is_enough_for_the_demo_page(visitor):
    page = visitor.open()
    expect(page.get_by_role("button", name="Sign in")).to_be_enabled()
    _tab_to(page, "Sign in")
    page.keyboard.press("Enter")
    expect(page.get_by_label("User name")).to_be_focused()
    page.keyboard.type("demo")
    page.keyboard.press("Tab")
    page.keyboard.type("stamped-ticket-2026")
    page.keyboard.press("Enter")
    visitor.is_in(page)
    _tab_to(page, "Sign out")
    page.keyboard.press("Tab")
    expect(page.get_by_label("New note")).to_be_focused()
    page.keyboard.type("Without a mouse")
    page.keyboard.press("Enter")
    expect(page.get_by_role("listitem").filter(has_text="Without a mouse")).to_be_visible()
    expect(page.get_by_label("New note")).to_be_focused()


def test_a_private_scheme_gets_its_answer_through_the_pages_policy(visitor, pair):
    """Chromium applies `form-action` to the redirect that follows the post, so the scheme has to be in it."""
    client = pair.server.add_client(redirect_uris=("com.example.app:/cb",), first_party=True)
    wish = Wish(pair, client.id, "com.example.app:/cb")
    page = visitor.open(wish.url)
    page.get_by_label("User name").fill("demo")
    page.get_by_label("Password").fill("stamped-ticket-2026")
    with page.expect_request(re.compile("^com.example.app:/cb")) as led:
        page.get_by_role("button", name="Sign in").click(no_wait_after=True)

    answer = parse_qs(urlsplit(led.value.url).query)
    assert (answer["state"], answer["iss"]) == ([wish.state], [pair.url])
    assert answer["code"]


def test_the_policy_that_lets_an_app_through_stops_every_other_address(visitor, pair):
    """The check of the checks: without the scheme in the policy Chromium does refuse, and this would be seen."""
    client = pair.server.add_client(redirect_uris=("com.example.app:/cb",), first_party=True)
    page = visitor.context.new_page()

    def forget_the_scheme(route):
        answer = route.fetch()
        policy = answer.headers["content-security-policy"]
        assert policy.endswith("form-action 'self' com.example.app:")
        headers = answer.headers | {"content-security-policy": policy.removesuffix(" com.example.app:")}
        route.fulfill(response=answer, headers=headers)

    page.goto(Wish(pair, client.id, "com.example.app:/cb").url)
    page.route(re.compile("/sign-in"), forget_the_scheme, times=1)
    page.reload()
    visitor.watch.expect("form-action")
    page.get_by_label("User name").fill("demo")
    page.get_by_label("Password").fill("stamped-ticket-2026")
    with page.expect_console_message(lambda message: "form-action" in message.text):
        page.get_by_role("button", name="Sign in").click(no_wait_after=True)


def test_an_app_on_a_loopback_port_that_nobody_registered_gets_its_answer(visitor, pair, landing):
    """RFC 8252 section 7.3: the port is the system's choice at the time of the request."""
    client = pair.server.add_client(redirect_uris=("http://127.0.0.1:1/cb",), first_party=True)
    page = visitor.open(Wish(pair, client.id, landing.url).url)
    visitor.fill_in(page)
    expect(page.get_by_role("heading", name="Landed")).to_be_visible()

    assert "code" in landing.asked[0]


@pytest.fixture
def forbid(playwright, pair, tmp_path):
    """Starts a browser whose owner has forbidden something to all pages, in its own settings."""
    contexts, watches = [], []

    def start(what, *, expected):
        settings = tmp_path / what / "Default" / "Preferences"
        settings.parent.mkdir(parents=True)
        settings.write_text(json.dumps({"profile": {"default_content_setting_values": {what: 2}}}))
        context = playwright.chromium.launch_persistent_context(
            tmp_path / what, executable_path=chromium(), args=arguments(), headless=True
        )
        context.set_default_timeout(WAIT_MS)
        contexts.append(context)
        watches.append(Watch(context))
        watches[-1].expect(expected)
        return context.new_page()

    yield start
    for context in contexts:
        context.close()
    assert not [complaint for watch in watches for complaint in watch.complaints()]


def test_with_cookies_blocked_the_sign_in_page_says_what_to_do(forbid, pair):
    page = forbid("cookies", expected=r"status of 403 .*/sign-in")
    page.goto(f"{pair.url}/sign-in")
    page.get_by_label("User name").fill("demo")
    page.get_by_label("Password").fill("stamped-ticket-2026")
    page.get_by_role("button", name="Sign in").click()

    expect(
        page.get_by_text("Your browser did not send back our cookie. Allow cookies for this address")
    ).to_be_visible()


def test_with_cookies_blocked_the_demo_page_says_what_it_needs(forbid, pair):
    """Chromium forbids all storage together with cookies."""
    page = forbid("cookies", expected="exception: Sign-in needs sessionStorage")
    page.goto(pair.api)

    expect(page.get_by_role("alert")).to_contain_text("Allow cookies and site data for it, then reload.")
    expect(page.get_by_text("One moment ...")).to_be_hidden()


def test_with_javascript_forbidden_the_demo_page_says_that_it_needs_it(forbid, pair):
    page = forbid("javascript", expected=r"admit-browser.js: csp$")  # so Chromium names the script that it did not run
    page.goto(pair.api)

    expect(page.locator("noscript p")).to_contain_text("it needs JavaScript")
    expect(page.locator("noscript p")).to_be_visible()
    expect(page.get_by_text("One moment ...")).to_be_hidden()


def _tab_to(page, name, key="Tab"):
    """Press Tab until the focus is there; it has to show."""
    for _ in range(12):
        page.keyboard.press(key)
        focus = page.evaluate(
            """() => { const at = document.activeElement, style = getComputedStyle(at);
                       return [at.textContent.trim(), style.outlineStyle, parseFloat(style.outlineWidth)]; }"""
        )
        if focus[0] == name:
            assert focus[1] != "none", f"nothing shows that the focus is on {name}"
            assert focus[2] >= 2
            return
    raise AssertionError(f"Tab does not lead to {name}")
