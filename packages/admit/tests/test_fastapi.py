from typing import Annotated

import pytest
from fastapi import APIRouter, Depends, FastAPI, WebSocket, WebSocketDisconnect
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.testclient import WebSocketDenialResponse

from admit.fastapi import Principal, TokenAuth
from admit.testing import TestIssuer

META = "https://api.test/.well-known/oauth-protected-resource"


@pytest.fixture
def tokens(clock):
    return TestIssuer(clock=clock)


@pytest.fixture
def auth(tokens):
    return TokenAuth(verifier=tokens.verifier(), scopes={"items:read": "Read items", "admin": "Everything"})


@pytest.fixture
def app(auth):
    app = FastAPI()
    reader = Annotated[Principal, auth.require("items:read")]

    @app.get("/items")
    async def items(who: reader) -> dict[str, str]:
        return {"subject": who.subject}

    @app.get("/me")
    def me(who: Annotated[Principal, auth.principal]) -> str:
        return who.subject

    @app.get("/maybe")
    async def maybe(who: Annotated[Principal | None, auth.optional]) -> str:
        return who.subject if who else "nobody"

    @app.get("/late")
    async def late(who: Annotated[Principal, auth.principal]) -> None:
        who.require("admin")

    @app.websocket("/ws")
    async def ws(socket: WebSocket, who: reader) -> None:
        await socket.accept()
        await socket.send_text(who.subject)
        who.require("admin")

    router = APIRouter(dependencies=[auth.require("admin", max_age=300)])

    @router.get("/admin")
    async def admin() -> str:
        return "in"

    @router.get("/strong", dependencies=[auth.require(acr="gold")])
    async def strong() -> str:
        return "in"

    app.include_router(router)
    return app


@pytest.fixture
def client(app, auth):
    auth.install(app)
    with TestClient(app) as client:
        yield client


@pytest.fixture
def bare_client(app):
    with TestClient(app) as client:
        yield client


def test_a_good_token_opens_the_route(client, tokens):
    assert client.get("/items", headers=tokens.bearer("alice", scopes="items:read")).json() == {"subject": "alice"}


def test_no_credentials_get_a_bare_challenge(client):
    answer = client.get("/items")

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == f'Bearer realm="https://api.test", resource_metadata="{META}"'
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {"type": "about:blank", "title": "Unauthorized", "status": 401, "code": "missing_token"}


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("expired", "token_expired"),
        ("wrong_audience", "wrong_audience"),
        ("wrong_key", "bad_signature"),
        ("alg_none", "algorithm_not_allowed"),
        ("revoked", "token_revoked"),
    ],
)
def test_a_bad_token_gets_its_code_and_nothing_more(client, tokens, kind, code):
    answer = client.get("/items", headers=getattr(tokens, kind)(scopes="items:read"))

    assert answer.status_code == 401
    assert answer.json() == {"type": "about:blank", "title": "Unauthorized", "status": 401, "code": code}
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert answer.headers["cache-control"] == "no-store"


def test_a_missing_scope_is_403_and_named(client, tokens):
    answer = client.get("/items", headers=tokens.bearer(scopes="items:write"))

    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
    assert 'error="insufficient_scope", scope="items:read"' in answer.headers["www-authenticate"]


@pytest.mark.parametrize(
    ("claims", "status"),
    [({"auth_time": 1_790_000_000 - 300}, 200), ({"auth_time": 1_790_000_000 - 301}, 401), ({}, 401)],
)
def test_an_old_sign_in_has_to_be_refreshed(client, tokens, claims, status, monkeypatch):
    monkeypatch.setattr("time.time", lambda: 1_790_000_000.0)

    answer = client.get("/admin", headers=tokens.bearer(scopes="admin", claims=claims))

    assert answer.status_code == status
    if status == 401:
        assert answer.json()["code"] == "step_up_required"
        assert 'error="insufficient_user_authentication", max_age="300"' in answer.headers["www-authenticate"]


def test_requirements_of_router_and_route_add_up(client, tokens, monkeypatch):
    monkeypatch.setattr("time.time", lambda: 1_790_000_000.0)
    fresh = {"auth_time": 1_790_000_000}

    weak = client.get("/strong", headers=tokens.bearer(scopes="admin", claims=fresh | {"acr": "silver"}))
    strong = client.get("/strong", headers=tokens.bearer(scopes="admin", claims=fresh | {"acr": "gold"}))

    assert 'acr_values="gold"' in weak.headers["www-authenticate"]
    assert (weak.status_code, strong.status_code) == (401, 200)


