"""A person approves a transaction and gets a ticket for it alone."""

import html
import json

import pytest
from site_kit import API, CALLBACK, OPAQUE_API, answer_of, claims_of, hidden_fields

from admit.limits import body_digest
from admit_server.cli.token_shown import token_document, token_lines
from admit_server.domain.descent import ACCESS_TOKEN, TOKEN_EXCHANGE
from admit_server.domain.transaction import TransactionType
from admit_server.flows.admin import clients, resources, tokens
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio
CALLER = Caller(actor="test")
BODY = b'{"amount": "12.00", "currency": "EUR", "payee": "ACME & <Sons>"}'
WISH = {
    "type": "payment",
    "amount": "12.00",
    "currency": "EUR",
    "payee": "ACME & <Sons>",
    "body_sha256": body_digest(BODY),
}
PAY = {"request_method": "POST", "request_path": "/payments", "request_body_sha256": body_digest(BODY)}
TYPE = {"payment": TransactionType("POST /payments", "Pay {amount} {currency} to {payee}")}


@pytest.fixture
async def shop(site):
    for audience in (API, OPAQUE_API):
        change = resources.ResourceChange(verifier="admit", transactions=TYPE)
        await resources.update(audience, change, rt=site.rt, caller=CALLER)
    new = clients.NewClient(
        name="Shop", client_id="shop", kind="public", first_party=True, redirect_uris=(CALLBACK,), audiences=(API, OPAQUE_API),
        grant_types=frozenset({"authorization_code", "refresh_token", TOKEN_EXCHANGE}),
    )  # fmt: skip
    await clients.add(new, rt=site.rt, caller=CALLER)
    return site


async def to_the_page(site, browser, details=WISH, audience=API, **more):
    wish = {"authorization_details": json.dumps([details]), "resource": audience, "scope": ""} | more
    step = await browser.authorize("shop", **wish)
    if "/sign-in?" in step.headers.get("location", ""):
        step = await browser.sign_in(step.headers["location"])
    return step


async def decided(site, browser, decision="allow", **more):
    step = await to_the_page(site, browser, **more)
    page = await browser.get(step.headers["location"])
    return await browser.send("/consent", hidden_fields(page.text) | {"decision": decision})


async def ticket(site, **more):
    answer = await decided(site, site.browser(), **more)
    return (await site.redeem(answer_of(answer)["code"], "shop")).json()


async def used(site, token, **changes):
    told = {"token": token, "enforces": "limits", **site.proof("api"), **PAY} | changes
    return (await site.post("/introspect", told)).json()


async def test_the_person_reads_what_is_asked_and_every_value_of_it(shop):
    browser = shop.browser()
    step = await to_the_page(shop, browser)
    page = await browser.get(step.headers["location"])
    assert page.status_code == 200
    # Each value stands apart, so that one written from right to left turns nothing around it.
    assert "Pay <bdi>12.00</bdi> <bdi>EUR</bdi> to <bdi>ACME &amp; &lt;Sons&gt;</bdi>" in page.text
    assert "<Sons>" not in page.text
    for name, value in (("amount", "12.00"), ("currency", "EUR"), ("payee", "ACME & <Sons>")):
        assert f"<dt>{name}</dt><dd><bdi>{html.escape(value)}</bdi></dd>" in page.text


async def test_every_transaction_is_asked_for_also_of_a_first_party_client_and_a_signed_in_person(shop):
    browser = shop.browser()
    await decided(shop, browser)
    again = await to_the_page(shop, browser)
    assert "/consent?" in again.headers["location"]
    silent = await to_the_page(shop, browser, prompt="none")
    assert answer_of(silent)["error"] == "consent_required"


async def test_who_refuses_gives_nothing(shop):
    answer = answer_of(await decided(shop, shop.browser(), decision="deny"))
    assert answer["error"] == "access_denied"
    assert "code" not in answer


