"""The negative cases have to fail for wrong applications: each here is wrong in one way, or in the way that many are."""

import json

import httpx2
import jwt
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient

from admit import (
    AdmitError,
    AlgorithmNotAllowed,
    BadSignature,
    InsufficientScope,
    MalformedToken,
    MissingToken,
    StepUpRequired,
    TokenBound,
    TokenExpired,
    TokenNotYetValid,
    TokenRejected,
    TokenRevoked,
    UnknownKey,
    Verifier,
    WrongAudience,
    WrongIssuer,
    WrongType,
)
from admit.jose import base64url
from admit.starlette import TokenAuth
from admit.testing import TestIssuer, Unprotected, assert_protected

ATTACKS = (
    "no token", "another scheme", "an empty token", "the token in the address", "two tokens", "garbage", "tampered", "wrong key",
    "unknown key", "own key", "alg none", "confused algorithm", "unknown critical", "expired", "not yet valid", "wrong audience",
    "wrong issuer", "id token", "revoked", "bound",
)  # fmt: skip


@pytest.fixture
def tokens():
    issuer = TestIssuer()
    yield issuer
    issuer.restore()


def protected(tokens, **asked):
    auth = TokenAuth(issuer="https://id.example", audience="https://api.example")
    tokens.protects(auth)

    async def items(request):
        return JSONResponse(request.user.display_name)

    async def watch(websocket):
        await websocket.accept()

    scopes = asked.pop("scopes", ())
    guard = auth.require(*scopes, **asked)
    return Starlette(
        routes=[Route("/items", guard(items), methods=["GET", "POST"]), WebSocketRoute("/ws", guard(watch))]
    )


def served_by(endpoint):
    return TestClient(Starlette(routes=[Route("/items", endpoint)]))


def credential(request):
    """What naive applications do."""
    return request.headers.get("authorization", "").removeprefix("Bearer ")


def refusing(error):
    return PlainTextResponse(error.code, error.status, headers=error.headers())


def test_a_protected_route_passes_and_says_what_was_tried(tokens):
    client = TestClient(protected(tokens))

    assert assert_protected(client, "GET", "/items") == ATTACKS
    assert assert_protected(client, "POST", "/items", json={"name": "rope"}) == ATTACKS


def test_scopes_and_sign_ins_are_attacked_too(tokens):
    client = TestClient(protected(tokens, scopes=("items:read", "admin"), max_age=300, acr="urn:admit:acr:2fa"))

    tried = assert_protected(client, "GET", "/items", scopes="items:read admin", max_age=300, acr="urn:admit:acr:2fa")

    assert tried[len(ATTACKS) :] == (
        "without items:read",
        "without admin",
        "stale sign-in",
        "undated sign-in",
        "weak sign-in",
    )


def test_a_web_socket_is_attacked_too(tokens):
    client = TestClient(protected(tokens, scopes=("items:read",)))

    tried = assert_protected(client, "WEBSOCKET", "/ws", scopes=["items:read"])

    assert set(ATTACKS) - set(tried) == {"two tokens"}


def test_an_open_web_socket_is_noticed(tokens):
    async def watch(websocket):
        await websocket.accept()

    client = TestClient(Starlette(routes=[WebSocketRoute("/ws", watch)]))

    with pytest.raises(Unprotected, match="WEBSOCKET /ws is open"):
        assert_protected(client, "WEBSOCKET", "/ws", tokens=tokens)


def test_an_asynchronous_client_is_awaited(tokens):
    app = protected(tokens)

    async def run():
        async with httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=app), base_url="https://api.example"
        ) as client:
            return await assert_protected(client, "GET", "/items")

    import anyio

    assert anyio.run(run) == ATTACKS


def test_what_nobody_awaited_is_noticed_at_the_end(tokens):
    """Otherwise a test could pass that tried nothing."""
    client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=protected(tokens)))

    assert_protected(client, "GET", "/items")

    with pytest.raises(AssertionError, match=r"nothing was asserted of GET /items: write await"):
        tokens.restore()


def test_an_open_route_is_called_open(tokens):
    client = served_by(lambda request: PlainTextResponse("all of it"))

    with pytest.raises(Unprotected, match=r"GET /items is open: it answers everybody.*auth\.require") as caught:
        assert_protected(client, "GET", "/items", tokens=tokens)

    assert "no token" in caught.value.attacks