def test_any_good_token_will_do_where_no_scope_is_named(client, tokens):
    assert client.get("/me", headers=tokens.bearer("bob")).json() == "bob"


def test_a_token_can_be_optional_but_not_bad(client, tokens):
    assert client.get("/maybe").json() == "nobody"
    assert client.get("/maybe", headers=tokens.bearer("bob")).json() == "bob"
    assert client.get("/maybe", headers=tokens.expired()).status_code == 401


def test_an_endpoint_can_refuse_by_itself(client, tokens):
    answer = client.get("/late", headers=tokens.bearer())

    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
    assert 'scope="admin"' in answer.headers["www-authenticate"]


def test_two_authorization_headers_are_400(client, tokens):
    """RFC 6750 section 3.1."""
    header = tokens.bearer(scopes="items:read")["Authorization"]

    answer = client.get("/items", headers=[("Authorization", header), ("Authorization", header)])

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


def test_a_token_in_the_address_is_never_looked_at(client, tokens):
    """RFC 6750 section 5.3: addresses end up in logs."""
    assert client.get(f"/items?access_token={tokens.token(scopes='items:read')}").status_code == 401


def test_another_scheme_is_no_credential_here(client):
    answer = client.get("/items", headers={"Authorization": "Basic YTpi"})

    assert (answer.status_code, answer.json()["code"]) == (401, "missing_token")


def test_an_outage_is_503_with_retry_after(app, server):
    token = server.token()
    server.stop()
    auth = TokenAuth(issuer=server.url, audience="https://api.example")

    @app.get("/remote", dependencies=[auth.principal])
    async def remote() -> str:
        return "in"

    auth.install(app)
    with TestClient(app) as client:
        answer = client.get("/remote", headers={"Authorization": f"Bearer {token}"})

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "www-authenticate" not in answer.headers


def test_without_install_a_refusal_has_its_status_and_challenge_all_the_same(bare_client, tokens):
    answer = bare_client.get("/items", headers=tokens.expired())

    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert answer.json()["detail"]["code"] == "token_expired"


def test_a_web_socket_is_opened_with_a_good_token(client, tokens):
    with client.websocket_connect("/ws", headers=tokens.bearer("alice", scopes="items:read admin")) as socket:
        assert socket.receive_text() == "alice"


@pytest.mark.parametrize(("headers", "status"), [({}, 401), (None, 403)])
def test_a_web_socket_is_refused_with_an_http_answer(client, tokens, headers, status):
    with (
        pytest.raises(WebSocketDenialResponse) as caught,
        client.websocket_connect("/ws", headers=tokens.bearer() if headers is None else headers),
    ):
        pass

    assert caught.value.status_code == status
    assert caught.value.json()["status"] == status
    assert caught.value.headers["www-authenticate"].startswith("Bearer ")


def test_a_web_socket_that_is_refused_later_is_closed_with_the_code(client, tokens):
    with client.websocket_connect("/ws", headers=tokens.bearer(scopes="items:read")) as socket:
        socket.receive_text()
        with pytest.raises(WebSocketDisconnect) as caught:
            socket.receive_text()

    assert (caught.value.code, caught.value.reason) == (1008, "insufficient_scope")


def test_the_resource_describes_itself(client):
    """RFC 9728."""
    assert client.get("/.well-known/oauth-protected-resource").json() == {
        "resource": "https://api.test",
        "authorization_servers": ["https://id.test"],
        "scopes_supported": ["items:read", "admin"],
        "bearer_methods_supported": ["header"],
        "dpop_signing_alg_values_supported": ["ES256", "RS256"],
    }


def test_a_resource_with_a_path_is_described_where_rfc_9728_says():
    tokens = TestIssuer(audience="https://api.test/v1/")
    auth = TokenAuth(verifier=tokens.verifier())
    app = FastAPI()
    auth.install(app)

    with TestClient(app) as client:
        answer = client.get("/.well-known/oauth-protected-resource/v1")

    assert answer.json()["resource"] == "https://api.test/v1/"


