"""Passkeys, codes of apps, recovery codes and webhooks that prove nothing. Each cause has a person of its own, so that no counter of one meets another."""

import base64
import os
import re
from collections.abc import Awaitable, Callable
from typing import Any

from causes_journeys import rule
from corpus_kit import CALLER, Cause, Stage
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP
from site_kit import CHALLENGE, first_form, hidden_fields, passkey_form, set_up
from soft_authenticator import Key, SoftAuthenticator

from admit_server.flows.admin import users
from admit_server.flows.admin.users import NewUser

WORDS = "the long words of somebody"
HERE = {"client": {"origin": "http://localhost:8100"}}
APP = {"client_id": "script", "scope": "openid", "code_challenge": CHALLENGE, "code_challenge_method": "S256"}
# At a server whose address has a name, and which asks a process of its own.
ISSUER = "http://localhost:8100"
SETTINGS = """
[sign_in]
authenticators = ["password", "passkey", "totp", "recovery_codes", "webhook"]
requires = "password or passkey or webhook"
[authenticator.webhook]
url = "{url}"
secret = "{secret}"
"""
Act = Callable[[Stage], Awaitable[Any]]


async def somebody(stage: Stage) -> str:
    """A person whom nothing was tried of yet."""
    name = f"somebody-{stage.number}"
    await users.add(NewUser(username=name, password=WORDS), rt=stage.site.rt, caller=CALLER)
    stage.keep_secret(WORDS)
    return name


async def holder(stage: Stage, **options: Any) -> tuple[str, SoftAuthenticator]:
    """Somebody with a passkey."""
    name, device = await somebody(stage), SoftAuthenticator(**options)
    await set_up(stage.site, name, "passkey", lambda public: {"response": device.create(public, **HERE)})
    return name, device


def passkey(
    options: dict[str, Any] | None = None, before: Callable[[Stage, str], Awaitable[Any]] | None = None, **wrong: Any
) -> Act:
    """It is shown at the page, and something is wrong with it."""

    async def act(stage: Stage) -> Any:
        name, device = await holder(stage, **options or {})
        browser = stage.browser()
        public, fields = passkey_form((await browser.get("/sign-in")).text)
        if before is not None:
            await before(stage, name)
        answer = device.get(public, **HERE | wrong)
        stage.keep_secret(fields["challenge"])
        return await browser.send("/sign-in", fields | {"response": answer})

    return act


async def disabled(stage: Stage, name: str) -> None:
    await users.disable(name, rt=stage.site.rt, caller=CALLER)


async def an_hour(stage: Stage, name: str) -> None:
    stage.site.clock.advance(3600)


async def passkey_twice(stage: Stage) -> Any:
    _, device = await holder(stage)
    browser = stage.browser()
    public, fields = passkey_form((await browser.get("/sign-in")).text)
    answer = fields | {"response": device.get(public, **HERE)}
    assert (await browser.send("/sign-in", answer)).status_code == 303
    return await browser.send("/sign-in", answer)


async def passkey_for_another_page(stage: Stage) -> Any:
    _, device = await holder(stage)
    browser = stage.browser()
    public, _ = passkey_form((await browser.get("/sign-in")).text)
    _, other = passkey_form((await browser.get("/sign-in")).text)
    return await browser.send("/sign-in", other | {"response": device.get(public, **HERE)})


async def passkey_of_another_browser(stage: Stage) -> Any:
    _, device = await holder(stage)
    public, fields = passkey_form((await stage.browser().get("/sign-in")).text)
    browser = stage.browser()
    _, own = passkey_form((await browser.get("/sign-in")).text)
    return await browser.send(
        "/sign-in", own | {"challenge": fields["challenge"], "response": device.get(public, **HERE)}
    )


async def copied_passkey(stage: Stage) -> Any:
    """The counter of the copy is behind."""
    _, device = await holder(stage, count=5, step=1)
    for _ in range(2):
        browser = stage.browser()
        public, fields = passkey_form((await browser.get("/sign-in")).text)
        answer = await browser.send("/sign-in", fields | {"response": device.get(public, **HERE)})
        device.count = 2
    return answer


