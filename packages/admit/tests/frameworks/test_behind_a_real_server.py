"""The same over the wire: uvicorn, sockets, and what a client sees of a WebSocket that is refused."""

import http.client
import socket
import threading
import time
from functools import partial

import httpx2
import pytest
import requests
import uvicorn
from applications import FRAMEWORKS

from admit.testing import TestIssuer, assert_protected

UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",  # RFC 6455 section 1.3
}


@pytest.fixture(scope="module")
def tokens():
    return TestIssuer()


@pytest.fixture(scope="module", params=FRAMEWORKS)
def port(request, tokens):
    config = uvicorn.Config(
        FRAMEWORKS[request.param](tokens.verifier()), log_level="warning", lifespan="on", ws="wsproto"
    )
    server = uvicorn.Server(config)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    thread = threading.Thread(target=partial(server.run, sockets=[listener]), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join()
    listener.close()


def ask(port, path, headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = b"" if answer.status == 101 else answer.read()
        dropped = ("date", "server", "connection", "sec-websocket-accept", "upgrade")
        return answer.status, {k.lower(): v for k, v in answer.getheaders() if k.lower() not in dropped}, body
    finally:
        connection.close()


def test_a_good_token_is_let_in(port, tokens):
    good = tokens.bearer(scopes="items:read")

    assert ask(port, "/items", good)[::2] == (200, b'"alice"')
    assert ask(port, "/ws/items", good | UPGRADE)[0] == 101


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        (lambda tokens: {}, 401, b"missing_token"),
        (lambda tokens: tokens.expired(scopes="items:read"), 401, b"token_expired"),
        (lambda tokens: tokens.alg_none(scopes="items:read"), 401, b"algorithm_not_allowed"),
        (lambda tokens: tokens.bearer(), 403, b"insufficient_scope"),
    ],
    ids=["no token", "expired", "alg none", "missing scope"],
)
def test_a_refusal_is_the_same_for_requests_and_web_sockets(port, tokens, headers, status, code):
    sent = headers(tokens)

    request, websocket = ask(port, "/items", sent), ask(port, "/ws/items", sent | UPGRADE)

    assert request == websocket
    assert request[0] == status
    assert b'"code":"' + code + b'"' in request[2]
    assert request[1]["www-authenticate"].startswith('Bearer realm="https://api.test"')


def test_a_head_is_answered_without_a_body(port, tokens):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("HEAD", "/items")
    answer = connection.getresponse()

    assert answer.status in (401, 405)
    assert answer.read() == b""
    connection.request("GET", "/items", headers=tokens.bearer(scopes="items:read"))
    assert connection.getresponse().read() == b'"alice"', "the connection goes on"
    connection.close()


@pytest.mark.parametrize("make", [requests.Session, httpx2.Client], ids=["requests", "httpx"])
def test_clients_of_real_servers_can_attack(port, tokens, make):
    with make() as client:
        tried = assert_protected(
            client, "GET", f"http://127.0.0.1:{port}/items", scopes=["items:read"], tokens=tokens, answers=200
        )

    assert ("two tokens" in tried) == (make is httpx2.Client)
    assert {"expired", "revoked", "alg none", "without items:read"} <= set(tried)
