"""Tickets of one transaction at a resource."""

import json
from typing import Annotated

import pytest
from fastapi import APIRouter, FastAPI, Request
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from admit import Attempt, LimitsNotEnforceable, TransactionMismatch
from admit.fastapi import Principal, TokenAuth
from admit.limits import body_digest
from admit.starlette import TokenAuth as StarletteAuth
from admit.testing import TestIssuer
from admit.transactions import approved, compare

BODY = b'{"amount": "12.00", "payee": "ACME"}'
VALUES = {"amount": "12.00", "payee": "ACME"}


@pytest.fixture
def tokens(clock):
    return TestIssuer(clock=clock)


def details(body=BODY, kind="payment", **values):
    return {"type": kind, "body_sha256": body_digest(body), "actions": ["POST /payments"], **(values or VALUES)}


def ticket(tokens, *several, body=BODY, **more):
    listed = [details(body, **more), *several]
    limits = {"body_sha256": body_digest(body), "actions": [["POST /payments"]]}
    return tokens.token(claims={"authorization_details": listed, "limits": limits})


def fastapi(verifier):
    auth = TokenAuth(verifier=verifier)
    app = FastAPI()
    router = APIRouter(dependencies=[auth.principal])

    @router.post("/payments")
    async def pay(who: Annotated[Principal, auth.require_transaction("payment")], request: Request) -> object:
        return [dict(who.transaction("payment")), await request.json()]

    @router.post("/free")
    async def free(who: Annotated[Principal, auth.principal]) -> str:
        return who.subject

    app.include_router(router)
    auth.install(app)
    return app


def starlette(verifier):
    auth = StarletteAuth(verifier=verifier)

    @auth.require_transaction("payment")
    async def pay(request):
        return JSONResponse([dict(request.user.principal.transaction("payment")), await request.json()])

    @auth.require()
    async def free(request):
        return JSONResponse(request.user.display_name)

    return Starlette(routes=[Route("/payments", pay, methods=["POST"]), Route("/free", free, methods=["POST"])])


@pytest.fixture(params=[fastapi, starlette], ids=lambda build: build.__name__)
def client(request, tokens):
    return TestClient(request.param(tokens.verifier()))


def post(client, token, body=BODY, path="/payments"):
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    return client.post(path, content=body, headers=headers)


def test_the_endpoint_gets_what_was_approved_and_the_body_is_still_there(client, tokens):
    answer = post(client, ticket(tokens))
    assert answer.status_code == 200, answer.text
    assert answer.json() == [VALUES, json.loads(BODY)]


def test_a_flipped_byte_anywhere_is_refused(client, tokens):
    token = ticket(tokens)
    for at in range(len(BODY)):
        answer = post(client, token, BODY[:at] + bytes([BODY[at] ^ 1]) + BODY[at + 1 :])
        assert answer.status_code == 401
        assert answer.json()["code"] == "transaction_mismatch"


def test_a_body_that_says_something_else_than_the_person_read_is_refused_though_its_hash_was_approved(client, tokens):
    for body in (
        b'{"amount": "9000.00", "payee": "ACME"}',
        b'{"amount": 12.00, "payee": "ACME"}',
        b'{"amount": "12.00"}',
        b'{"amount": "12.00", "payee": "ACME", "currency": "BTC"}',
        b'{"amount": "12.00", "payee": "ACME", "amount": "9000.00"}',
        b'[{"amount": "12.00", "payee": "ACME"}]',
        b"amount=12.00&payee=ACME",
    ):
        answer = post(client, ticket(tokens, body=body), body)
        assert answer.status_code == 401, body
        assert answer.json()["code"] == "transaction_mismatch"


def test_a_ticket_of_another_type_or_of_none_or_of_several_is_refused(client, tokens):
    for token in (
        ticket(tokens, kind="transfer"),
        ticket(tokens, details(b"other")),
        tokens.token(),
        tokens.token(claims={"authorization_details": "payment"}),
        tokens.token(claims={"authorization_details": [{"type": "payment"}]}),
    ):
        answer = post(client, token)
        assert (answer.status_code, answer.json()["code"]) == (401, "transaction_mismatch")


def test_it_opens_nothing_else(client, tokens):
    answer = post(client, ticket(tokens), path="/free")
    assert answer.status_code == 401
    assert answer.json()["code"] == "limits_not_enforceable"


def test_a_body_of_unknown_or_great_length_is_not_read(client, tokens):
    headers = {"Authorization": f"Bearer {ticket(tokens)}", "Content-Type": "application/json"}
    assert client.post("/payments", content=iter([BODY]), headers=headers).status_code == 413
    assert client.post("/payments", content=b"x" * 1_048_577, headers=headers).status_code == 413


def test_without_a_framework_the_body_is_given_by_its_digest(tokens):
    verifier, token = tokens.verifier(), ticket(tokens)
    place = {"method": "POST", "path": "/payments"}
    who = verifier.verify(token, Attempt(**place, body_sha256=body_digest(BODY)))
    assert who.transaction("payment", body=BODY) == VALUES
    with pytest.raises(TransactionMismatch):
        verifier.verify(token, Attempt(**place, body_sha256=body_digest(b"other")))
    with pytest.raises(LimitsNotEnforceable):
        verifier.verify(token, Attempt(**place))


def test_what_one_request_does_to_approved_values_no_other_request_sees(tokens):
    """One ticket may be shown again, for example when the connection broke; then it is remembered."""
    verifier, values = tokens.verifier(), {"payees": ["ACME"]}
    token = ticket(tokens, **values)
    attempt = Attempt(method="POST", path="/payments", body_sha256=body_digest(BODY))
    for _ in range(3):
        verifier.verify(token, attempt).transaction("payment")["payees"].append("Mallory")

    assert verifier.verify(token, attempt).transaction("payment") == values


def test_details_that_name_no_body_are_refused():
    with pytest.raises(TransactionMismatch):
        approved({"authorization_details": [{"type": "payment", "amount": "1"}]}, "payment")


@given(
    st.dictionaries(st.sampled_from("abc"), st.integers(0, 2) | st.text("xy", max_size=2) | st.booleans()),
    st.sampled_from("abc"),
)
def test_only_equal_values_of_equal_types_pass(content, name):
    value = content.get(name, 1)
    wanted = {name: value}
    good = set(content) == {name}
    try:
        compare(json.dumps(content).encode(), wanted)
        assert good
    except TransactionMismatch:
        assert not good
    if isinstance(value, bool):
        with pytest.raises(TransactionMismatch):
            compare(json.dumps(content).encode(), {name: int(value)})
