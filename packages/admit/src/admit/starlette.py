"""Protect routes of Starlette.

auth = TokenAuth(issuer=..., audience=..., scopes={"items:read": "Read items"})

@auth.require("items:read")
async def items(request): ...          # request.user.principal, request.auth.scopes

app = Starlette(routes=[Route("/items", items), Mount("/admin", routes=[...], middleware=[auth.middleware("admin", max_age=300)])])
auth.install(app)
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial, wraps
from typing import Any, TypeVar

try:
    from starlette.applications import Starlette
except ModuleNotFoundError as _missing:
    if _missing.name != "starlette":
        raise
    raise ModuleNotFoundError(
        "admit.starlette needs Starlette: pip install 'admit[starlette]'", name="starlette"
    ) from None
from starlette.authentication import AuthCredentials, UnauthenticatedUser
from starlette.concurrency import run_in_threadpool
from starlette.endpoints import HTTPEndpoint, WebSocketEndpoint
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Route

from admit.asgi import principal_of
from admit.asgi_guard import AsgiRequest, Scope, admitted, below_mount, guarded, send_answer
from admit.errors import AdmitError
from admit.path_rules import PathRules
from admit.principal import Principal
from admit.protected_resource import ProtectedResource
from admit.requirement import Requirement, require
from admit.starlette_common import User, body_of, closing, refusal, response_of
from admit.verifier import Verifier

__all__ = ["Principal", "TokenAuth", "User", "principal_of"]

_Endpoint = TypeVar("_Endpoint", bound=Callable[..., Any])


class TokenAuth:
    """Bearer tokens for a Starlette application.

    Attributes:
        resource: What the application is, and how it refuses.
    """

    resource: ProtectedResource

    def __init__(
        self,
        *,
        issuer: str | None = None,
        audience: str | None = None,
        scopes: Mapping[str, str] | None = None,
        verifier: Verifier[Any] | None = None,
        realm: str | None = None,
        public_url: str | None = None,
        client_certificate_header: str | None = None,
        behind_check: bool = False,
        danger_show_details: bool = False,
    ) -> None:
        """The arguments are those of `admit.fastapi.TokenAuth`, but for the sign-in of Swagger.

        Raises:
            ValueError: Neither issuer and audience nor a verifier, or both.
        """
        self.resource = ProtectedResource(
            issuer=issuer,
            audience=audience,
            scopes=scopes,
            verifier=verifier,
            realm=realm,
            public_url=public_url,
            client_certificate_header=client_certificate_header,
            behind_check=behind_check,
            danger_show_details=danger_show_details,
        )

    @property
    def verifier(self) -> Verifier[Any]:
        """Judges the tokens."""
        return self.resource.verifier

    @verifier.setter
    def verifier(self, verifier: Verifier[Any]) -> None:
        """Judge by another one from now on."""
        self.resource.verifier = verifier

    def require(
        self,
        *scopes: str,
        max_age: int | None = None,
        acr: str | tuple[str, ...] | None = None,
        action: str | None = None,
    ) -> Callable[[_Endpoint], _Endpoint]:
        """Return a decorator: the endpoint asks for a good token with all `scopes`, from a sign-in that is fresh and strong enough.

        For functions of requests and WebSockets, `async` or not; methods and classes of `HTTPEndpoint` and `WebSocketEndpoint`; and
        whole ASGI applications, such as `auth.require("files")(StaticFiles(...))`.

        Args:
            scopes: All of them are needed.
            max_age: Seconds since the person last proved who they are (RFC 9470).
            acr: One of these classes of sign-in, best first.
            action: The name of what the endpoint does, for tokens that are limited to named actions. It has to be named where the
                token is verified first: by the outermost middleware, where there is one.

        Raises:
            ValueError: See `admit.asgi.require`.
        """
        wanted = require(*scopes, max_age=max_age, acr=acr, action=action)
        return lambda endpoint: self._protected(endpoint, wanted, optional=False)

    def require_transaction(self, kind: str, *scopes: str, compare: bool = True) -> Callable[[_Endpoint], _Endpoint]:
        """Return a decorator: the endpoint asks for a ticket for exactly the transaction that the request is, approved by its person.

        The body has to be the one whose hash was approved, and each approved value has to stand in it, as JSON, under the same name.
        For functions of requests and methods of `HTTPEndpoint`, without middleware of Admit in front, which would see the token first and
        does not read bodies.

        Args:
            kind: The type of the transaction, as the resource was added with (`--transaction`).
            scopes: Needed besides; a ticket has none unless the application asked for them.
            compare: False for bodies that are not JSON objects; then compare `principal.transaction(kind)` with them yourself.
        """
        wanted = require(*scopes)

        async def admit(connection: HTTPConnection) -> None:
            if not isinstance(connection, Request):
                raise TypeError("a WebSocket has no body to compare with a transaction")
            body = await body_of(connection)
            who = await self._known(AsgiRequest(connection.scope), wanted, connection.scope, body)
            who.transaction(kind, body=body if compare else None)

        return lambda endpoint: self._protected_function(endpoint, admit)

    def optional(self, endpoint: _Endpoint) -> _Endpoint:
        """Decorate an endpoint that takes a good token, or none at all; a bad one is refused.

        `request.user.is_authenticated` says which.
        """
        return self._protected(endpoint, Requirement(), optional=True)

    def middleware(
        self,
        *scopes: str,
        max_age: int | None = None,
        acr: str | tuple[str, ...] | None = None,
        action: str | None = None,
        optional: bool = False,
        public: Iterable[str] = (),
    ) -> Middleware:
        """Return a middleware for a whole application, router or mount.

        Args:
            scopes: As in `require`, like `max_age`, `acr` and `action`.
            max_age: See `require`.
            acr: See `require`.
            action: See `require`.
            optional: Also let requests through that bring no token; Starlette's own `requires` then decides.
            public: Paths that need no token and where none is looked at, written as for `admit.asgi.TokenMiddleware`.

        Raises:
            ValueError: An argument breaks its rule.
        """
        wanted = require(*scopes, max_age=max_age, acr=acr, action=action)
        rules = PathRules(public=public, rules={"/**": wanted}) if public else None
        return Middleware(_Guard, auth=self, wanted=wanted, optional=optional, rules=rules)

    def install(self, app: Starlette) -> None:
        """Add to `app` what decorators cannot do.

        Refusals that are raised anywhere, such as by `principal.require(...)`, become RFC 9457 problems; RFC 9728 metadata is
        served; the verifier is closed with the application.
        """
        # Starlette's types know handlers of requests and of WebSockets, but none of both.
        app.add_exception_handler(AdmitError, self._render)  # type: ignore[arg-type]
        for path in self.resource.metadata_paths:
            # In front: a mount of "/" would hide it.
            app.router.routes.insert(0, Route(path, self._metadata, methods=["GET"], include_in_schema=False))
        app.router.lifespan_context = closing(self.resource, app.router.lifespan_context)

    def _protected(self, endpoint: _Endpoint, wanted: Requirement, *, optional: bool) -> _Endpoint:
        protected: Any
        if inspect.isclass(endpoint):
            protected = self._protected_class(endpoint, wanted, optional=optional)
        elif inspect.isroutine(endpoint) or isinstance(endpoint, partial):
            protected = self._protected_function(endpoint, partial(self.admit, wanted=wanted, optional=optional))
        else:
            protected = _Guard(endpoint, auth=self, wanted=wanted, optional=optional)
        return protected  # type: ignore[no-any-return]

    def _protected_function(self, endpoint: Any, admit: Callable[[HTTPConnection], Awaitable[object]]) -> Any:
        bare = endpoint
        while isinstance(bare, partial):
            bare = bare.func
        is_async = inspect.iscoroutinefunction(bare)

        @wraps(endpoint)
        async def protected(*args: Any, **kwargs: Any) -> Any:
            connection = _connection_among((*args, *kwargs.values()))
            try:
                await admit(connection)
                if is_async:
                    return await endpoint(*args, **kwargs)
                return await run_in_threadpool(endpoint, *args, **kwargs)
            except AdmitError as error:
                return await refusal(error, self.resource, connection)

        return protected

    def _protected_class(self, endpoint: Any, wanted: Requirement, *, optional: bool) -> Any:
        if not issubclass(endpoint, HTTPEndpoint | WebSocketEndpoint):
            raise TypeError(f"{endpoint!r} is no class of HTTPEndpoint or WebSocketEndpoint")
        auth = self

        @wraps(endpoint, updated=())
        class Protected(endpoint):  # type: ignore[misc]
            async def dispatch(self) -> None:
                inner = super().dispatch

                async def app(scope: Any, receive: Any, send: Any) -> None:
                    self.scope, self.receive, self.send = scope, receive, send
                    await inner()

                guard = _Guard(app, auth=auth, wanted=wanted, optional=optional)
                await guard(self.scope, self.receive, self.send)

        return Protected

    async def admit(
        self, connection: HTTPConnection, wanted: Requirement, *, optional: bool = False
    ) -> Principal | None:
        """Verify the token of a request or WebSocket, and note who makes it as `user` and `auth`.

        Raises:
            AdmitError: It is not good, or not good enough.
        """
        return await self._noted(AsgiRequest(connection.scope), wanted, connection.scope, optional=optional)

    async def _noted(
        self, request: AsgiRequest, wanted: Requirement, scope: Scope, *, optional: bool
    ) -> Principal | None:
        if optional and not self.resource.brings_credentials(request):
            scope["user"], scope["auth"] = UnauthenticatedUser(), AuthCredentials()
            return None
        return await self._known(request, wanted, scope)

    async def _known(
        self, request: AsgiRequest, wanted: Requirement, scope: Scope, body: bytes | None = None
    ) -> Principal:
        who = await admitted(self.resource, request, wanted, scope, body=body)
        # "authenticated" is how Starlette's own `requires` asks whether there is anybody.
        scope["user"], scope["auth"] = User(who), AuthCredentials(["authenticated", *sorted(who.scopes)])
        return who

    async def _render(self, connection: HTTPConnection, exception: Exception) -> Response | None:
        if not isinstance(exception, AdmitError):
            raise exception
        return await refusal(exception, self.resource, connection)

    async def _metadata(self, request: Request) -> Response:
        return response_of(self.resource.metadata())


class _Guard:
    """Stands before an ASGI application."""

    def __init__(
        self, app: Any, *, auth: TokenAuth, wanted: Requirement, optional: bool, rules: PathRules | None = None
    ) -> None:
        self._app, self._auth, self._wanted, self._optional, self._rules = app, auth, wanted, optional, rules

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        resource = self._auth.resource
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
        elif (
            scope["type"] == "http" and scope["path"] in resource.metadata_paths and scope["method"] in ("GET", "HEAD")
        ):
            # Whoever has no token yet has to be able to read where to get one.
            await send_answer(resource.metadata(), scope, send)
        else:
            await guarded(self._app, resource, self._admit, scope, receive, send)

    async def _admit(self, request: AsgiRequest, scope: Scope) -> None:
        wanted = self._wanted
        if self._rules is not None:
            if (found := self._rules.requirement(request, below_mount(scope))) is None:
                return
            wanted = found
        await self._auth._noted(request, wanted, scope, optional=self._optional)


def _connection_among(arguments: Iterable[Any]) -> HTTPConnection:
    for each in arguments:
        if isinstance(each, HTTPConnection):
            return each
    raise TypeError(
        "a protected endpoint is called with its request or WebSocket, and this one was not: does it take one? In FastAPI use admit.fastapi"
    )
