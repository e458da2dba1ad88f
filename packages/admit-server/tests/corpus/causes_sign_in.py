"""Sign-ins that fail, on the page and without a browser."""

from corpus_kit import CALLER, Cause, Stage
from site_kit import CHALLENGE, hidden_fields

from admit_server.flows.admin import users

WRONG = "not the right words here"
STEP = {"scope": "openid", "code_challenge": CHALLENGE, "code_challenge_method": "S256"}


def page(username, password=WRONG):
    async def act(stage: Stage):
        stage.keep_secret(password)
        return await stage.browser().sign_in(username=username, password=password)

    return act


def too_often(username, *, rightly=False):
    async def act(stage: Stage):
        browser = stage.browser()
        for _ in range(6):
            await browser.sign_in(username=username, password=WRONG)
        return await browser.sign_in(username=username, password=f"the long words of {username}" if rightly else WRONG)

    return act


def form(headers=None, **changes):
    async def act(stage: Stage):
        browser = stage.browser()
        shown = await browser.get("/sign-in")
        sent = hidden_fields(shown.text) | {"username": "alice", "password": WRONG} | changes
        return await browser.send("/sign-in", sent, headers)

    return act


async def without_cookies(stage: Stage):
    shown = await stage.browser().get("/sign-in")
    sent = hidden_fields(shown.text) | {"username": "alice", "password": WRONG}
    return await stage.browser().send("/sign-in", sent)


async def too_old(stage: Stage):
    browser = stage.browser()
    step = await browser.authorize()
    shown = await browser.get(step.headers["location"])
    stage.site.clock.advance(3600)
    sent = hidden_fields(shown.text) | {"username": "alice", "password": WRONG}
    return await browser.send("/sign-in", sent)


async def from_another_browser(stage: Stage):
    step = await stage.browser().authorize()
    other = stage.browser()
    await other.get("/sign-in")
    return await other.get(step.headers["location"])


async def with_a_long_password(stage: Stage):
    return await stage.browser().sign_in(username="alice", password="x" * 4097)


def challenge(client_id="script", **fields):
    async def act(stage: Stage):
        stage.keep_secret(fields.get("password", ""))
        sent = STEP | stage.site.proof(client_id) | fields
        return await stage.site.post("/authorize-challenge", {name: value for name, value in sent.items() if value})

    return act


def session_of(*, client_id="script", used_by="script", after_s=0, text=None):
    async def act(stage: Stage):
        step = await stage.site.post("/authorize-challenge", STEP | {"client_id": client_id})
        assert step.json()["error"] == "insufficient_authorization"
        assert "denial_id" not in step.json(), "a step is no refusal"
        stage.site.clock.advance(after_s)
        session = text or step.json()["auth_session"]
        stage.keep_secret(session)
        return await stage.site.post(
            "/authorize-challenge",
            {"client_id": used_by, "auth_session": session, "username": "alice", "password": WRONG},
        )

    return act


async def meanwhile_disabled(stage: Stage):
    await users.disable("victor", rt=stage.site.rt, caller=CALLER)
    return await stage.browser().sign_in(username="victor", password="the long words of victor")


async def device_of_another(stage: Stage):
    browser = stage.browser()
    await browser.sign_in(username="bob", password="another sturdy phrase")
    return await browser.sign_in(username="carol", password=WRONG)


DENIED = "access_denied"
CAUSES = [
    Cause("a name that nobody has", page("nobody-here"), DENIED, "user name", "unknown"),
    Cause("a password for a name", page("correct horse"), DENIED, "user name", "unknown"),
    Cause("a wrong password", page("carol"), DENIED, "proof", "wrong password"),
    Cause("a wrong password in a known browser", device_of_another, DENIED, "proof", "wrong password"),
    Cause("somebody without a password", page("nopassword"), DENIED, "proof", "no password set"),
    Cause("somebody who was disabled", page("dave", "the long words of dave"), DENIED, "user is enabled", "no"),
    Cause("somebody who was disabled just now", meanwhile_disabled, DENIED, "user is enabled", "no"),
    Cause("a password longer than any", with_a_long_password, DENIED, DENIED, "longer than any"),
    Cause("an empty form", form(username="", password=""), "invalid_request", "invalid_request", "empty"),
    Cause("no name", form(username=""), "invalid_request", "invalid_request", "empty"),
    Cause("too many tries", too_often("mallory"), "too_many_tries", "failures before", "too many"),
    Cause("too many tries before the right one", too_often("carol", rightly=True), "too_many_tries", "failures before", "too many"),
    Cause("too many tries with an unknown name", too_often("nobody-there"), "too_many_tries", "failures before", "too many"),
    Cause("a browser without cookies", without_cookies, DENIED, DENIED, "no browser cookie"),
    Cause("a form token of another browser", form(form_token="0" * 64), DENIED, DENIED, "form token"),
    Cause("no form token", form(form_token=""), DENIED, DENIED, "form token"),
    Cause("a form from another site", form(headers={"Sec-Fetch-Site": "cross-site"}), DENIED, DENIED, "cross-site"),
    Cause("a form from a sibling site", form(headers={"Sec-Fetch-Site": "same-site"}), DENIED, DENIED, "same-site"),
    Cause("a form from another origin", form(headers={"Origin": "https://evil.example"}), DENIED, DENIED, "evil"),
    Cause("a form from nowhere", form(headers={}), DENIED, DENIED, "None"),
    Cause("a page that is too old", too_old, "invalid_request", "invalid_request", "sealed request ended"),
    Cause("a page of another browser", from_another_browser, "invalid_request", "invalid_request", "sealed request refused"),
    Cause("a sealed request that was made up", form(request="AAAA"), "invalid_request", "invalid_request", "sealed request refused"),
    Cause("a third party without a browser", challenge("third"), "unauthorized_client", "kind of client", "another"),
    Cause("a wrong password without a browser", challenge(username="carol", password=WRONG), DENIED, "proof", "wrong password"),
    Cause("an unknown name without a browser", challenge(username="nobody", password=WRONG), DENIED, "user name", "unknown"),
    Cause("a scope too much without a browser", challenge(scope="admin"), "invalid_scope", "scope", "admin"),
    Cause("no challenge without a browser", challenge(code_challenge="", code_challenge_method=""), "invalid_request", "invalid_request", "PKCE"),
    Cause("a step that was made up", session_of(text="AAAA"), "invalid_session", "auth_session", "refused"),
    Cause("a step that came too late", session_of(after_s=600), "invalid_session", "auth_session", "ended 0 s ago"),
    Cause("a step of another client", session_of(client_id="script", used_by="web"), "invalid_session", "auth_session", "refused"),
]  # fmt: skip
