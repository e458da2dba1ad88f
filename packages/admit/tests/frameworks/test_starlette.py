from functools import partial

import pytest
from starlette.applications import Starlette
from starlette.authentication import requires
from starlette.endpoints import HTTPEndpoint, WebSocketEndpoint
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Mount, Route, Router, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.testclient import TestClient, WebSocketDenialResponse

from admit.starlette import TokenAuth, principal_of
from admit.testing import TestIssuer

META = "/.well-known/oauth-protected-resource"


@pytest.fixture
def tokens():
    return TestIssuer()


@pytest.fixture
def auth(tokens):
    return TokenAuth(verifier=tokens.verifier(), scopes={"items:read": "Read items"})


def client_of(*routes, **options):
    return TestClient(Starlette(routes=list(routes), **options))


async def show(request):
    return JSONResponse(
        {
            "name": request.user.display_name,
            "identity": request.user.is_authenticated and request.user.identity,
            "in": request.user.is_authenticated,
            "scopes": request.auth.scopes,
        }
    )


def test_starlettes_own_view_of_the_user_is_there(auth, tokens):
    client = client_of(Route("/", auth.require()(show)))

    seen = client.get("/", headers=tokens.bearer("bob", scopes="b a")).json()

    assert seen == {"name": "bob", "identity": "bob", "in": True, "scopes": ["authenticated", "a", "b"]}


def test_functions_without_async_run_in_a_thread_and_may_be_partial(auth, tokens):
    import threading

    def where(request, greeting="hello"):
        return PlainTextResponse(f"{greeting} {principal_of(request).subject} {threading.current_thread().name}")

    client = client_of(
        Route("/", auth.require()(where)), Route("/partial", auth.require()(partial(where, greeting="hi")))
    )

    assert client.get("/", headers=tokens.bearer()).text.startswith("hello alice AnyIO")
    assert client.get("/partial", headers=tokens.bearer()).text.startswith("hi alice AnyIO")
    assert client.get("/partial").status_code == 401


def test_classes_and_their_methods_are_protected(auth, tokens):
    @auth.require("items:read")
    class Whole(HTTPEndpoint):
        """All of it."""

        async def get(self, request: Request):
            return PlainTextResponse(request.user.display_name)

    class Parts(HTTPEndpoint):
        async def get(self, request):
            return PlainTextResponse("open")

        @auth.require("items:write")
        def delete(self, request):
            return PlainTextResponse("gone")

    client = client_of(Route("/whole", Whole), Route("/parts", Parts))

    assert (Whole.__name__, Whole.__doc__) == ("Whole", "All of it.")
    assert client.get("/whole", headers=tokens.bearer(scopes="items:read")).text == "alice"
    assert client.get("/whole").status_code == 401
    assert client.post("/whole", headers=tokens.bearer(scopes="items:read")).status_code == 405
    assert client.get("/parts").text == "open"
    assert client.delete("/parts", headers=tokens.bearer(scopes="items:read")).status_code == 403
    assert client.delete("/parts", headers=tokens.bearer(scopes="items:write")).text == "gone"


def test_a_class_of_web_sockets_is_protected(auth, tokens):
    @auth.require("items:read")
    class Echo(WebSocketEndpoint):
        encoding = "text"

        async def on_receive(self, websocket, data):
            await websocket.send_text(f"{websocket.user.display_name}: {data}")

    client = client_of(WebSocketRoute("/", Echo))

    with client.websocket_connect("/", headers=tokens.bearer("bob", scopes="items:read")) as socket:
        socket.send_text("hello")
        assert socket.receive_text() == "bob: hello"
    with pytest.raises(WebSocketDenialResponse) as caught, client.websocket_connect("/"):
        pass
    assert caught.value.status_code == 401


def test_other_applications_are_protected_as_a_whole(auth, tokens, tmp_path):
    (tmp_path / "report.txt").write_text("secret figures")
    client = client_of(Mount("/files", auth.require("files")(StaticFiles(directory=tmp_path))))

    assert client.get("/files/report.txt").status_code == 401
    assert client.get("/files/report.txt", headers=tokens.bearer(scopes="files")).text == "secret figures"


def test_only_classes_of_endpoints_can_be_decorated(auth):
    with pytest.raises(TypeError, match="no class of HTTPEndpoint"):
        auth.require()(dict)


def test_an_endpoint_that_gets_no_request_is_not_run(auth):
    """It can't be told who asks."""
    import anyio

    ran = []

    @auth.require()
    async def endpoint(something):
        ran.append(something)

    with pytest.raises(TypeError, match="is called with its request"):
        anyio.run(endpoint, "x")
    assert not ran


