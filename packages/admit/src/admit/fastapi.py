"""Protect routes of FastAPI.

auth = TokenAuth(issuer=..., audience=..., scopes={"items:read": "Read items"})
auth.install(app)
Reader = Annotated[Principal, auth.require("items:read")]

@app.get("/items")
async def items(who: Reader) -> list[Item]: ...
"""

# No `from __future__ import annotations`: FastAPI reads the types of a dependency, and older ones can't look up their names for an object.
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, NoReturn

try:
    from fastapi import FastAPI, HTTPException, params
except ModuleNotFoundError as _missing:
    if _missing.name != "fastapi":
        raise
    raise ModuleNotFoundError("admit.fastapi needs FastAPI: pip install 'admit[fastapi]'", name="fastapi") from None
from fastapi.openapi.models import OAuth2, OAuthFlowAuthorizationCode, OAuthFlows
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from admit.asgi_guard import AsgiRequest, admitted
from admit.errors import AdmitError
from admit.principal import Principal
from admit.protected_resource import ProtectedResource
from admit.requirement import GOOD_TOKEN, Requirement, require
from admit.starlette_common import body_of, closing, refusal, response_of
from admit.verifier import Verifier

__all__ = ["Principal", "Refused", "TokenAuth"]

_HOW_TO_ASK = (
    'write Annotated[Principal, auth.require("...")] for a parameter, or dependencies=[auth.require("...")] for a route: '
    "it is no decorator, and needs no Depends(...) around it"
)


class Refused(HTTPException):
    """A refusal in FastAPI's own form, so that it has its status and challenge even where `install` was not called."""

    def __init__(self, error: AdmitError, *, headers: dict[str, str]) -> None:
        super().__init__(error.status, detail=error.problem(), headers=headers)
        self.error = error


class _Dependency(SecurityBase):
    """What a parameter of an endpoint depends on: a principal. OpenAPI shows it as a way to sign in."""

    def __init__(self, model: OAuth2, admitted: Callable[[HTTPConnection], Awaitable[Principal | None]]) -> None:
        self.model, self.scheme_name, self._admitted = model, "admit", admitted

    async def __call__(self, connection: HTTPConnection) -> Principal | None:
        return await self._admitted(connection)


class _Wanted(params.Security):
    """What stands in an annotation. It is called by mistake only: as a decorator, or by `Depends(...)` around it."""

    def __call__(self, *_: object) -> NoReturn:
        raise TypeError(_HOW_TO_ASK)

    @property
    def __signature__(self) -> NoReturn:
        raise TypeError(_HOW_TO_ASK)