@pytest.mark.parametrize(
    ("forgiven", "attacks"),
    [
        (TokenExpired, {"expired"}),
        (TokenNotYetValid, {"not yet valid"}),
        (WrongAudience, {"wrong audience"}),
        (WrongIssuer, {"wrong issuer"}),
        (WrongType, {"id token"}),
        (TokenRevoked, {"revoked"}),
        (UnknownKey, {"unknown key"}),
        (TokenBound, {"bound"}),
        (BadSignature, {"tampered", "wrong key"}),
        (AlgorithmNotAllowed, {"alg none", "confused algorithm"}),
        (MalformedToken, {"garbage", "own key", "unknown critical"}),
        (MissingToken, {"no token", "another scheme", "an empty token", "the token in the address"}),
        (InsufficientScope, {"without items:read"}),
        (StepUpRequired, {"stale sign-in", "undated sign-in", "weak sign-in"}),
    ],
    ids=lambda each: each.__name__ if isinstance(each, type) else "",
)
def test_a_route_that_forgets_one_check_is_told_which(tokens, forgiven, attacks):
    auth = TokenAuth(issuer="https://id.example", audience="https://api.example")
    tokens.protects(auth)

    async def endpoint(request):
        from admit.asgi_guard import AsgiRequest
        from admit.requirement import require

        try:
            await auth.admit(request, require("items:read", max_age=60, acr="gold"))
        except forgiven:
            pass
        except AdmitError as error:
            answer = auth.resource.answer(error, AsgiRequest(request.scope))
            return PlainTextResponse(answer.body, answer.status, headers=dict(answer.headers))
        return PlainTextResponse("in")

    with pytest.raises(Unprotected) as caught:
        assert_protected(served_by(endpoint), "GET", "/items", scopes=["items:read"], max_age=60, acr="gold")

    assert set(caught.value.attacks) == attacks
    assert "was let in (200)" in str(caught.value)


def test_a_route_that_only_decodes_is_told_all_that_it_lets_in(tokens):
    """The mistake of every second tutorial: jwt.decode without a key."""

    async def endpoint(request):
        try:
            claims = jwt.decode(credential(request), options={"verify_signature": False})
        except jwt.PyJWTError:
            return PlainTextResponse("no", 401, headers={"WWW-Authenticate": "Bearer"})
        return PlainTextResponse("in" if "items:read" in claims["scope"] else "no", 200)

    with pytest.raises(Unprotected) as caught:
        assert_protected(served_by(endpoint), "GET", "/items", scopes=["items:read"], tokens=tokens)

    assert {"alg none", "tampered", "wrong key", "wrong audience", "expired"} <= set(caught.value.attacks)
    assert "The token is not verified, or only decoded" in str(caught.value)


def test_a_route_that_lets_the_token_choose_its_algorithm_is_noticed(tokens):
    import hmac

    async def endpoint(request):
        head, payload, signature = credential(request).split(".")
        algorithm = json.loads(base64url.decode(head))["alg"]
        if algorithm == "HS256":
            good = hmac.compare_digest(
                hmac.digest(tokens.public_pem, f"{head}.{payload}".encode(), "sha256"), base64url.decode(signature)
            )
        else:
            good = bool(tokens.verifier().verify(credential(request)))
        return PlainTextResponse("in", 200 if good else 401)

    with pytest.raises(Unprotected) as caught:
        assert_protected(served_by(endpoint), "GET", "/items", tokens=tokens)

    assert "confused algorithm" in caught.value.attacks
    assert "alg none" not in caught.value.attacks or "raised" in str(caught.value)


def test_a_substring_is_no_scope(tokens):
    verifier = tokens.verifier()

    async def endpoint(request):
        try:
            who = verifier.verify(credential(request))
        except TokenRejected as error:
            return refusing(error)
        if "items:read" not in " ".join(who.scopes):
            return refusing(InsufficientScope(["items:read"]))
        return PlainTextResponse("in")

    with pytest.raises(Unprotected, match="with the scope items:readx instead of items:read"):
        assert_protected(served_by(endpoint), "GET", "/items", scopes=["items:read"], tokens=tokens)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"missing_token": 403}, "was answered 403; expected 401. 403 says that the token is good"),
        ({"insufficient_scope": 401}, "was answered 401; expected 403. 401 makes clients throw a good token away"),
        ({"token_expired": 500}, "was answered 500; expected 401. It failed instead of refusing"),
        ({"token_expired": 404}, "was answered 404; expected 401. The route is there"),
        ({"token_expired": 422}, "expected 401. The request was read before the token was checked"),
    ],
)
def test_the_wrong_refusal_is_explained(tokens, changed, message):
    auth = TokenAuth(issuer="https://id.example", audience="https://api.example")
    tokens.protects(auth)

    async def endpoint(request):
        from admit.requirement import require

        try:
            await auth.admit(request, require("items:read"))
        except AdmitError as error:
            status = changed.get(error.code, error.status)
            return PlainTextResponse(error.code, status, headers={"WWW-Authenticate": error.challenge()})
        return PlainTextResponse("in")

    with pytest.raises(Unprotected, match=message):
        assert_protected(served_by(endpoint), "GET", "/items", scopes=["items:read"])


