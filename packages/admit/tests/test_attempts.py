from typing import Annotated

import pytest
from fastapi import APIRouter, FastAPI, WebSocket
from fastapi.testclient import TestClient

from admit.asgi_guard import AsgiRequest
from admit.attempts import attempt_of
from admit.fastapi import Principal, TokenAuth
from admit.limits import Attempt
from admit.testing import TestIssuer

SCOPE = {"method": "GET", "path": "/orders/7", "client": ("192.0.2.7", 50_000)}


def test_method_path_and_address_are_those_of_the_request():
    assert attempt_of(AsgiRequest(SCOPE)) == Attempt(method="GET", path="/orders/7", address="192.0.2.7")


def test_a_websocket_is_a_get_and_a_unix_socket_has_no_address():
    assert attempt_of(AsgiRequest({"path": "/ws", "client": None})) == Attempt(method="GET", path="/ws")


@pytest.fixture
def tokens():
    return TestIssuer()


@pytest.fixture
def client(tokens):
    auth = TokenAuth(verifier=tokens.verifier())
    app = FastAPI()
    router = APIRouter(prefix="/orders", dependencies=[auth.require(action="orders.use")])

    @router.post("/{number}/refund", dependencies=[auth.require(action="orders.refund")])
    async def refund(number: int) -> str:
        return "refunded"

    @router.get("/{number}")
    async def show(number: int, who: Annotated[Principal, auth.principal]) -> str:
        return who.subject

    @app.get("/plain")
    async def plain(who: Annotated[Principal, auth.principal]) -> str:
        return who.subject

    @app.websocket("/changes")
    async def changes(socket: WebSocket, who: Annotated[Principal, auth.require(action="orders.watch")]) -> None:
        await socket.accept()
        await socket.send_text(who.subject)

    app.include_router(router)
    auth.install(app)
    with TestClient(app) as client:
        yield client


def limited_to(tokens, *names):
    return tokens.bearer("alice", claims={"limits": {"actions": [list(names)]}})


def test_a_token_limited_to_a_named_action_opens_the_endpoint_that_declares_it(client, tokens):
    headers = limited_to(tokens, "orders.refund")

    assert client.post("/orders/7/refund", headers=headers).status_code == 200
    for answer in (client.get("/orders/7", headers=headers), client.get("/plain", headers=headers)):
        assert (answer.status_code, answer.json()["code"]) == (401, "action_not_allowed")


def test_the_endpoints_own_action_counts_before_that_of_its_router(client, tokens):
    headers = limited_to(tokens, "orders.use")

    assert client.get("/orders/7", headers=headers).status_code == 200
    assert client.post("/orders/7/refund", headers=headers).json()["code"] == "action_not_allowed"


def test_a_websocket_has_a_named_action_too(client, tokens):
    with client.websocket_connect("/changes", headers=limited_to(tokens, "orders.watch")) as socket:
        assert socket.receive_text() == "alice"
