"""The same small application in every framework: `/items` wants a scope, `/admin` a fresh sign-in, `/strong` a strong one.

Each is there again below `/ws`, as a WebSocket.
"""

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Annotated, Any

from admit import Verifier
from admit.asgi import TokenMiddleware, principal_of, require

FRESH_S = 300
STRONG = "urn:admit:acr:2fa"


def fastapi(verifier: Verifier) -> Any:
    from fastapi import FastAPI, WebSocket

    from admit.fastapi import Principal, TokenAuth

    auth = TokenAuth(verifier=verifier)
    app = FastAPI()
    auth.install(app)
    places = {
        "/items": Annotated[Principal, auth.require("items:read")],
        "/admin": Annotated[Principal, auth.require("admin", max_age=FRESH_S)],
        "/strong": Annotated[Principal, auth.require("items:read", acr=STRONG)],
        "/late": Annotated[Principal, auth.principal],
    }

    def add(path: str, wanted: Any) -> None:
        @app.get(path)
        async def show(who: wanted) -> str:
            if path == "/late":
                who.require("admin")
            return who.subject

        @app.websocket(f"/ws{path}")
        async def watch(socket: WebSocket, who: wanted) -> None:
            await socket.accept()
            await socket.send_text(who.subject)
            if path == "/late":
                who.require("admin")
            await socket.close()

    for path, wanted in places.items():
        add(path, wanted)
    return app


def starlette(verifier: Verifier) -> Any:
    """Endpoints are marked."""
    from starlette.applications import Starlette
    from starlette.endpoints import HTTPEndpoint
    from starlette.routing import Route, WebSocketRoute

    from admit.starlette import TokenAuth

    auth = TokenAuth(verifier=verifier)
    show, late, watch, watch_late = _endpoints()
    items = auth.require("items:read")

    @auth.require("admin", max_age=FRESH_S)
    class Admin(HTTPEndpoint):
        async def get(self, request: Any) -> Any:
            return await show(request)

    class Strong(HTTPEndpoint):
        @auth.require("items:read", acr=STRONG)
        def get(self, request: Any) -> Any:
            from starlette.responses import JSONResponse

            return JSONResponse(request.user.principal.subject)

    app = Starlette(
        routes=[
            Route("/items", items(show)),
            Route("/admin", Admin),
            Route("/strong", Strong),
            Route("/late", auth.require()(late)),
            WebSocketRoute("/ws/items", items(watch)),
            WebSocketRoute("/ws/admin", auth.require("admin", max_age=FRESH_S)(watch)),
            WebSocketRoute("/ws/strong", auth.require("items:read", acr=STRONG)(watch)),
            WebSocketRoute("/ws/late", auth.require()(watch_late)),
        ]
    )
    auth.install(app)
    return app


def starlette_middleware(verifier: Verifier) -> Any:
    """Middleware protects, and the endpoints know nothing of it."""
    from starlette.applications import Starlette
    from starlette.routing import Route, WebSocketRoute

    from admit.starlette import TokenAuth

    auth = TokenAuth(verifier=verifier)
    show, late, watch, watch_late = _endpoints()
    places = {
        "/items": auth.middleware("items:read"),
        "/admin": auth.middleware("admin", max_age=FRESH_S),
        "/strong": auth.middleware("items:read", acr=STRONG),
        "/late": auth.middleware(),
    }
    routes: list[Any] = []
    for path, guard in places.items():
        last = path == "/late"
        routes.append(Route(path, late if last else show, middleware=[guard]))
        routes.append(WebSocketRoute(f"/ws{path}", watch_late if last else watch, middleware=[guard]))
    app = Starlette(routes=routes)
    auth.install(app)
    return app


