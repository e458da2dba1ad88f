"""Tests of `fastapi_app.py`, without a server. The fixtures come with the library: `PYTHONPATH=examples pytest examples`."""

import pytest
from fastapi.testclient import TestClient
from fastapi_app import app, auth

client = TestClient(app)


@pytest.fixture(autouse=True)
def tokens(admit_tokens):
    """Until the test ends, the application trusts the issuer of the tests."""
    return admit_tokens.protects(auth)


def test_everybody_is_welcome():
    assert client.get("/").status_code == 200


def test_items_are_protected(assert_protected):
    assert_protected(client, "GET", "/items", scopes=["items:read"])
    assert_protected(client, "DELETE", "/items", scopes=["items:write"], max_age=300)


def test_everybody_sees_their_own(tokens):
    assert client.get("/items", headers=tokens.bearer("alice", scopes="items:read")).json() == {"owner": "alice"}