def test_openapi_names_the_scopes_of_each_operation(client):
    document = client.get("/openapi.json").json()

    assert document["paths"]["/items"]["get"]["security"] == [{"admit": ["items:read"]}]
    assert document["paths"]["/strong"]["get"]["security"] == [{"admit": ["admin"]}]
    assert document["paths"]["/me"]["get"]["security"] == [{"admit": []}]
    flow = document["components"]["securitySchemes"]["admit"]["flows"]["authorizationCode"]
    assert flow["authorizationUrl"] == "https://id.test/authorize"
    assert flow["tokenUrl"] == "https://id.test/token"
    assert flow["scopes"] == {"items:read": "Read items", "admin": "Everything"}
    assert "/.well-known/oauth-protected-resource" not in document["paths"]


def test_swagger_signs_in_with_pkce(client):
    assert '"usePkceWithAuthorizationCodeGrant": true' in client.get("/docs").text


def test_a_token_is_verified_once_a_request_however_often_it_is_required(app, auth, tokens, monkeypatch):
    calls = []
    original = auth.verifier.verify_async

    async def counted(token, attempt):
        calls.append(token)
        return await original(token, attempt)

    auth.verifier.verify_async = counted
    auth.install(app)
    monkeypatch.setattr("time.time", lambda: 1_790_000_000.0)
    claims = {"auth_time": 1_790_000_000, "acr": "gold"}
    with TestClient(app) as client:
        assert client.get("/strong", headers=tokens.bearer(scopes="admin", claims=claims)).status_code == 200

    assert len(calls) == 1


def test_details_are_shown_only_by_a_shouting_option(tokens):
    auth = TokenAuth(verifier=tokens.verifier(), danger_show_details=True)
    app = FastAPI(dependencies=[auth.principal])
    auth.install(app)

    @app.get("/x")
    async def x() -> None: ...

    with TestClient(app) as client:
        assert "expired 3600 s ago" in client.get("/x", headers=tokens.expired()).json()["detail"]


def test_the_verifier_is_closed_with_the_application_and_its_own_lifespan_still_runs(server, audience, eventually):
    from contextlib import asynccontextmanager

    seen = []

    @asynccontextmanager
    async def lifespan(app):
        seen.append("up")
        yield {"answer": 42}
        seen.append("down")

    app = FastAPI(lifespan=lifespan)
    auth = TokenAuth(issuer=server.url, audience=audience)
    auth.install(app)

    @app.get("/x", dependencies=[auth.principal])
    async def x() -> str:
        return "in"

    for _ in range(2):  # a second start, as tests do, begins to follow again
        with TestClient(app) as client:
            answer = client.get("/x", headers={"Authorization": f"Bearer {server.token()}"})
            assert answer.status_code == 200
        assert auth.verifier._revocations._thread is None

    assert seen == ["up", "down", "up", "down"]


@pytest.mark.parametrize("arguments", [{}, {"issuer": "https://id.test"}, {"audience": "https://api.test"}])
def test_issuer_and_audience_must_be_said(arguments):
    with pytest.raises(ValueError, match="issuer and audience"):
        TokenAuth(**arguments)


def test_they_are_not_said_twice(tokens):
    with pytest.raises(ValueError, match="those of the verifier"):
        TokenAuth(verifier=tokens.verifier(), issuer="https://id.test")


def test_depends_around_a_requirement_is_refused_with_what_to_write(auth):
    with pytest.raises(TypeError, match="needs no Depends"):

        @FastAPI().get("/items")
        async def items(who: Annotated[Principal, Depends(auth.require("items:read"))]) -> None: ...


def test_a_requirement_as_a_decorator_is_refused_with_what_to_write(auth):
    with pytest.raises(TypeError, match="it is no decorator"):

        @auth.require("items:read")
        async def items() -> None: ...


def test_only_a_fastapi_application_can_be_installed_into(auth):
    with pytest.raises(TypeError, match=r"got Starlette; for Starlette there is admit\.starlette"):
        auth.install(Starlette())


@pytest.mark.parametrize("scopes", [["items:read"], "items:read"])
def test_scopes_without_a_meaning_are_refused(scopes):
    with pytest.raises(ValueError, match="scopes says what each one means"):
        TokenAuth(issuer="https://id.test", audience="https://api.test", scopes=scopes)
