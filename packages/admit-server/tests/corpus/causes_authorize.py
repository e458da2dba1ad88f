"""Authorization requests that lead nowhere."""

from urllib.parse import urlencode

from corpus_kit import Cause, Stage
from site_kit import CALLBACK, CHALLENGE, hidden_fields, request_of


def asked(client_id="web", **params):
    async def act(stage: Stage):
        return await stage.browser().authorize(client_id, **params)

    return act


def bare(**params):
    async def act(stage: Stage):
        return await stage.browser().get("/authorize?" + urlencode(params))

    return act


async def signed_in_before(stage: Stage, client_id="web", **params):
    browser = stage.browser()
    await browser.sign_in()
    return await browser.authorize(client_id, **params)


async def too_old_a_sign_in(stage: Stage):
    browser = stage.browser()
    await browser.sign_in()
    stage.site.clock.advance(120)
    return await browser.authorize(prompt="none", max_age="60")


async def denied(stage: Stage):
    browser = stage.browser()
    await browser.sign_in()
    step = await browser.authorize("third")
    page = await browser.get(step.headers["location"])
    return await browser.send("/consent", hidden_fields(page.text) | {"decision": "deny"})


async def session_gone_at_consent(stage: Stage):
    browser = stage.browser()
    await browser.sign_in()
    page = await browser.get((await browser.authorize("third")).headers["location"])
    fields = hidden_fields(page.text)
    return await browser.send("/consent", fields | {"decision": "allow", "form_token": "0" * 64})


REQUEST = "invalid_request"
CAUSES = [
    Cause("no client named", bare(response_type="code"), "invalid_client", "client_id", "nothing"),
    Cause("a client that nobody knows", asked("nobody"), "invalid_client", "client", "unknown"),
    Cause("a client that was disabled", asked("gone-web"), "invalid_client", "client", "disabled"),
    Cause("an address that is not registered", asked(redirect_uri="https://evil.example/cb"), REQUEST, "redirect_uri", "evil"),
    Cause("an address with a longer path", asked(redirect_uri=CALLBACK + "/x"), REQUEST, "redirect_uri", "/cb/x"),
    Cause("an address with a query", asked(redirect_uri=CALLBACK + "?a=b"), REQUEST, "redirect_uri", "a=b"),
    Cause("an address of another client", asked(redirect_uri="https://third.example/cb"), REQUEST, "redirect_uri", "third"),
    Cause("no address where there are two", asked("native"), REQUEST, "redirect_uri", "nothing"),
    Cause("another path on loopback", asked("native", redirect_uri="http://127.0.0.1:9/x"), REQUEST, "redirect_uri", ":9/x"),
    Cause("no response type", asked(response_type=""), REQUEST, REQUEST, "response_type"),
    Cause("the implicit grant", asked(response_type="token"), "unsupported_response_type", "unsupported_response_type", "code"),
    Cause("a hybrid response type", asked(response_type="code id_token"), "unsupported_response_type", "unsupported_response_type"),
    Cause("a request object", asked(request="eyJhbGciOiJub25lIn0.e30."), "request_not_supported", "parameter request", "sent"),
    Cause("a request by reference", asked(request_uri="https://app.example/r"), "request_uri_not_supported", "parameter request_uri", "sent"),
    Cause("a registration", asked(registration="{}"), "registration_not_supported", "parameter registration", "sent"),
    Cause("an answer in the fragment", asked(response_mode="fragment"), REQUEST, REQUEST, "response_mode"),
    Cause("a state that is too long", asked(state="s" * 1025), REQUEST, REQUEST, "1024"),
    Cause("a nonce that is too long", asked(nonce="n" * 257), REQUEST, REQUEST, "nonce"),
    Cause("a resource that is not the client's", asked(resource="https://opaque.example"), "invalid_target", "resource", "opaque"),
    Cause("a resource that nobody knows", asked(resource="https://nowhere.example"), "invalid_target", "resource", "nowhere"),
    Cause("a scope that nobody knows", asked(scope="openid admin"), "invalid_scope", "scope", "admin"),
    Cause("a scope with a quote", asked(scope='a"b'), "invalid_scope", "invalid_scope", "malformed"),
    Cause("no challenge", asked(code_challenge="", code_challenge_method=""), REQUEST, REQUEST, "PKCE"),
    Cause("a challenge in plain", asked(code_challenge_method="plain"), REQUEST, REQUEST, "S256"),
    Cause("a challenge without its method", asked(code_challenge_method=""), REQUEST, REQUEST, "S256"),
    Cause("a method without a challenge", asked(code_challenge=""), REQUEST, REQUEST, "without code_challenge"),
    Cause("a challenge that is too short", asked(code_challenge=CHALLENGE[:-1]), REQUEST, REQUEST, "43 characters"),
    Cause("a prompt that is none of ours", asked(prompt="create"), REQUEST, REQUEST, "prompt"),
    Cause("a prompt that contradicts itself", asked(prompt="none login"), REQUEST, REQUEST, "stands alone"),
    Cause("a max_age that is no number", asked(max_age="-1"), REQUEST, REQUEST, "max_age"),
    Cause("nobody signed in, and none to be asked", asked(prompt="none"), "login_required", "signed in", "nobody"),
    Cause("a sign-in that is too old", too_old_a_sign_in, "login_required", "signed in", "too old"),
    Cause("no consent, and none to be asked", lambda stage: signed_in_before(stage, "third", prompt="none"), "consent_required", "consent", "asked"),
    Cause("somebody signed in asks for too much", lambda stage: signed_in_before(stage, scope="admin"), "invalid_scope", "scope", "admin"),
    Cause("a person who says no", denied, "access_denied", "consent", "said no"),
    Cause("a consent from a foreign form", session_gone_at_consent, "access_denied", "access_denied", "form token"),
    Cause("a parameter that stands twice in the address", lambda stage: stage.browser().get("/authorize?" + urlencode(request_of()) + "&state=x"), REQUEST, REQUEST, "twice"),
]  # fmt: skip