async def passkey_in_an_app(stage: Stage) -> Any:
    _, device = await holder(stage)
    step = (await stage.site.post("/authorize-challenge", APP | {"method": "passkey"})).json()
    stage.keep_secret(step["auth_session"])
    answer = {"response": device.get(step["step"]["public"], client={"origin": "https://evil.example"})}
    return await stage.site.post(
        "/authorize-challenge", {"client_id": "script", "auth_session": step["auth_session"]} | answer
    )


def code_at(secret: bytes, at: int) -> str:
    return HOTP(secret, 6, SHA1()).generate(at // 30).decode()


async def with_codes(stage: Stage) -> tuple[str, bytes, list[str]]:
    """Somebody with an app and a set of recovery codes, a few minutes later."""
    name, site = await somebody(stage), stage.site

    def by_app(public: Any) -> dict[str, str]:
        return {"totp": code_at(base64.b32decode(public["secret"].replace(" ", "")), site.clock())}

    app = await set_up(site, name, "totp", by_app)
    codes = await set_up(site, name, "recovery_codes", lambda _: {"recovery_codes": "kept"})
    secret = base64.b32decode(app["secret"].replace(" ", ""))
    stage.keep_secret(app["secret"], *codes["codes"])
    site.clock.advance(300)
    return name, secret, codes["codes"]


async def second_step(stage: Stage, name: str, *, instead: str = "") -> tuple[Any, dict[str, str]]:
    """A browser after the right password, and the form that asks for the code."""
    browser = stage.browser()
    step = await browser.sign_in(username=name, password=WORDS)
    page = (await browser.get(step.headers["location"])).text
    if instead:
        form = next(text for text in re.findall(r"<form .*?</form>", page, re.DOTALL) if f'value="{instead}"' in text)
        step = await browser.send("/sign-in", hidden_fields(form) | {"with": instead})
        page = (await browser.get(step.headers["location"])).text
    return browser, first_form(page)


def totp(*, text: str | None = None, away_s: int = 0, twice: bool = False, tries: int = 1) -> Act:
    async def act(stage: Stage) -> Any:
        name, secret, _ = await with_codes(stage)
        code = text if text is not None else code_at(secret, stage.site.clock() + away_s)
        for _ in range(2 if twice else tries):
            browser, form = await second_step(stage, name)
            answer = await browser.send("/sign-in", form | {"totp": code})
        return answer

    return act


def recovery(*, text: str | None = None, twice: bool = False, of_another: bool = False) -> Act:
    async def act(stage: Stage) -> Any:
        name, _, codes = await with_codes(stage)
        if of_another:
            stage.number += 10_000
            code = (await with_codes(stage))[2][0]
            stage.number -= 10_000
        else:
            code = text if text is not None else codes[0]
        for _ in range(2 if twice else 1):
            browser, form = await second_step(stage, name, instead="recovery_codes")
            answer = await browser.send("/sign-in", form | {"recovery_code": code})
        return answer

    return act


def webhook_alone(name: str) -> Act:
    """Where nothing else is offered beside it."""

    async def act(stage: Stage) -> Any:
        async with rule(stage, "webhook"):
            return await webhook(name)(stage)

    return act


def webhook(name: str, response: str = "2468") -> Act:
    """The process behind it gets to know the name, and does what the name says."""

    async def act(stage: Stage) -> Any:
        browser = stage.browser()
        form = hidden_fields((await browser.get("/sign-in")).text)
        step = await browser.send("/sign-in", form | {"username": name, "with": "webhook"})
        if step.status_code != 303:
            return step
        form = first_form((await browser.get(step.headers["location"])).text)
        return await browser.send("/sign-in", form | {"username": name, "webhook": response})

    return act


DENIED, WRONG, PROOF = "access_denied", "invalid_request", "proof"
MISBEHAVING = ("unsigned", "proxy", "other", "error", "redirect", "garbage", "nothing", "unsigned_begin", "long_prompt")
CAUSES = [
    Cause("a passkey that nobody has", passkey(id=os.urandom(32)), DENIED, "user name", "unknown"),
    Cause("a passkey of another person", passkey(user_handle=b"usr_another"), DENIED, PROOF, "owner"),
    Cause("a passkey signed by another key", passkey(key=Key()), DENIED, PROOF, "authentication signature"),
    Cause("a passkey shown at another site", passkey(client={"origin": "https://evil.example"}), DENIED, PROOF, "origin"),
    Cause("a passkey for another domain", passkey(rp_id="evil.example"), DENIED, PROOF, "RP ID hash"),
    Cause("a passkey in a foreign frame", passkey(client={"origin": ISSUER, "crossOrigin": True}), DENIED, PROOF, "frame"),
    Cause("a passkey without its owner", passkey(flags={"uv": False}), DENIED, PROOF, "user was not verified"),
    Cause("a passkey that nobody touched", passkey(flags={"up": False}), DENIED, PROOF, "not present"),
    Cause("a passkey whose backup changed", passkey(flags={"be": True, "bs": True}), DENIED, PROOF, "backup"),
    Cause("an enrolment in place of a passkey", passkey(client={"origin": ISSUER, "type": "webauthn.create"}), DENIED, PROOF, "not webauthn.get"),
    Cause("a passkey without a response", passkey(credential={"response": "x" * 30}), DENIED, PROOF, "no response"),
    Cause("a passkey of somebody who was disabled", passkey(before=disabled), DENIED, "user is enabled", "no"),
    Cause("a passkey after an hour", passkey(before=an_hour), WRONG, WRONG, "sealed request ended"),
    Cause("a passkey that was added without its owner", passkey(options={"uv": False}, flags={"uv": True}), DENIED, PROOF, "user verification"),
    Cause("a passkey shown twice", passkey_twice, DENIED, "challenge", "used before"),
    Cause("a passkey for another page", passkey_for_another_page, DENIED, PROOF, "challenge"),
    Cause("a passkey of another browser", passkey_of_another_browser, WRONG, WRONG, "sealed request refused"),
    Cause("a passkey that may be a copy", copied_passkey, DENIED, PROOF, "possible clone"),
    Cause("a passkey of another app", passkey_in_an_app, DENIED, PROOF, "origin"),
    Cause("a wrong code of an app", totp(text="000000"), DENIED, PROOF, "wrong code of an app"),
    Cause("a code of an app that is no number", totp(text="zwölf!"), DENIED, PROOF, "wrong code of an app"),
    Cause("no code at all", totp(text=" "), DENIED, PROOF, "wrong code of an app"),
    Cause("a code of an app from a minute ago", totp(away_s=-61), DENIED, PROOF, "wrong code of an app"),
    Cause("a code of an app of the future", totp(away_s=61), DENIED, PROOF, "wrong code of an app"),
    Cause("a code of an app that was used", totp(twice=True), DENIED, PROOF, "that was used"),
    Cause("too many wrong codes", totp(text="000000", tries=6), "too_many_tries", "failures before", "too many"),
    Cause("a wrong recovery code", recovery(text="AAAA-AAAA-AAAA"), DENIED, PROOF, "wrong recovery code"),
    Cause("a recovery code of another person", recovery(of_another=True), DENIED, PROOF, "wrong recovery code"),
    Cause("a recovery code that was used", recovery(twice=True), DENIED, PROOF, "was used"),
    Cause("a recovery code with letters too many", recovery(text="A" * 40), DENIED, PROOF, "wrong recovery code"),
    Cause("a no of the process", webhook("victor", "1357"), DENIED, PROOF, "said no: wrong code"),
    Cause("an answer of the process without a signature", webhook("unsigned"), DENIED, PROOF, "without a good signature"),
    Cause("a proxy that sends the request back", webhook("proxy"), DENIED, PROOF, "without a good signature"),
    Cause("an answer of the process to another request", webhook("other"), DENIED, PROOF, "for this request"),
    Cause("a process that fails", webhook("error"), DENIED, PROOF, "500"),
    Cause("a process that leads elsewhere", webhook("redirect"), DENIED, PROOF, "302"),
    Cause("a process that answers rubbish", webhook("garbage"), DENIED, PROOF, "else than a JSON object"),
    Cause("a process that gives no verdict", webhook("nothing"), DENIED, PROOF, "gave no verdict"),
    Cause("a yes of the process to nobody", webhook("nobody-here"), DENIED, "user name", "unknown"),
    Cause("a process that begins without a signature", webhook_alone("unsigned_begin"), "temporarily_unavailable", "temporarily_unavailable", "answered without a good signature"),
    Cause("a process that says too much", webhook_alone("long_prompt"), "temporarily_unavailable", "temporarily_unavailable", "or too long"),
]  # fmt: skip
