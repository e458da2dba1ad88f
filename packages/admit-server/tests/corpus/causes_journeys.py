"""Sign-ins that need more than one proof, and stop on the way."""

from contextlib import asynccontextmanager

from corpus_kit import CALLER, Cause, Stage
from site_kit import CHALLENGE, first_form, hidden_fields

from admit_server.flows.admin import sign_in_rules

WORDS = "the long words of carol"
APP = {"client_id": "script", "scope": "openid", "code_challenge": CHALLENGE, "code_challenge_method": "S256"}


@asynccontextmanager
async def rule(stage: Stage, requires: str):
    """While everybody has to prove this as well."""
    rt = stage.site.rt
    new = sign_in_rules.NewSignInRule(name="of-the-corpus", requires=requires)
    await sign_in_rules.put(new, rt=rt, caller=CALLER)
    try:
        yield
    finally:
        await sign_in_rules.delete("of-the-corpus", rt=rt, caller=CALLER)


def stuck(in_app=False):
    async def act(stage: Stage):
        async with rule(stage, "recovery_codes"):  # which nobody sets up on the way
            if in_app:
                return await stage.site.post("/authorize-challenge", APP | {"username": "carol", "password": WORDS})
            return await stage.browser().sign_in(username="carol", password=WORDS)

    return act


def at_the_second_step(**changes):
    """Carol's password is right; then this is sent from the page that lets her set up an app of codes."""

    async def act(stage: Stage):
        async with rule(stage, "totp"):
            browser = stage.browser()
            step = await browser.sign_in(username="carol", password=WORDS)
            form = first_form((await browser.get(step.headers["location"])).text) | {"totp": "000000", "code": "000000"}
            stage.keep_secret(form["journey"], form["challenge"])
            sent = {name: value for name, value in (form | changes).items() if value}
            return await browser.send("/sign-in", sent)

    return act


async def without_need(stage: Stage):
    """What was asked for is not asked for any more."""
    browser = stage.browser()
    async with rule(stage, "totp"):
        step = await browser.sign_in(username="carol", password=WORDS)
        form = hidden_fields((await browser.get(step.headers["location"])).text)
    return await browser.send("/sign-in", form | {"method": "totp", "code": "000000", "totp": "000000", "enrol": ""})


async def by_no_authenticator(stage: Stage):
    browser = stage.browser()
    form = first_form((await browser.get("/sign-in")).text) | {"username": "carol", "method": "fingerprint"}
    return await browser.send("/sign-in", form)


async def a_journey_of_another(stage: Stage):
    async with rule(stage, "totp"):
        step = await stage.browser().sign_in(username="carol", password=WORDS)
    other = stage.browser()
    await other.get("/sign-in")
    return await other.get(step.headers["location"])


async def a_journey_too_old(stage: Stage):
    browser = stage.browser()
    async with rule(stage, "totp"):
        step = await browser.sign_in(username="carol", password=WORDS)
    stage.site.clock.advance(900)
    return await browser.get(step.headers["location"])


DENIED, WRONG = "access_denied", "invalid_request"
CAUSES = [
    Cause("more than anybody can prove here", stuck(), DENIED, "what is required", "not set up: recovery_codes"),
    Cause("more than anybody can prove in an app", stuck(in_app=True), DENIED, "what is required", "not set up: recovery_codes"),
    Cause("a wrong code while setting up", at_the_second_step(), DENIED, "what was set up", "code"),
    Cause("setting up what was not begun", at_the_second_step(challenge="AAAA"), WRONG, WRONG, "sealed request refused"),
    Cause("a second step without the first", at_the_second_step(journey="AAAA"), WRONG, WRONG, "sealed request refused"),
    Cause("a second step that nobody asked for", without_need, WRONG, "step", "totp"),
    Cause("a way to sign in that there is not", by_no_authenticator, WRONG, WRONG, "no authenticator"),
    Cause("a journey of another browser", a_journey_of_another, WRONG, WRONG, "sealed request refused"),
    Cause("a journey that is too old", a_journey_too_old, WRONG, WRONG, "sealed request ended"),
]  # fmt: skip