@pytest.mark.parametrize("audience", [API, OPAQUE_API])
async def test_the_ticket_is_for_that_transaction_once(shop, audience):
    body = await ticket(shop, audience=audience)
    assert "refresh_token" not in body
    assert "scope" not in body
    assert body["expires_in"] == 300
    granted = WISH | {"locations": [audience], "actions": ["POST /payments"]}
    assert body["authorization_details"] == [granted]
    token = body["access_token"]
    if audience == API:
        claims = claims_of(token)
        assert claims["authorization_details"] == [granted]
        assert claims["limits"]["body_sha256"] == WISH["body_sha256"]
    for changes, code in (
        ({"request_body_sha256": body_digest(BODY + b" ")}, "transaction_mismatch"),
        ({"request_path": "/payments/all"}, "action_not_allowed"),
        ({"request_method": "PUT"}, "action_not_allowed"),
    ):
        assert await used(shop, token, **changes) == {"active": False, "code": code}
    first = await used(shop, token)
    assert first["active"]
    assert first["authorization_details"] == [granted]
    assert await used(shop, token) == {"active": False, "code": "uses_exhausted"}


async def test_a_resource_that_says_nothing_of_the_body_is_refused(shop):
    token = (await ticket(shop))["access_token"]
    bare = {"token": token, **shop.proof("api"), "request_method": "POST", "request_path": "/payments"}
    assert (await shop.post("/introspect", bare)).json() == {"active": False}


async def test_a_weaker_ticket_made_from_it_is_for_the_same_transaction(shop):
    token = (await ticket(shop))["access_token"]
    form = {
        "grant_type": TOKEN_EXCHANGE,
        "subject_token": token,
        "subject_token_type": ACCESS_TOKEN,
        "client_id": "shop",
    }
    answer = await shop.post("/token", form | {"limits": '{"max_uses": 1, "lifetime_s": 60}'})
    child = answer.json()["access_token"]
    assert claims_of(child)["authorization_details"] == claims_of(token)["authorization_details"]
    assert (await used(shop, child, request_body_sha256=body_digest(b"other")))["code"] == "transaction_mismatch"
    assert (await used(shop, child))["active"]
    assert (await used(shop, token))["code"] == "uses_exhausted"


async def test_what_is_written_wrongly_goes_back_with_its_code(shop):
    for details in (WISH | {"type": "transfer"}, WISH | {"amount": 1.5}, {"type": "payment"}):
        answer = answer_of(await to_the_page(shop, shop.browser(), details))
        assert answer["error"] == "invalid_authorization_details"
        assert answer["error_description"]


async def test_nobody_can_slip_one_past_the_page(shop):
    challenge = {"client_id": "shop", "authorization_details": json.dumps([WISH]), "resource": API}
    answer = await shop.post("/authorize-challenge", challenge)
    assert answer.json()["error"] == "invalid_authorization_details"
    code = answer_of(await decided(shop, shop.browser()))["code"]
    answer = await shop.redeem(code, "shop", authorization_details=json.dumps([WISH | {"amount": "9000.00"}]))
    assert answer.json()["error"] == "invalid_authorization_details"


async def test_a_type_that_is_taken_away_meanwhile_can_be_neither_shown_nor_approved(shop):
    browser = shop.browser()
    step = await to_the_page(shop, browser)
    page = await browser.get(step.headers["location"])
    change = resources.ResourceChange(drop_transactions=("payment",))
    await resources.update(API, change, rt=shop.rt, caller=CALLER)
    answer = await browser.send("/consent", hidden_fields(page.text) | {"decision": "allow"})
    assert answer_of(answer)["error"] == "access_denied"
    assert (await browser.get(step.headers["location"])).status_code == 403


async def test_the_metadata_names_the_types(shop):
    metadata = (await shop.get("/.well-known/oauth-authorization-server")).json()
    assert metadata["authorization_details_types_supported"] == ["payment"]


async def test_an_administrator_reads_of_a_ticket_what_was_approved(shop):
    token = (await ticket(shop))["access_token"]
    found = await tokens.inspect(token, rt=shop.rt)
    document = token_document(found, issuer=shop.rt.issuer, username="alice")
    lines = dict(token_lines(document))
    assert "amount=12.00" in lines["transaction"]
    assert "payee=ACME & <Sons>" in lines["transaction"]
