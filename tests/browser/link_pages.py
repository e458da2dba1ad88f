"""The pages of links that work once, opened as the people would who get the mails."""

import secrets
from typing import Any

from playwright.sync_api import Page, expect
from tests.browser.visitor import Visitor

from admit_server.flows import addresses
from admit_server.flows.admin import inviting, users
from admit_server.flows.runtime import Caller

LINK_PAGES = [
    "forgot", "mail sent", "new password", "new password with problem", "new password set", "invitation", "recovery",
    "address", "address confirmed", "sign-up", "sign-up with problem", "sign-up confirm", "sign-up name taken", "link ended",
]  # fmt: skip
BY_TESTS = Caller(actor="tests")
WORDS = "a row of words of their own"


class LinkPages:
    """Opens each page of `LINK_PAGES`."""

    def __init__(self, visitor: Visitor, pair: Any, office: Any, post_offices: Any) -> None:
        self._visitor, self._pair, self._office, self._post_offices = visitor, pair, office, post_offices
        visitor.watch.expect(r"status of 4(00|10) ")
        self.pages: dict[str, Page] = {}
        name = f"linked-{secrets.token_hex(4)}"
        self._address = f"{name}@example.com"
        pair.server.administer(
            lambda rt: users.add(
                users.NewUser(username=name, email=self._address, password=WORDS), rt=rt, caller=BY_TESTS
            )
        )
        self._forget(name)
        self._let_in()
        self._confirm(name)
        self._sign_up()

    def _forget(self, name: str) -> None:
        self.pages["forgot"] = self._visitor.open(f"{self._pair.url}/forgot")
        sent = self.pages["mail sent"] = self._visitor.open(f"{self._pair.url}/forgot")
        sent.get_by_label("User name or e-mail address").fill(name)
        sent.get_by_role("button", name="Send the link").click()
        expect(sent.get_by_role("heading", name="Look into your mail")).to_be_visible()
        link = self._link_to(self._address)
        self.pages["new password"] = self._visitor.open(link)
        problem = self.pages["new password with problem"] = self._visitor.open(link)
        self._set_password(problem, "short")
        expect(problem.get_by_role("alert")).to_be_visible()
        done = self.pages["new password set"] = self._visitor.open(link)
        self._set_password(done, "quite another row of words")
        expect(done.get_by_role("heading", name="Your password is set")).to_be_visible()
        ended = self.pages["link ended"] = self._visitor.open(link)
        expect(ended.get_by_text("was used already")).to_be_visible()

    def _let_in(self) -> None:
        name = f"invited-{secrets.token_hex(4)}"

        async def both(rt: Any) -> list[str]:
            await users.add(users.NewUser(username=name), rt=rt, caller=BY_TESTS)
            invited = await inviting.invite(name, rt=rt, caller=BY_TESTS)
            recovered = await inviting.recover(name, by_mail=False, rt=rt, caller=BY_TESTS)
            return [invited.url, recovered.url]

        links = self._pair.server.administer(both)
        for page, link, heading in zip(("invitation", "recovery"), links, ("Welcome", "Begin anew"), strict=True):
            self.pages[page] = self._visitor.open(link)
            expect(self.pages[page].get_by_role("heading", name=heading)).to_be_visible()

    def _confirm(self, name: str) -> None:
        new = f"second-{secrets.token_hex(4)}@example.com"

        async def add(rt: Any) -> None:
            await addresses.add(await users.find(name, rt=rt), new, rt=rt, caller=BY_TESTS)

        self._pair.server.administer(add)
        link = self._link_to(new)
        self.pages["address"] = self._visitor.open(link)
        done = self.pages["address confirmed"] = self._visitor.open(link)
        done.get_by_role("button", name="Yes, confirm the address").click()
        expect(done.get_by_role("heading", name="Address confirmed")).to_be_visible()

    def _sign_up(self) -> None:
        address = f"new-{secrets.token_hex(4)}@example.com"
        self.pages["sign-up"] = self._visitor.open(f"{self._pair.url}/sign-up")
        problem = self.pages["sign-up with problem"] = self._visitor.open(f"{self._pair.url}/sign-up")
        self._ask_for_an_account(problem, "a name", address)
        expect(problem.get_by_role("alert")).to_be_visible()
        asked = self._visitor.open(f"{self._pair.url}/sign-up")
        self._ask_for_an_account(asked, "nora", address)
        expect(asked.get_by_role("heading", name="Look into your mail")).to_be_visible()
        link = self._link_to(address)
        self.pages["sign-up confirm"] = self._visitor.open(link)
        taken = self.pages["sign-up name taken"] = self._visitor.open(link)
        taken.get_by_label("User name").fill("demo")
        taken.get_by_label("Password").fill(WORDS)
        taken.get_by_role("button", name="Make the account").click()
        expect(taken.get_by_role("alert")).to_contain_text("taken")

    def _ask_for_an_account(self, page: Page, name: str, address: str) -> None:
        page.get_by_label("User name").fill(name)
        page.get_by_label("E-mail address").fill(address)
        page.get_by_role("button", name="Send the link").click()

    def _set_password(self, page: Page, password: str) -> None:
        page.get_by_label("New password").fill(password)
        page.get_by_role("button", name="Set the password").click()

    def _link_to(self, address: str) -> str:
        link: str = self._post_offices.link_in(self._office.wait_for(address))
        return link
