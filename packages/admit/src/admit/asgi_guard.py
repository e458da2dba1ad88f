"""What stands between an ASGI server and an application: reading requests, admitting and refusing them.

Spec: ASGI 3.0, HTTP and WebSocket 2.5, extension "WebSocket Denial Response".
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import quote

from admit.errors import AdmitError
from admit.principal import Principal
from admit.protected_resource import Answer, ProtectedResource
from admit.requirement import Requirement

PRINCIPAL = "admit.principal"
_VERIFIED = "admit.verified"
_POLICY_VIOLATION = 1008  # RFC 6455 section 7.4.1
_DENIAL = "websocket.http.response"

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]


class AsgiRequest:
    """An ASGI scope as `RequestView`."""

    __slots__ = ("_scope",)

    def __init__(self, scope: Mapping[str, Any]) -> None:
        """`scope` is of the type "http" or "websocket"."""
        self._scope = scope

    @property
    def method(self) -> str:
        """A WebSocket has none, and begins as GET.

        ASGI has it in upper case already. Not every server obeys, and frameworks that do not mind would run another method's code
        than the one that a rule is about.
        """
        method: str = self._scope.get("method", "GET")
        return method.upper()

    @property
    def path(self) -> str:
        """The whole path, with that of the mount."""
        path: str = self._scope["path"]
        return path

    @property
    def sent_path(self) -> str:
        """As it was sent, where the server tells: what was decoded once can't be written as it was."""
        raw = self._scope.get("raw_path")
        if isinstance(raw, bytes):
            return raw.partition(b"?")[0].decode("latin-1")
        return quote(self.path, safe="/:@!$&'()*+,;=~-._")

    @property
    def address(self) -> str | None:
        """Of the client; none on a Unix socket."""
        client = self._scope.get("client")
        return client[0] if client else None

    def header(self, name: str) -> list[str]:
        """Return all values of a header."""
        wanted = name.encode("ascii")
        return [value.decode("latin-1") for each, value in self._scope["headers"] if each == wanted]


async def guarded(
    app: App,
    resource: ProtectedResource,
    admit: Callable[[AsgiRequest, Scope], Awaitable[None]],
    scope: Scope,
    receive: Receive,
    send: Send,
) -> None:
    """Call `app` with a request or WebSocket that is admitted, and answer all refusals, also those that `app` raises later.

    Args:
        app: Called with a copy of the scope.
        resource: Refuses.
        admit: Returns for what may pass, and raises for the rest; what it notes in the scope, the application sees.
        scope: Of the type "http" or "websocket".
        receive: As ASGI has it.
        send: As ASGI has it.
    """
    request = AsgiRequest(scope)
    sent = ""

    async def watched(message: MutableMapping[str, Any]) -> None:
        nonlocal sent
        sent = message["type"]
        await send(message)

    scope = {**scope}
    try:
        await admit(request, scope)
        await app(scope, receive, watched)
    except AdmitError as error:
        if scope["type"] == "websocket" and sent in ("", "websocket.accept", "websocket.send"):
            await refuse_websocket(error, resource, scope, send, accepted=bool(sent))
        elif sent:
            raise
        else:
            await send_answer(resource.answer(error, request), scope, send)


async def admitted(
    resource: ProtectedResource, request: AsgiRequest, wanted: Requirement, scope: Scope, *, body: bytes | None = None
) -> Principal:
    """Return who makes a request that has what is required, and note it in `scope`.

    A router, a route and its parts may each require something: the token is verified, and its use counted, once a request.

    Raises:
        AdmitError: See `ProtectedResource.verify_async` and `Requirement.check`.
    """
    verified: dict[int, tuple[Principal, str | None]] = scope.get(_VERIFIED) or {}
    if (known := verified.get(id(resource))) is None:
        who = await resource.verify_async(request, action=wanted.action, body=body)
        scope[_VERIFIED] = {**verified, id(resource): (who, wanted.action)}
        scope[PRINCIPAL] = who
    else:
        who, action = known
        if wanted.action is not None and wanted.action != action:
            resource.enforce_action(who, request, wanted.action)
    wanted.check(who)
    return who


async def refuse_websocket(
    error: AdmitError, resource: ProtectedResource, scope: Scope, send: Send, *, accepted: bool
) -> None:
    """Refuse a WebSocket: with an HTTP answer where that is still possible, by closing it with the code otherwise."""
    if not accepted and _DENIAL in (scope.get("extensions") or {}):
        await send_answer(resource.answer(error, AsgiRequest(scope)), scope, send)
    else:
        await send({"type": "websocket.close", "code": _POLICY_VIOLATION, "reason": error.code})


async def send_answer(answer: Answer, scope: Scope, send: Send) -> None:
    """Send a whole answer."""
    kind = _DENIAL if scope["type"] == "websocket" else "http.response"
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers.items()]
    headers.append((b"content-length", str(len(answer.body)).encode("ascii")))
    await send({"type": f"{kind}.start", "status": answer.status, "headers": headers})
    await send({"type": f"{kind}.body", "body": answer.body})


async def closing_after(app: App, resource: ProtectedResource, scope: Scope, receive: Receive, send: Send) -> None:
    """Run the lifespan of an application, and close the verifier behind it."""
    import asyncio

    try:
        await app(scope, receive, send)
    finally:
        await asyncio.to_thread(resource.verifier.close)


def below_mount(scope: Mapping[str, Any], *, own: str = "") -> str:
    """Return the path below the place where the application is mounted: servers give it with `root_path` in front.

    Args:
        scope: Of the type "http" or "websocket".
        own: The `root_path` that the application puts into the scope itself, in place of the server's; "" for none.
    """
    path: str = scope["path"]
    root = (own or scope.get("root_path", "")).rstrip("/")
    if root and (path == root or path.startswith(f"{root}/")):
        return path[len(root) :] or "/"
    return path
