"""The example of typed claims; `make check` judges its types."""

import runpy
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from admit.testing import TestIssuer

EXAMPLE = Path(__file__).parents[4] / "examples" / "typed_application.py"


@pytest.mark.parametrize(
    ("app", "auth", "answer"), [("app", "auth", '"acme"'), ("starlette_app", "starlette_auth", "acme")]
)
def test_an_endpoint_sees_the_claims_in_the_form_of_its_application(app, auth, answer):
    example = runpy.run_path(str(EXAMPLE))
    client = TestClient(example[app])

    with TestIssuer().protecting(example[auth]) as tokens:
        good = client.get("/cart", headers=tokens.bearer("alice", scopes="cart", claims={"tenant": "acme"}))
        without = client.get("/cart", headers=tokens.bearer("alice", scopes="cart"))

    assert (good.status_code, good.text) == (200, answer)
    assert (without.status_code, without.json()["code"]) == (401, "malformed_token")