def test_a_mount_a_router_and_an_application_are_protected_by_middleware(auth, tokens):
    routes = [Route("/x", show)]
    client = client_of(
        Mount("/mount", routes=routes, middleware=[auth.middleware("items:read")]),
        Mount("/router", app=Router(routes=routes, middleware=[auth.middleware("items:write")])),
        Route("/free", lambda request: PlainTextResponse("free")),
    )
    whole = client_of(*routes, middleware=[auth.middleware(public=["/health"])])

    assert client.get("/mount/x").status_code == 401
    assert client.get("/mount/x", headers=tokens.bearer(scopes="items:read")).json()["name"] == "alice"
    assert client.get("/router/x", headers=tokens.bearer(scopes="items:read")).status_code == 403
    assert client.get("/free").text == "free"
    assert whole.get("/x").status_code == 401
    assert whole.get("/not-there").status_code == 401
    assert whole.get("/health").status_code == 404


def test_requirements_of_middleware_and_endpoint_add_up_and_the_token_is_verified_once(auth, tokens, monkeypatch):
    calls = []
    original = auth.verifier.verify_async

    async def counted(*arguments):
        calls.append(arguments)
        return await original(*arguments)

    monkeypatch.setattr(auth.verifier, "verify_async", counted)
    client = client_of(Route("/", auth.require("b")(show)), middleware=[auth.middleware("a")])

    assert client.get("/", headers=tokens.bearer(scopes="a b")).status_code == 200
    assert len(calls) == 1
    assert 'scope="b"' in client.get("/", headers=tokens.bearer(scopes="a")).headers["www-authenticate"]
    assert 'scope="a"' in client.get("/", headers=tokens.bearer(scopes="b")).headers["www-authenticate"]


@pytest.mark.parametrize("claims", [None, lambda said: {"sub": said["sub"]}], ids=["all claims", "some claims"])
def test_an_action_that_the_endpoint_names_is_judged_although_the_token_was_verified_before(tokens, claims):
    """Otherwise a token for one action would open the other: the middleware had let it in."""
    auth = TokenAuth(verifier=tokens.verifier(claims=claims))
    client = client_of(
        Route("/refund", auth.require(action="orders.refund")(show)),
        Route("/use", auth.require(action="orders.use")(show)),
        middleware=[auth.middleware(action="orders.use")],
    )
    limited = tokens.bearer(claims={"limits": {"actions": [["orders.use"]]}})

    assert client.get("/use", headers=limited).status_code == 200
    refused = client.get("/refund", headers=limited)
    assert (refused.status_code, refused.json()["code"]) == (401, "action_not_allowed")


def test_a_token_can_be_optional_but_not_bad(auth, tokens):
    decorated = client_of(Route("/", auth.optional(show)))
    guarded = client_of(
        Route("/", show), Route("/in", requires("authenticated")(show)), middleware=[auth.middleware(optional=True)]
    )

    for client in (decorated, guarded):
        assert client.get("/").json()["in"] is False
        assert client.get("/", headers=tokens.bearer("bob")).json()["name"] == "bob"
        assert client.get("/", headers=tokens.expired()).status_code == 401
    assert guarded.get("/in").status_code == 403
    assert guarded.get("/in", headers=tokens.bearer()).status_code == 200


def test_starlettes_own_requires_works_behind_the_middleware(auth, tokens):
    client = client_of(Route("/", requires("items:read")(show)), middleware=[auth.middleware()])

    assert client.get("/", headers=tokens.bearer(scopes="items:read")).status_code == 200
    assert client.get("/", headers=tokens.bearer()).status_code == 403


def test_install_serves_metadata_in_front_of_everything_and_renders_late_refusals(auth, tokens):
    async def late(request):
        from admit import Principal

        Principal.from_claims({"sub": "bob"}).require("admin")

    app = Starlette(routes=[Mount("/", routes=[Route("/late", late)])])
    auth.install(app)
    client = TestClient(app)

    assert client.get(META).json()["scopes_supported"] == ["items:read"]
    answer = client.get("/late")
    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
    assert answer.headers["content-type"] == "application/problem+json"


def test_metadata_is_public_behind_a_middleware_too(auth):
    app = Starlette(middleware=[auth.middleware()])
    auth.install(app)

    assert TestClient(app).get(META).status_code == 200


def test_the_verifier_is_closed_with_the_application_and_its_own_lifespan_still_runs(server, audience):
    from contextlib import asynccontextmanager

    seen = []

    @asynccontextmanager
    async def lifespan(app):
        seen.append("up")
        yield
        seen.append("down")

    auth = TokenAuth(issuer=server.url, audience=audience)
    app = Starlette(routes=[Route("/", auth.require()(show))], lifespan=lifespan)
    auth.install(app)

    for _ in range(2):  # a second start, as tests do, begins to follow again
        with TestClient(app) as client:
            assert client.get("/", headers={"Authorization": f"Bearer {server.token()}"}).status_code == 200
        assert auth.verifier._revocations._thread is None

    assert seen == ["up", "down", "up", "down"]
