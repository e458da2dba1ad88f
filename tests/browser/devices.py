"""Somebody with passkeys, security keys and rings: virtual ones of the system's Chromium.

https://chromedevtools.github.io/devtools-protocol/tot/WebAuthn/
"""

from typing import Any

from playwright.sync_api import Page, expect
from tests.browser.visitor import Visitor
from tests.whole.apps import Person
from tests.whole.servers import Server

ADD, ALONE, BESIDE = "Add a passkey or security key", "Sign in with a passkey", "Use your passkey or security key"
# A key as they were sold for years: it keeps nothing itself, and knows no PIN.
PLAIN = {"hasResidentKey": False, "hasUserVerification": False, "isUserVerified": False}


class Devices:
    """The virtual authenticators of one tab."""

    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)
        self._session.send("WebAuthn.enable", {"enableUI": False})

    def plug_in(self, transport: str = "internal", **options: Any) -> str:
        """One more authenticator; its id."""
        given = {
            "protocol": "ctap2",
            "transport": transport,
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        } | options
        answer: dict[str, str] = self._session.send("WebAuthn.addVirtualAuthenticator", {"options": given})
        return answer["authenticatorId"]

    def unplug(self, device: str) -> None:
        self._session.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": device})

    def credentials(self, device: str) -> list[dict[str, Any]]:
        """What it holds."""
        answer = self._session.send("WebAuthn.getCredentials", {"authenticatorId": device})
        found: list[dict[str, Any]] = answer["credentials"]
        return found

    def put(self, device: str, credential: dict[str, Any]) -> None:
        self._session.send("WebAuthn.addCredential", {"authenticatorId": device, "credential": credential})

    def verified(self, device: str, is_verified: bool) -> None:
        """Whether its owner can be verified from now on."""
        self._session.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": is_verified})

    def present(self, device: str, is_present: bool) -> None:
        """Whether somebody touches it whenever it asks for that."""
        self._session.send(
            "WebAuthn.setAutomaticPresenceSimulation", {"authenticatorId": device, "enabled": is_present}
        )


class Owner:
    """Somebody with an account, a browser and devices."""

    def __init__(self, visitor: Visitor, server: Server) -> None:
        self.visitor, self.url = visitor, server.issuer
        self.who: Person = server.add_user()
        self.page = visitor.context.new_page()
        self.devices = Devices(self.page)

    def go(self, path: str) -> None:
        self.page.goto(self.url + path)

    def type_password(self) -> None:
        self.page.get_by_label("User name").fill(self.who.name)
        self.page.get_by_label("Password").fill(self.who.password)
        self.page.get_by_role("button", name="Sign in", exact=True).click()

    def sign_in(self) -> None:
        """By password."""
        self.go("/sign-in")
        self.type_password()
        self.is_in()

    def is_in(self) -> None:
        expect(self.page.get_by_text(f"Signed in as {self.who.name}")).to_be_visible()

    def sign_out(self) -> None:
        self.go("/logout")
        self.page.get_by_role("button", name="Sign out").click()
        expect(self.page.get_by_role("heading", name="You are signed out")).to_be_visible()

    def add(self, label: str = "") -> None:
        """Add a passkey with whatever device is there."""
        self.go("/account/passkeys")
        if label:
            self.page.get_by_label("Name", exact=False).last.fill(label)
        self.page.get_by_role("button", name=ADD).click()

    def has(self, label: str) -> None:
        expect(self.page.get_by_role("heading", name=label, exact=True)).to_be_visible()

    def problem(self, words: str) -> None:
        expect(self.page.get_by_role("alert")).to_contain_text(words)