@pytest.mark.parametrize("follow", [True, False])
def test_a_page_to_sign_in_on_is_no_answer_to_a_program(tokens, follow):
    verifier = tokens.verifier()

    async def endpoint(request):
        try:
            return PlainTextResponse(verifier.verify(credential(request)).subject)
        except TokenRejected:
            return RedirectResponse("/sign-in", 302)

    app = Starlette(routes=[Route("/items", endpoint), Route("/sign-in", lambda request: PlainTextResponse("name?"))])
    client = TestClient(app, follow_redirects=follow)

    with pytest.raises(Unprotected, match=r"was sent elsewhere \(302\); expected 401") as caught:
        assert_protected(client, "GET", "/items", tokens=tokens)

    assert "is open" not in str(caught.value)


def test_a_slash_that_is_added_on_the_way_is_no_matter(tokens):
    auth = TokenAuth(issuer="https://id.example", audience="https://api.example")
    tokens.protects(auth)

    @auth.require()
    async def items(request):
        return PlainTextResponse("in")

    app = Starlette(routes=[Route("/items/", items)])

    assert_protected(TestClient(app), "GET", "/items")


def test_a_refusal_without_a_challenge_is_noticed(tokens):
    verifier = tokens.verifier()

    def endpoint(request):
        try:
            return PlainTextResponse(verifier.verify(credential(request)).subject)
        except TokenRejected as error:
            return PlainTextResponse("no", error.status)

    with pytest.raises(Unprotected, match="401 without WWW-Authenticate"):
        assert_protected(served_by(endpoint), "GET", "/items", tokens=tokens)


def test_an_answer_that_repeats_the_token_is_noticed(tokens):
    verifier = tokens.verifier()

    def endpoint(request):
        try:
            return PlainTextResponse(verifier.verify(credential(request)).subject)
        except TokenRejected as error:
            return PlainTextResponse(f"{credential(request)} is bad", error.status, headers=error.headers())

    with pytest.raises(Unprotected, match="repeats the token"):
        assert_protected(served_by(endpoint), "GET", "/items", tokens=tokens)


def test_a_crash_is_no_refusal(tokens):
    verifier = tokens.verifier()

    def endpoint(request):
        return PlainTextResponse(verifier.verify(credential(request)).subject)

    with pytest.raises(Unprotected, match=r"raised TokenExpired\(.*has to be refused with 401"):
        assert_protected(served_by(endpoint), "GET", "/items", tokens=tokens)


@pytest.mark.parametrize(
    ("status", "options", "message"),
    [
        (401, {}, r"refuses a good token, so nothing was attacked: 401(.|\n)*protects\(auth\)"),
        (404, {}, "is there such a route"),
        (307, {}, "it is at /elsewhere"),
        (503, {}, "answers a good token with 503"),
        (200, {"answers": 204}, "answers a good token with 200; 204 was expected"),
    ],
)
def test_what_refuses_a_good_token_proves_nothing(tokens, status, options, message):
    def endpoint(request):
        return PlainTextResponse("x", status, headers={"Location": "/elsewhere"})

    client = TestClient(Starlette(routes=[Route("/items", endpoint)]), follow_redirects=False)

    with pytest.raises(Unprotected, match=message):
        assert_protected(client, "GET", "/items", tokens=tokens, **options)


def test_what_is_accepted_knowingly_is_named(tokens):
    verifier = Verifier(issuer="https://id.example", audience="https://api.example", revocations=None)
    auth = TokenAuth(verifier=verifier)
    tokens.protects(auth)

    @auth.require()
    async def items(request):
        return PlainTextResponse("in")

    client = served_by(items)

    with pytest.raises(Unprotected, match="goes without revocations") as caught:
        assert_protected(client, "GET", "/items")
    assert caught.value.attacks == ("revoked",)
    assert_protected(client, "GET", "/items", accepts={"revoked"})
    with pytest.raises(Unprotected, match='refuses "expired": take it out of accepts'):
        assert_protected(client, "GET", "/items", accepts={"revoked", "expired"})
    with pytest.raises(ValueError, match="are no attacks; there are 'alg none'"):
        assert_protected(client, "GET", "/items", accepts={"rewoked"})


def test_without_an_issuer_it_says_how_to_wire_one(tokens):
    with pytest.raises(
        LookupError, match=r"no issuer protects an application now: call admit_tokens\.protects\(auth\)"
    ):
        assert_protected(TestClient(Starlette()), "GET", "/items")
