import subprocess
import sys

import anyio
import pytest
from applications import ask, lifespan

from admit.asgi import TokenMiddleware, principal_of, require
from admit.testing import TestIssuer

META = "/.well-known/oauth-protected-resource"


@pytest.fixture
def tokens():
    return TestIssuer()


async def whoami(scope, receive, send):
    who = scope.get("admit.principal")
    body = (who.subject if who else "nobody").encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


def get(app, path, headers=None):
    return anyio.run(ask, app, path, list((headers or {}).items()))


def test_public_paths_are_open_and_nobody_is_known_there(tokens):
    app = TokenMiddleware(whoami, verifier=tokens.verifier(), public=["/health"])

    assert get(app, "/health", tokens.bearer()).body == "nobody"
    assert get(app, "/health", tokens.expired()).status == 200
    assert get(app, "/other").status == 401
    assert get(app, "/other", tokens.bearer("bob")).body == "bob"


def test_rules_ask_for_scopes_by_path(tokens):
    app = TokenMiddleware(whoami, verifier=tokens.verifier(), rules={"GET /items/**": "read", "/**": require("admin")})

    assert get(app, "/items/7", tokens.bearer(scopes="read")).status == 200
    assert get(app, "/users", tokens.bearer(scopes="read")).status == 403
    assert get(app, "//items/7", tokens.bearer(scopes="read admin")).status == 400


@pytest.mark.parametrize("method", ["DELETE", "delete", "Delete"])
def test_a_method_in_another_case_is_no_way_around_its_rule(tokens, method):
    """uvicorn passes it on as it was sent, and Django and older Starlettes do not mind."""
    app = TokenMiddleware(
        whoami, verifier=tokens.verifier(), rules={"DELETE /items/*": "admin", "/**": "read"}, public=["GET /items"]
    )
    sent = []

    async def send(message):
        sent.append(message)

    headers = [(b"authorization", tokens.bearer(scopes="read")["Authorization"].encode())]
    scope = {"type": "http", "method": method, "path": "/items/7", "headers": headers}
    anyio.run(app, scope, None, send)

    assert sent[0]["status"] == 403


def test_rules_count_below_the_place_where_the_application_is_mounted(tokens):
    from starlette.applications import Starlette
    from starlette.routing import Mount

    inner = TokenMiddleware(
        whoami, verifier=tokens.verifier(), public=["/health"], rules={"/admin/**": "admin", "/**": require()}
    )
    app = Starlette(routes=[Mount("/v1", app=inner)])

    assert get(app, "/v1/health").status == 200
    assert get(app, "/v1/admin/x", tokens.bearer()).status == 403
    assert get(app, "/v1/x", tokens.bearer()).status == 200


def test_a_root_path_of_the_application_itself_is_no_way_around_the_rules(tokens):
    """Starlette's routers take the root path away where the path has it, and leave other paths as they are."""
    from fastapi import FastAPI

    inner = FastAPI()
    inner.root_path = "/api"
    inner.add_api_route("/admin/x", lambda: "secret")
    app = TokenMiddleware(inner, verifier=tokens.verifier(), rules={"/admin/**": "admin", "/**": "read"})

    for path in ("/admin/x", "/api/admin/x"):
        assert get(app, path, tokens.bearer(scopes="read")).status == 403
        assert get(app, path, tokens.bearer(scopes="admin")).status == 200


def test_what_the_application_gets_is_a_copy_of_the_scope(tokens):
    """ASGI: whoever changes a scope copies it, or it leaks to what stands in front."""
    scope = {"type": "http", "method": "GET", "path": "/x", "headers": [], "client": None}
    scope["headers"] = [(name.lower().encode(), value.encode()) for name, value in tokens.bearer().items()]
    before = dict(scope)

    async def send(message): ...

    anyio.run(TokenMiddleware(whoami, verifier=tokens.verifier()), scope, None, send)

    assert scope == before


def test_where_nobody_is_known_asking_for_them_says_so():
    with pytest.raises(LookupError, match="its path is public, or no middleware"):
        principal_of({"type": "http"})


def test_the_resource_describes_itself_without_a_token(tokens):
    app = TokenMiddleware(whoami, verifier=tokens.verifier(), scopes={"read": "Read"})

    seen = get(app, META)

    assert (seen.status, seen.headers["content-type"]) == (200, "application/json")
    assert '"scopes_supported":["read"]' in seen.body


def test_metadata_can_be_read_and_nothing_else(tokens):
    async def send(message):
        sent.append(message)

    sent = []
    scope = {"type": "http", "method": "POST", "path": META, "headers": [], "client": None}
    anyio.run(TokenMiddleware(whoami, verifier=tokens.verifier()), scope, None, send)

    assert sent[0]["status"] == 401


def test_a_kind_of_connection_that_is_not_known_is_not_let_through(tokens):
    with pytest.raises(ValueError, match="'webtransport' can't be protected"):
        anyio.run(TokenMiddleware(whoami, verifier=tokens.verifier()), {"type": "webtransport"}, None, None)


def test_a_refusal_after_the_answer_has_begun_is_raised(tokens):
    """Two answers to one request would be worse than a broken one."""
    from admit import InsufficientScope

    async def app(scope, receive, send):
        await whoami(scope, receive, send)
        principal_of(scope).require("admin")

    with pytest.raises(InsufficientScope):
        get(TokenMiddleware(app, verifier=tokens.verifier()), "/x", tokens.bearer())


def test_the_verifier_is_closed_with_the_application(server, audience, eventually):
    app = TokenMiddleware(with_lifespan, issuer=server.url, audience=audience)
    messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

    async def receive():
        if len(messages) == 1:
            seen = await ask(app, "/x", [("Authorization", f"Bearer {server.token()}")])
            assert seen.status == 200
            assert app.verifier._revocations._thread is not None
        return messages.pop(0)

    async def send(message): ...

    anyio.run(app, {"type": "lifespan"}, receive, send)

    assert app.verifier._revocations._thread is None


async def with_lifespan(scope, receive, send):
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
    else:
        await whoami(scope, receive, send)


def test_plain_asgi_needs_no_framework():
    program = "import sys, admit.asgi; print([n for n in ('starlette', 'fastapi', 'asyncio') if n in sys.modules])"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("arguments", [{}, {"issuer": "https://id.test"}, {"audience": "https://api.test"}])
def test_issuer_and_audience_must_be_said(arguments):
    with pytest.raises(ValueError, match="issuer and audience"):
        TokenMiddleware(whoami, **arguments)
