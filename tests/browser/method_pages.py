"""The pages of authenticator apps and recovery codes, and of the steps that ask for them, for the gallery of all pages."""

import base64
import hmac
import re
import time
from typing import Any

from playwright.sync_api import Page, expect
from tests.browser.landing import Wish
from tests.browser.visitor import Visitor

METHOD_PAGES = [
    "apps for codes", "apps for codes without any", "add an app", "add an app with problem",
    "recovery codes", "recovery codes without any", "new recovery codes",
    "step of an app", "step of an app with problem", "step of a recovery code",
]  # fmt: skip


class App:
    """What stands in for the app on a phone: it knows RFC 6238 and nothing of the server."""

    def __init__(self, secret: str) -> None:
        self._key = base64.b32decode(secret.replace(" ", ""))
        self._used = 0

    def code(self) -> str:
        """The next code that was not used yet; the server takes that of the step to come as well."""
        step = max(int(time.time()) // 30, self._used + 1)
        while step > int(time.time()) // 30 + 1:
            time.sleep(0.5)
        self._used = step
        digest = hmac.digest(self._key, step.to_bytes(8, "big"), "sha1")
        at = digest[-1] & 15
        return f"{(int.from_bytes(digest[at : at + 4], 'big') & 0x7FFFFFFF) % 10**6:06}"


class MethodPages:
    """Each page in a tab of its own, of a person who sets up both."""

    def __init__(self, visitor: Visitor, stranger: Visitor, pair: Any) -> None:
        self._pair = pair
        self.pages: dict[str, Page] = {}
        self._person = pair.server.add_user()
        self._set_up(visitor)
        self._ask(stranger)

    def _set_up(self, visitor: Visitor) -> None:
        visitor.watch.expect(r"status of 403 .*/account/totp/add")
        entered = visitor.open(f"{self._pair.url}/sign-in")
        visitor.fill_in(entered, self._person)
        expect(entered.get_by_text("signed in as")).to_be_visible()
        entered.close()
        self.pages["apps for codes without any"] = self._open(visitor, "totp", "You have none yet")
        self.pages["recovery codes without any"] = self._open(visitor, "recovery-codes", "You have none yet")
        problem = self.pages["add an app with problem"] = self._open(visitor, "totp/add", "Not able to scan it?")
        problem.get_by_label("The code that the app shows now").fill("000000")
        problem.get_by_role("button", name="Add the app").click()
        expect(problem.get_by_role("alert")).to_be_visible()
        added = self._open(visitor, "totp/add", "Not able to scan it?")
        added.get_by_text("Not able to scan it?").click()
        added.get_by_label("The code that the app shows now").fill(App(added.locator(".secret").inner_text()).code())
        added.get_by_label("What to call it").fill("The-telephone-with-the-long-name-that-nobody-can-break-anywhere")
        added.get_by_role("button", name="Add the app").click()
        expect(added.get_by_text("Not used yet")).to_be_visible()
        added.locator("summary").click()
        self.pages["apps for codes"] = added
        self.pages["add an app"] = self._open(visitor, "totp/add", "Not able to scan it?")
        self.pages["add an app"].get_by_text("Not able to scan it?").click()
        made = self._open(visitor, "recovery-codes/add", "Each is good once")
        made.get_by_label("I have printed or saved them").check()
        made.get_by_role("button", name="Use these codes").click()
        expect(made.get_by_text("10 of 10 left")).to_be_visible()
        made.locator("summary").click()
        self.pages["recovery codes"] = made
        self.pages["new recovery codes"] = self._open(visitor, "recovery-codes/add", "old ones that are left")

    def _ask(self, visitor: Visitor) -> None:
        """A client that wants two factors."""
        visitor.watch.expect(r"status of 403 .*/sign-in")
        for name in ("step of an app", "step of an app with problem", "step of a recovery code"):
            page = self.pages[name] = visitor.open(
                Wish(self._pair, "demo-web", f"{self._pair.api}/", acr_values="urn:admit:acr:2fa").url
            )
            visitor.fill_in(page, self._person)
            expect(page.get_by_role("heading", name="One more step")).to_be_visible()
        problem = self.pages["step of an app with problem"]
        problem.get_by_label("The code that your app shows").fill("000000")
        problem.get_by_role("button", name="Go on").click()
        expect(problem.get_by_role("alert")).to_be_visible()
        other = self.pages["step of a recovery code"]
        other.get_by_role("button", name=re.compile("recovery code")).click()
        expect(other.get_by_label("One of your recovery codes")).to_be_visible()

    def _open(self, visitor: Visitor, path: str, text: str) -> Page:
        page = visitor.open(f"{self._pair.url}/account/{path}")
        expect(page.get_by_text(text).first).to_be_visible()
        return page