class TokenAuth:
    """Bearer tokens for a FastAPI application.

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
        authorization_url: str | None = None,
        token_url: str | None = None,
        swagger_client_id: str | None = None,
        behind_check: bool = False,
        danger_show_details: bool = False,
    ) -> None:
        """
        Args:
            issuer: See `Verifier`.
            audience: See `Verifier`. When it is a URL, challenges point to the metadata of this resource.
            scopes: Every scope and its meaning for people; shown in OpenAPI and in the metadata.
            verifier: Instead of issuer and audience, for everything that `Verifier` can be told.
            realm: In challenges; the audience when None.
            public_url: By which clients know this application, such as "https://api.example.com/v1"; proofs of tokens that are
                bound to a key name it (RFC 9449 section 4.3). None: scheme and host of the audience, if that is a URL. It is
                never taken from a request.
            client_certificate_header: The header in which the proxy puts the client's certificate, as nginx writes
                `$ssl_client_escaped_cert`. Name it only where every request comes through that proxy and the proxy
                overwrites what clients send: whoever can set this header can use tokens that are bound to a certificate.
            authorization_url: For the sign-in of Swagger; the server's `/authorize` when None.
            token_url: For the sign-in of Swagger; the server's `/token` when None.
            swagger_client_id: A public client that Swagger signs in with.
            behind_check: This application stands behind a proxy that asks the server's `/check`: the assertion in
                `X-Auth-Assertion` counts, made for this method, path and host, and no token is looked at.
            danger_show_details: Tell the caller why a token is refused, claims included. For development.

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
        self._swagger_client_id = swagger_client_id
        self._actions: dict[Callable[..., Any], str] = {}
        self._transactions: dict[Callable[..., Any], str] = {}
        base = self.resource.issuer.rstrip("/")
        flow = OAuthFlowAuthorizationCode(
            authorizationUrl=authorization_url or f"{base}/authorize",
            tokenUrl=token_url or f"{base}/token",
            scopes=self.resource.scopes,
        )
        self._model = OAuth2(
            flows=OAuthFlows(authorizationCode=flow), description=f"Access tokens of {self.resource.issuer}"
        )

    @property
    def verifier(self) -> Verifier[Any]:
        """Judges the tokens."""
        return self.resource.verifier

    @verifier.setter
    def verifier(self, verifier: Verifier[Any]) -> None:
        """Judge by another one from now on."""
        self.resource.verifier = verifier

    @property
    def principal(self) -> params.Depends:
        """A dependency: any good token. `Annotated[Principal, auth.principal]`"""
        return self.require()

    @property
    def optional(self) -> params.Depends:
        """A dependency: a good token, or none at all; a bad one is refused. `Annotated[Principal | None, auth.optional]`"""

        async def optional(connection: HTTPConnection) -> Principal | None:
            if not self.resource.brings_credentials(AsgiRequest(connection.scope)):
                return None
            return await self._admitted(connection, GOOD_TOKEN)

        return _Wanted(_Dependency(self._model, optional))

    def require(
        self,
        *scopes: str,
        max_age: int | None = None,
        acr: str | tuple[str, ...] | None = None,
        action: str | None = None,
    ) -> params.Depends:
        """A dependency: a good token with all `scopes`, from a sign-in that is fresh and strong enough.

        Args:
            scopes: All of them are needed.
            max_age: Seconds since the person last proved who they are (RFC 9470).
            acr: One of these classes of sign-in, best first.
            action: The name of what the endpoint does, for tokens that are limited to named actions.

        Use it as `Annotated[Principal, auth.require("items:read")]` in HTTP and WebSocket endpoints, or in
        `dependencies=[...]` of an endpoint, a router or the application.
        """
        wanted = require(*scopes, max_age=max_age, acr=acr, action=action)

        async def admitted(connection: HTTPConnection) -> Principal:
            return await self._admitted(connection, wanted)

        dependency = _Dependency(self._model, admitted)
        if action is not None:
            self._actions[dependency] = action
        return _Wanted(dependency, scopes=scopes)

    def require_transaction(self, kind: str, *scopes: str, compare: bool = True) -> params.Depends:
        """A dependency: a ticket for exactly the transaction that this request is, approved by its person.

        The body has to be the one whose hash was approved, and each approved value has to stand in it, as JSON, under the same name.

        Args:
            kind: The type of the transaction, as the resource was added with (`--transaction`).
            scopes: Needed besides; a ticket has none unless the application asked for them.
            compare: False for bodies that are not JSON objects; then compare `who.transaction(kind)` with them yourself.

        Use it as `Annotated[Principal, auth.require_transaction("payment")]` in HTTP endpoints.
        """

        wanted = require(*scopes)

        async def admitted(request: HTTPConnection) -> Principal:
            who = await self._admitted(request, wanted)
            if not isinstance(request, Request):
                raise TypeError("a WebSocket has no body to compare with a transaction")
            try:
                who.transaction(kind, body=await request.body() if compare else None)
            except AdmitError as error:
                raise self._refused(error, request) from error
            return who

        dependency = _Dependency(self._model, admitted)
        self._transactions[dependency] = kind
        return _Wanted(dependency, scopes=scopes)

    def install(self, app: FastAPI) -> None:
        """Add to `app` what dependencies cannot do.

        Refusals become RFC 9457 problems, also those that an endpoint raises itself, such as by `who.require(...)`;
        RFC 9728 metadata is served; Swagger signs in with PKCE; the verifier is closed with the application.

        Raises:
            TypeError: Not an application of FastAPI.
        """
        if not isinstance(app, FastAPI):
            raise TypeError(
                f"install takes a FastAPI application, got {type(app).__name__}; for Starlette there is admit.starlette"
            )
        for kind in (AdmitError, Refused):
            # Starlette's types know handlers of requests and of WebSockets, but none of both.
            app.add_exception_handler(kind, self._render)  # type: ignore[arg-type]
        for path in self.resource.metadata_paths:
            app.add_api_route(path, self._metadata, methods=["GET"], include_in_schema=False)
        if app.swagger_ui_init_oauth is None:
            app.swagger_ui_init_oauth = {
                "usePkceWithAuthorizationCodeGrant": True,
                "scopes": " ".join(self.resource.scopes),
            }
            if self._swagger_client_id is not None:
                app.swagger_ui_init_oauth["clientId"] = self._swagger_client_id
        app.router.lifespan_context = closing(self.resource, app.router.lifespan_context)

    async def _admitted(self, connection: HTTPConnection, wanted: Requirement) -> Principal:
        scope = connection.scope
        try:
            # The action of the route counts, whichever of its dependencies comes first.
            named = declared(scope.get("route"), self._actions) if self._actions else None
            if named != wanted.action:
                wanted = replace(wanted, action=named)
            return await admitted(self.resource, AsgiRequest(scope), wanted, scope, body=await self._body(connection))
        except AdmitError as error:
            raise self._refused(error, connection) from error

    async def _body(self, connection: HTTPConnection) -> bytes | None:
        """Return the body, where the route is one of transactions."""
        if (
            not self._transactions
            or not isinstance(connection, Request)
            or not declared(connection.scope.get("route"), self._transactions)
        ):
            return None
        return await body_of(connection)

    def _refused(self, error: AdmitError, connection: HTTPConnection) -> Refused:
        return Refused(error, headers=self.resource.headers(error, AsgiRequest(connection.scope)))

    async def _render(self, connection: HTTPConnection, exception: Exception) -> Response | None:
        error = exception.error if isinstance(exception, Refused) else exception
        if not isinstance(error, AdmitError):
            raise exception
        return await refusal(error, self.resource, connection)

    async def _metadata(self) -> Response:
        return response_of(self.resource.metadata())


def declared(route: Any, actions: Mapping[Callable[..., Any], str]) -> str | None:
    """Return what one of the dependencies of a route has declared, or None."""
    # Wherever it is said on the way to the endpoint: the token is verified by whichever dependency comes first. The last one wins,
    # because the endpoint's own stand behind those of its router.
    waiting = [getattr(route, "dependant", None)]
    while waiting:
        dependant = waiting.pop()
        if dependant is not None:
            if dependant.call in actions:
                return actions[dependant.call]
            waiting += dependant.dependencies
    return None
