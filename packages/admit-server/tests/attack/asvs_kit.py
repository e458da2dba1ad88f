"""What the tests of ASVS chapter 6 share: people who sign in by steps, and the texts that are compared with the code."""

import base64
import re
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from site_kit import PASSWORD, first_form, hidden_fields

from admit_server.domain.email_address import address_key
from admit_server.flows.admin import users

ROOT = Path(__file__).parents[4]
MODEL = (ROOT / "docs/explanation/security-model.md").read_text()
TEMPLATES = sorted((ROOT / "packages/admit-server/src/admit_server/web/templates").rglob("*.html"))
WRONG = "wrong wrong wrong"
BOTH = '[sign_in]\nauthenticators = ["password", "totp", "recovery_codes"]\nrequires = "password and totp"\n'
BY_MAIL = '[sign_in]\nauthenticators = ["password", "email_code"]\nrequires = "password and email_code"\n'
# Nobody listens there: what was written is looked at in the database.
MAIL = '[mail]\nhost = "127.0.0.1"\nport = 9\nsecurity = "insecure_plain"\nsender = "admit@example.com"\n'


def code_at(secret: bytes, at: int) -> str:
    """What an app shows at a time."""
    return TOTP(secret, 6, SHA1(), 30, enforce_key_length=False).generate(at).decode()


async def sign_in(site: Any, password: str, *, name: str = "alice", address: str = "192.0.2.1") -> Any:
    """A try with a browser of its own."""
    return await site.browser(address=address).sign_in(username=name, password=password)


async def next_page(browser: Any, answer: Any) -> str:
    """The page that an answer leads to."""
    assert answer.status_code == 303, answer.text
    page = await browser.get(answer.headers["location"])
    assert page.status_code == 200
    text: str = page.text
    return text


async def with_app(site: Any) -> bytes:
    """Alice, who set up an app at her first sign-in; the secret that it holds."""
    return (await owner_with_app(site))[1]


async def owner_with_app(site: Any) -> tuple[Any, bytes]:
    """As `with_app`, and the browser in which she did it."""
    browser = site.browser()
    page = await next_page(browser, await browser.sign_in())
    found = re.search(r"secret=([A-Z2-7]+)", page)
    assert found is not None
    secret = base64.b32decode(found[1])
    done = await browser.send("/sign-in", hidden_fields(page) | {"totp": code_at(secret, site.clock.now)})
    assert done.status_code == 303
    assert await is_in(browser)
    site.clock.advance(300)
    return browser, secret


async def to_second_step(site: Any, *, address: str = "192.0.2.1", password: str = PASSWORD) -> tuple[Any, str]:
    """A browser that has proven the password, and the page that it is led to."""
    browser = site.browser(address=address)
    return browser, await next_page(browser, await browser.sign_in(password=password))


async def instead(browser: Any, page: str, method: str) -> str:
    """The page of another proof, chosen on this one."""
    form = next(text for text in re.findall(r"<form .*?</form>", page, re.DOTALL) if f'value="{method}"' in text)
    return await next_page(browser, await browser.send("/sign-in", hidden_fields(form) | {"with": method}))


async def is_in(browser: Any) -> bool:
    """Whether somebody is signed in there."""
    status: int = (await browser.get("/account")).status_code
    return status == 200


async def act(browser: Any, path: str, **fields: str) -> Any:
    """Send a form of the account."""
    token = hidden_fields((await browser.get("/logout")).text).get("form_token", "")
    return await browser.send(path, {"form_token": token} | fields)


async def set_password(site: Any, new: str, *, browser: Any = None) -> Any:
    """Alice changes her password."""
    browser = browser or site.browser()
    await browser.sign_in()
    return await act(browser, "/account/password", password=new, again=new)


async def open_link(site: Any, url: str, password: str) -> Any:
    """Open a link that sets a password, and set it; the answer to whichever was refused, or to the last."""
    browser = site.browser()
    shown = await browser.get(url.removeprefix(site.rt.issuer))
    if shown.status_code != 200:
        return shown
    return await browser.send(
        url.removeprefix(site.rt.issuer).partition("?")[0], first_form(shown.text) | {"password": password}
    )


async def verified_address(site: Any) -> None:
    """Alice has opened the link that came to her address."""
    alice = await users.find("alice", rt=site.rt)
    key = address_key(alice.email or "")

    async def verify(tx: Any) -> None:
        await tx.addresses.verify(alice.id, address=alice.email, address_key=key, now=site.clock.now)

    await site.rt.store.write(verify)


def inputs(kind: str) -> list[tuple[str, str]]:
    """Fields of our pages: the template's name, and the element."""
    found = [(path.name, tag) for path in TEMPLATES for tag in re.findall(r"<input[^>]*>", path.read_text())]
    return [(name, tag) for name, tag in found if kind in tag]