def asgi(verifier: Verifier) -> Any:
    """No framework at all."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await lifespan(receive, send)
            return
        who = principal_of(scope)
        text = f'"{who.subject}"'
        late = scope["path"].rstrip("/").endswith("/late")
        if scope["type"] == "http":
            if late:
                who.require("admin")
            headers = [(b"content-length", str(len(text)).encode()), (b"content-type", b"application/json")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": text.encode()})
            return
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": who.subject})
        if late:
            who.require("admin")
        await send({"type": "websocket.close", "code": 1000, "reason": ""})

    wanted = {
        "/items": "items:read",
        "/admin": require("admin", max_age=FRESH_S),
        "/strong": require("items:read", acr=STRONG),
        "/ws/items": "items:read",
        "/ws/admin": require("admin", max_age=FRESH_S),
        "/ws/strong": require("items:read", acr=STRONG),
        "/**": require(),
    }
    return TokenMiddleware(app, verifier=verifier, rules=wanted)


def _endpoints() -> tuple[Any, ...]:
    from starlette.responses import JSONResponse

    async def show(request: Any) -> Any:
        return JSONResponse(request.user.principal.subject)

    def late(request: Any) -> Any:
        principal_of(request).require("admin")
        return JSONResponse(request.user.display_name)

    async def watch(websocket: Any) -> None:
        await websocket.accept()
        await websocket.send_text(websocket.user.principal.subject)
        await websocket.close()

    async def watch_late(websocket: Any) -> None:
        await websocket.accept()
        await websocket.send_text(websocket.user.principal.subject)
        principal_of(websocket).require("admin")

    return show, late, watch, watch_late


async def lifespan(receive: Any, send: Any) -> None:
    """Start and end, and say so."""
    for event in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{event}.complete"})


FRAMEWORKS: dict[str, Callable[[Verifier], Any]] = {
    "fastapi": fastapi,
    "starlette": starlette,
    "starlette middleware": starlette_middleware,
    "asgi": asgi,
}


@dataclass(frozen=True)
class Seen:
    """All that a caller can see. A WebSocket that was let in has the status 101, and what it was sent."""

    status: int
    headers: dict[str, str]
    body: str

    @classmethod
    def of(cls, messages: list[dict[str, Any]]) -> "Seen":
        first, rest = messages[0], messages[1:]
        if first["type"] == "websocket.accept":
            text = " ".join(each.get("text", f"{each.get('code')} {each.get('reason')}".strip()) for each in rest)
            return cls(101, {}, text)
        if first["type"] == "websocket.close":
            return cls(403, {}, f"{first['code']} {first['reason']}")
        headers = [(name.decode(), value.decode()) for name, value in first["headers"]]
        assert len(dict(headers)) == len(headers), "a header stands there twice"
        return cls(first["status"], dict(headers), b"".join(each.get("body", b"") for each in rest).decode())


async def ask(
    app: Any, path: str, headers: list[tuple[str, str]], *, websocket: bool = False, denial: bool = True
) -> Seen:
    """Make one request as a server would."""
    sent: list[dict[str, Any]] = []
    incoming = (
        [{"type": "websocket.connect"}] if websocket else [{"type": "http.request", "body": b"", "more_body": False}]
    )
    path = f"/ws{path}" if websocket else path

    async def receive() -> dict[str, Any]:
        return (
            incoming.pop(0)
            if incoming
            else {"type": "websocket.disconnect" if websocket else "http.disconnect", "code": 1000}
        )

    async def send(message: Any) -> None:
        sent.append(dict(message))

    scope = {
        "type": "websocket" if websocket else "http",
        "asgi": {"version": "3.0", "spec_version": "2.5"},
        "http_version": "1.1",
        "scheme": "ws" if websocket else "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [
            (b"host", b"api.test"),
            *((name.lower().encode(), value.encode("latin-1")) for name, value in headers),
        ],
        "client": ("192.0.2.7", 50_000),
        "server": ("api.test", 443),
        "state": {},
        "subprotocols": [],
        "extensions": {"websocket.http.response": {}} if websocket and denial else {},
    }
    if not websocket:
        scope["method"] = "GET"
    async with AsyncExitStack() as stack:
        # FastAPI keeps what dependencies opened here; its own middleware makes it for requests of a running server.
        scope["fastapi_middleware_astack"] = stack
        await app(scope, receive, send)
    return Seen.of(sent)
