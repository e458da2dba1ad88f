"""Programs that sign people in, without a browser."""

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from tests.whole.wire import Answer, Http

if TYPE_CHECKING:
    from tests.whole.servers import Server

DEMO_USER, DEMO_PASSWORD = "demo", "stamped-ticket-2026"


@dataclass(frozen=True)
class Person:
    """Who signs in."""

    name: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Ticket:
    """What the token endpoint gave."""

    access: str = field(repr=False)
    refresh: str | None = field(repr=False)
    id_token: str | None = field(repr=False)

    @classmethod
    def of(cls, body: dict[str, Any]) -> "Ticket":
        return cls(body["access_token"], body.get("refresh_token"), body.get("id_token"))


class App:
    """A program that signs people in: without a browser, or with the cookies of one."""

    def __init__(
        self, server: "Server", *, client_id: str = "demo-web", redirect_uri: str = "", scope: str = ""
    ) -> None:
        self.http = Http(server.url)
        self.client_id = client_id
        self._redirect_uri = redirect_uri or f"{server.demo_api}/"
        self._scope = scope or "openid profile notes:read notes:write"
        self._cookies: dict[str, str] = {}

    def sign_in(self, who: Person | None = None) -> Ticket:
        """By `/authorize-challenge`, in one step."""
        who = who or Person(DEMO_USER, DEMO_PASSWORD)
        verifier, challenge = _pkce()
        form = {"client_id": self.client_id, "scope": self._scope, "code_challenge": challenge}
        form |= {"code_challenge_method": "S256", "username": who.name, "password": who.password}
        answer = self.http.post("/authorize-challenge", form)
        assert answer.status == 200, answer.body
        return self.redeem(answer.json["authorization_code"], verifier)

    def sign_in_by_cookie(self, who: Person | None = None) -> None:
        """By the sign-in page, whose cookie then gives codes without another password."""
        who = who or Person(DEMO_USER, DEMO_PASSWORD)
        page = self.http.get("/sign-in")
        self._keep(page)
        token = re.search(rb'name="form_token" value="([0-9a-f]+)"', page.body)
        assert token is not None, page.body
        form = {"form_token": token[1].decode(), "username": who.name, "password": who.password}
        answer = self.http.post("/sign-in", form, Cookie=self._cookie(), Origin=self.http.base)
        assert answer.status == 303, answer.body
        self._keep(answer)

    def code_form(self) -> dict[str, str]:
        """What redeems a fresh code for the person of the cookies."""
        verifier, challenge = _pkce()
        asked = {"response_type": "code", "client_id": self.client_id, "redirect_uri": self._redirect_uri}
        asked |= {"scope": self._scope, "code_challenge": challenge, "code_challenge_method": "S256"}
        answer = self.http.get(f"/authorize?{urlencode(asked)}", Cookie=self._cookie())
        assert answer.status == 303, answer.body
        return self._code_form(answer.location["code"], verifier, self._redirect_uri)

    def ticket_by_cookie(self) -> Ticket:
        """A ticket, with a family of its own, for the person of the cookies."""
        answer = self.http.post("/token", self.code_form())
        assert answer.status == 200, answer.body
        return Ticket.of(answer.json)

    def redeem(self, code: str, verifier: str) -> Ticket:
        answer = self.http.post("/token", self._code_form(code, verifier))
        assert answer.status == 200, answer.body
        return Ticket.of(answer.json)

    def refresh_form(self, refresh_token: str) -> dict[str, str]:
        return {"grant_type": "refresh_token", "refresh_token": refresh_token, "client_id": self.client_id}

    def refresh(self, refresh_token: str) -> Answer:
        return self.http.post("/token", self.refresh_form(refresh_token))

    def revoke(self, token: str) -> None:
        answer = self.http.post("/revoke", {"token": token, "client_id": self.client_id})
        assert answer.status == 200, answer.body

    def log_out(self, id_token: str) -> None:
        """RP-initiated logout, proved by the ID token."""
        answer = self.http.post("/logout", {"id_token_hint": id_token, "client_id": self.client_id})
        assert answer.status == 200, answer.body

    def close(self) -> None:
        self.http.close()

    def _code_form(self, code: str, verifier: str, redirect_uri: str | None = None) -> dict[str, str]:
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier}
        return form | {"client_id": self.client_id} | ({"redirect_uri": redirect_uri} if redirect_uri else {})

    def _keep(self, answer: Answer) -> None:
        for line in answer.cookies:
            name, _, rest = line.partition("=")
            self._cookies[name] = rest.partition(";")[0]

    def _cookie(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self._cookies.items())


def _pkce() -> tuple[str, str]:
    verifier = secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    return verifier, base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
