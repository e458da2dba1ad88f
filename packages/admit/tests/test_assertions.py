"""Assertions of forward authentication: good for one request, and never taken for a token."""

from typing import Annotated

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from admit import AssertionMismatch, MalformedToken, TokenExpired, TokenRevoked, Verifier, WrongAudience, WrongType
from admit.fastapi import Principal, TokenAuth
from admit.jose import Jwks, generate_key, sign
from admit.testing import TestIssuer

ISSUER, AUDIENCE, NOW = "https://id.test", "https://api.test", 1_700_000_000
REQUEST = {"method": "GET", "host": "api.test", "path": "/items"}
KEY = generate_key("ES256")


def asserted(typ="admit-assertion+jwt", **changes):
    claims = {
        "iss": ISSUER,
        "sub": "usr_1",
        "aud": AUDIENCE,
        "iat": NOW,
        "exp": NOW + 30,
        "jti": "tok_own",
        "token_jti": "tok_1",
        "client_id": "cli_1",
        "scope": "items:read",
        "grant": "grt_1",
        "request": REQUEST,
    } | changes
    return sign({name: value for name, value in claims.items() if value is not None}, KEY, typ=typ)


@pytest.fixture
def verifier():
    from admit.revocations import InMemoryRevocations

    return Verifier(
        issuer=ISSUER,
        audience=AUDIENCE,
        keys=Jwks([KEY.public()]),
        revocations=InMemoryRevocations(),
        clock=lambda: NOW,
    )


def check(verifier, assertion, method="GET", path="/items", host="api.test"):
    return verifier.verify_assertion(assertion, method=method, path=path, host=host)


def test_an_assertion_names_who_may_make_this_request(verifier):
    who = check(verifier, asserted())
    assert (who.subject, who.client_id, who.scopes) == ("usr_1", "cli_1", frozenset({"items:read"}))
    assert (who.token_id, who.grant_id) == ("tok_1", "grt_1")
    who.require("items:read")


@pytest.mark.anyio
async def test_the_same_without_blocking(verifier):
    who = await verifier.verify_assertion_async(asserted(), method="GET", path="/items", host="API.test:8443")
    assert who.subject == "usr_1"
    with pytest.raises(AssertionMismatch):
        await verifier.verify_assertion_async(asserted(), method="GET", path="/other")


@pytest.mark.parametrize(
    "other", [{"method": "DELETE"}, {"path": "/items/7"}, {"path": "/items/"}, {"host": "other.test"}, {"host": ""}]
)
def test_it_is_good_for_no_other_request(verifier, other):
    with pytest.raises(AssertionMismatch) as caught:
        check(verifier, asserted(), **other)
    assert caught.value.code == "assertion_mismatch"
    assert caught.value.checks


def test_where_the_proxy_changes_the_host_it_is_not_compared(verifier):
    assert check(verifier, asserted(), host=None).subject == "usr_1"


def test_neither_is_a_token_an_assertion_nor_an_assertion_a_token(verifier):
    with pytest.raises(WrongType):
        verifier.verify(asserted())
    for typ in ("at+jwt", "JWT", "logout+jwt"):
        with pytest.raises(WrongType):
            check(verifier, asserted(typ))


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"aud": "https://other.test"}, WrongAudience),
        ({"exp": NOW - 31}, TokenExpired),
        ({"exp": None}, MalformedToken),
        ({"request": None}, MalformedToken),
        ({"request": "GET /items"}, MalformedToken),
        ({"token_jti": None}, MalformedToken),
        ({"request": {"method": "GET", "path": "/items"}}, AssertionMismatch),
    ],
)
def test_it_is_judged_like_a_token(verifier, changes, refusal):
    with pytest.raises(refusal):
        check(verifier, asserted(**changes))


def test_what_ends_the_token_ends_its_assertions(verifier):
    verifier._revocations.revoke("jti", "tok_1", until=NOW + 60)
    with pytest.raises(TokenRevoked):
        check(verifier, asserted())


@pytest.fixture
def client(verifier):
    auth = TokenAuth(verifier=verifier, behind_check=True)
    app = FastAPI()
    auth.install(app)

    @app.get("/items")
    async def items(who: Annotated[Principal, auth.require("items:read")]) -> str:
        return who.subject

    @app.get("/maybe")
    async def maybe(who: Annotated[Principal | None, auth.optional]) -> str:
        return who.subject if who else "nobody"

    with TestClient(app, base_url="https://api.test") as client:
        yield client


def test_behind_check_the_assertion_counts_and_no_token_does(client):
    token = asserted("at+jwt")
    assert client.get("/items", headers={"X-Auth-Assertion": asserted()}).json() == "usr_1"
    for headers in (
        {"Authorization": f"Bearer {token}"},
        {"Authorization": f"Bearer {asserted()}"},
        {"X-Auth-Subject": "usr_1", "X-Auth-Scopes": "items:read"},
    ):
        answer = client.get("/items", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "missing_token")
    assert client.get("/items", headers={"X-Auth-Assertion": token}).json()["code"] == "wrong_type"
    assert client.get("/maybe", headers={"Authorization": f"Bearer {token}"}).json() == "nobody"


def test_behind_check_an_assertion_of_another_request_or_two_of_them_are_refused(client):
    other = asserted(request=REQUEST | {"path": "/maybe"})
    assert client.get("/items", headers={"X-Auth-Assertion": other}).json()["code"] == "assertion_mismatch"
    twice = [("X-Auth-Assertion", asserted()), ("X-Auth-Assertion", asserted())]
    assert client.get("/items", headers=twice).status_code == 400


def test_the_test_issuer_makes_assertions_for_tests_of_applications():
    issuer = TestIssuer()
    app = FastAPI()
    auth = TokenAuth(verifier=issuer.verifier(), behind_check=True)

    @app.post("/items")
    async def items(who: Annotated[Principal, auth.require("items:write")]) -> str:
        return who.subject

    with TestClient(app) as client:
        good = issuer.assertion("bob", method="POST", path="/items", scopes="items:write")
        assert client.post("/items", headers=good).json() == "bob"
        assert client.post("/items", headers=issuer.assertion("bob", path="/items")).status_code == 401
        over = issuer.assertion(method="POST", path="/items", scopes="items:write", claims={"exp": 1})
        assert client.post("/items", headers=over).status_code == 401


def test_behind_check_a_missing_scope_is_403(client):
    answer = client.get("/items", headers={"X-Auth-Assertion": asserted(scope="other")})
    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
