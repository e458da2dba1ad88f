"""Tickets made from others, and tickets of one transaction, with real processes: the library refuses what it should, soon."""

import base64
import hashlib
import html
import json
import re
import secrets
import time
from typing import Annotated, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from tests.whole.apps import DEMO_PASSWORD, DEMO_USER
from tests.whole.servers import BY_TESTS
from tests.whole.wire import Http

from admit import Attempt, TokenRejected, UsesExhausted, Verifier
from admit.fastapi import Principal, TokenAuth
from admit.limits import body_digest
from admit_server.domain.descent import ACCESS_TOKEN, TOKEN_EXCHANGE
from admit_server.domain.token_policy import TokenPolicy
from admit_server.domain.transaction import TransactionType
from admit_server.flows.admin import clients, resources, tokens

CALLBACK = "http://127.0.0.1:9/cb"
BODY = b'{"amount": "12.00", "payee": "ACME"}'


class Shop:
    """A resource whose tokens carry limits, its credentials, and an app that may exchange and ask for transactions."""

    def __init__(self, server: Any) -> None:
        self.server, self.audience = server, f"https://shop-{secrets.token_hex(4)}.example"
        self.app = f"app-{secrets.token_hex(4)}"

        async def add(rt: Any) -> Any:
            reader = await clients.add(
                clients.NewClient(name=f"api of {self.audience}", grant_types=frozenset()), rt=rt, caller=BY_TESTS
            )
            new = resources.NewResource(
                audience=self.audience,
                scopes={"notes:read": "Read", "notes:write": "Write"},
                client=reader.client.id,
                verifier="admit",
                transactions={"payment": TransactionType("POST /payments", "Pay {amount} to {payee}")},
            )
            await resources.add(new, rt=rt, caller=BY_TESTS)
            app = clients.NewClient(
                name=self.app,
                client_id=self.app,
                kind="public",
                first_party=True,
                redirect_uris=(CALLBACK,),
                audiences=(self.audience,),
                grant_types=frozenset({"authorization_code", "refresh_token", TOKEN_EXCHANGE}),
            )
            await clients.add(app, rt=rt, caller=BY_TESTS)
            return reader

        reader = server.administer(add)
        self.verifier = Verifier(
            issuer=server.issuer, audience=self.audience, client_id=reader.client.id, client_secret=reader.secret
        )

    def issue(self) -> str:
        new = tokens.NewToken(user="demo", client=self.app, resource=self.audience)
        text: str = self.server.administer(lambda rt: tokens.issue(new, rt=rt, caller=BY_TESTS)).tokens.access_token
        return text

    def exchange(self, token: str, **limits: Any) -> str:
        form = {
            "grant_type": TOKEN_EXCHANGE,
            "subject_token": token,
            "subject_token_type": ACCESS_TOKEN,
            "client_id": self.app,
            "scope": "notes:read",
            "limits": json.dumps(limits),
        }
        with Http(self.server.url) as http:
            answer = http.post("/token", form)
        assert answer.status == 200, answer.body
        child: str = answer.json["access_token"]
        return child

    def end(self, token: str) -> None:
        with Http(self.server.url) as http:
            assert http.post("/revoke", {"token": token, "client_id": self.app}).status == 200


@pytest.fixture
def shop(engine, serve):
    opened = Shop(serve(database=engine))
    yield opened
    opened.verifier.close()


def test_the_library_refuses_the_whole_tree_soon_after_its_root_was_ended(shop, figure):
    read = Attempt(method="GET", path="/notes/7", address="192.0.2.1")
    root = shop.issue()
    child = shop.exchange(root, actions=["GET /notes/*"], lifetime_s=300)
    grandchild = shop.exchange(child, actions=["GET /notes/7"], lifetime_s=60)
    for token in (root, child, grandchild):
        assert shop.verifier.verify(token, read).subject
    with pytest.raises(TokenRejected):
        shop.verifier.verify(grandchild, Attempt(method="GET", path="/notes/8"))
    began = time.monotonic()
    shop.end(root)
    while time.monotonic() - began < 5:
        refused = [_refused(shop.verifier, token, read) for token in (root, child, grandchild)]
        if all(refused):
            break
        time.sleep(0.005)
    assert refused == ["token_revoked"] * 3
    figure(f"a root ended to the refusal of root, child and grandchild: {1000 * (time.monotonic() - began):.0f} ms")


def test_uses_that_were_handed_on_are_used_there_and_nowhere_else(shop):
    new = tokens.NewToken(
        user="demo",
        client=shop.app,
        resource=shop.audience,
        limits=TokenPolicy(max_uses=3),
        scopes=frozenset({"notes:read"}),
    )
    root = shop.server.administer(lambda rt: tokens.issue(new, rt=rt, caller=BY_TESTS)).tokens.access_token
    child = shop.exchange(root, max_uses=2)
    for token, uses in ((child, 2), (root, 1)):
        for _ in range(uses):
            shop.verifier.verify(token)
        with pytest.raises(UsesExhausted):
            shop.verifier.verify(token)


def test_a_person_approves_a_payment_and_the_api_takes_that_one_once(shop):
    auth = TokenAuth(verifier=shop.verifier)
    app, paid = FastAPI(), []

    @app.post("/payments")
    async def pay(who: Annotated[Principal, auth.require_transaction("payment")], request: Request) -> str:
        paid.append(await request.json())
        return who.subject

    auth.install(app)
    token = _approved(shop)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    with TestClient(app) as api:
        flipped = BODY.replace(b"12.00", b"92.00")
        answers = [api.post("/payments", content=body, headers=headers) for body in (flipped, BODY, BODY)]
    assert [answer.status_code for answer in answers] == [401, 200, 401]
    assert [answers[0].json()["code"], answers[2].json()["code"]] == ["transaction_mismatch", "uses_exhausted"]
    assert paid == [{"amount": "12.00", "payee": "ACME"}]


def _refused(verifier: Verifier, token: str, attempt: Attempt) -> str | None:
    try:
        verifier.verify(token, attempt)
    except TokenRejected as refusal:
        return refusal.code
    return None


def _approved(shop: Shop) -> str:
    """Walk the pages as a browser without scripts does, approve, and redeem the code."""
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    details = [{"type": "payment", "amount": "12.00", "payee": "ACME", "body_sha256": body_digest(BODY)}]
    asked = {
        "response_type": "code", "client_id": shop.app, "redirect_uri": CALLBACK, "state": "s", "code_challenge": challenge,
        "code_challenge_method": "S256", "authorization_details": json.dumps(details),
    }  # fmt: skip
    same = {"Sec-Fetch-Site": "same-origin", "Origin": shop.server.url}
    with httpx2.Client(base_url=shop.server.url) as browser:
        step = browser.get("/authorize?" + urlencode(asked))
        form = _hidden(browser.get(step.headers["location"]).text)
        step = browser.post("/sign-in", data=form | {"username": DEMO_USER, "password": DEMO_PASSWORD}, headers=same)
        page = browser.get(step.headers["location"]).text
        assert "Pay <bdi>12.00</bdi> to <bdi>ACME</bdi>" in page
        step = browser.post("/consent", data=_hidden(page) | {"decision": "allow"}, headers=same)
    code = parse_qs(urlsplit(step.headers["location"]).query)["code"][0]
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "client_id": shop.app,
        "code_verifier": verifier,
    }
    with Http(shop.server.url) as http:
        answer = http.post("/token", form)
    assert answer.status == 200, answer.body
    token: str = answer.json["access_token"]
    return token


def _hidden(page: str) -> dict[str, str]:
    return {
        name: html.unescape(value)
        for name, value in re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page)
    }
