"""Protect routes of FastAPI.

auth = TokenAuth(issuer=..., audience=..., scopes={"items:read": "Read items"})
auth.install(app)
Reader = Annotated[Principal, auth.require("items:read")]

@app.get("/items")
async def items(who: Reader) -> list[Item]: ...
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, HTTPException, params
from fastapi.openapi.models import OAuth2, OAuthFlowAuthorizationCode, OAuthFlows
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.websockets import WebSocket, WebSocketState

from admit import resource_metadata
from admit.assertions import HEADER, assertion_of
from admit.attempts import attempt_of, declared, origin_of, presented_in
from admit.bearer import credentials_of
from admit.challenge import PROBLEM_TYPE
from admit.errors import AdmitError, CertificateMismatch, TokenRejected
from admit.limits import Attempt, Presented
from admit.principal import Principal
from admit.transactions import LARGEST_BODY
from admit.verifier import Verifier

__all__ = ["Principal", "Refused", "TokenAuth"]

_POLICY_VIOLATION = 1008


class Refused(HTTPException):
    """A refusal in FastAPI's own form, so that it has its status and challenge even where `install` was not called."""

    def __init__(self, error: AdmitError, *, headers: dict[str, str]) -> None:
        super().__init__(error.status, detail=error.problem(), headers=headers)
        self.error = error


class _Scheme(SecurityBase):
    """What OpenAPI shows. Says nothing about a request."""

    def __init__(self, *, authorization_url: str, token_url: str, scopes: Mapping[str, str], description: str) -> None:
        flow = OAuthFlowAuthorizationCode(authorizationUrl=authorization_url, tokenUrl=token_url, scopes=dict(scopes))
        self.model = OAuth2(flows=OAuthFlows(authorizationCode=flow), description=description)
        self.scheme_name = "admit"

    async def __call__(self) -> None:
        return None


class TokenAuth:
    """Bearer tokens for a FastAPI application.

    Attributes:
        verifier: Judges the tokens. Tests put that of `admit.testing.TestIssuer` here.
    """

    def __init__(
        self,
        *,
        issuer: str | None = None,
        audience: str | None = None,
        scopes: Mapping[str, str] | None = None,
        verifier: Verifier | None = None,
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
        if verifier is None:
            if issuer is None or audience is None:
                raise ValueError("TokenAuth needs issuer and audience, or a verifier")
            verifier = Verifier(issuer=issuer, audience=audience)
        elif issuer is not None or audience is not None:
            raise ValueError("issuer and audience are those of the verifier; do not pass them as well")
        self.verifier = verifier
        self._issuer, self._audience = verifier.expect.issuer, verifier.expect.audience
        self._scopes = dict(scopes or {})
        self._realm = realm or self._audience
        self._public_url = public_url or origin_of(self._audience)
        self._certificate_header = client_certificate_header
        self._metadata_url, self._metadata_paths = resource_metadata.addresses(self._audience)
        self._swagger_client_id = swagger_client_id
        self._show_details = danger_show_details
        self._credentials = HEADER if behind_check else "authorization"
        self._actions: dict[Callable[..., Any], str] = {}
        self._transactions: dict[Callable[..., Any], str] = {}
        base = self._issuer.rstrip("/")
        self._scheme = params.Depends(
            _Scheme(
                authorization_url=authorization_url or f"{base}/authorize",
                token_url=token_url or f"{base}/token",
                scopes=self._scopes,
                description=f"Access tokens of {self._issuer}",
            )
        )

    @property
    def principal(self) -> params.Depends:
        """A dependency: any good token. `Annotated[Principal, auth.principal]`"""
        return self.require()

    @property
    def optional(self) -> params.Depends:
        """A dependency: a good token, or none at all; a bad one is refused. `Annotated[Principal | None, auth.optional]`"""

        async def optional(connection: HTTPConnection, scheme: None = self._scheme) -> Principal | None:  # type: ignore[assignment]
            if not connection.headers.getlist(self._credentials):
                return None
            return await self._admitted(connection, _nothing)

        return params.Security(optional)

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
        acr_values = (acr,) if isinstance(acr, str) else acr

        def check(who: Principal) -> None:
            who.require(*scopes)
            if max_age is not None:
                who.require_recent_sign_in(max_age)
            if acr_values:
                who.require_acr(*acr_values)

        async def admitted(connection: HTTPConnection, scheme: None = self._scheme) -> Principal:  # type: ignore[assignment]
            return await self._admitted(connection, check)

        if action is not None:
            self._actions[admitted] = action
        return params.Security(admitted, scopes=scopes)

    def require_transaction(self, kind: str, *scopes: str, compare: bool = True) -> params.Depends:
        """A dependency: a ticket for exactly the transaction that this request is, approved by its person.

        The body has to be the one whose hash was approved, and each approved value has to stand in it, as JSON, under the same name.

        Args:
            kind: The type of the transaction, as the resource was added with (`--transaction`).
            scopes: Needed besides; a ticket has none unless the application asked for them.
            compare: False for bodies that are not JSON objects; then compare `who.transaction(kind)` with them yourself.

        Use it as `Annotated[Principal, auth.require_transaction("payment")]` in HTTP endpoints.
        """

        def check(who: Principal) -> None:
            who.require(*scopes)

        async def admitted(request: Request, scheme: None = self._scheme) -> Principal:  # type: ignore[assignment]
            who = await self._admitted(request, check)
            try:
                who.transaction(kind, body=await request.body() if compare else None)
            except AdmitError as error:
                error.scheme = request.scope.get("admit.scheme", error.scheme)
                raise Refused(error, headers=self._headers(error)) from error
            return who

        self._transactions[admitted] = kind
        return params.Security(admitted, scopes=scopes)

    def install(self, app: FastAPI) -> None:
        """Add to `app` what dependencies cannot do.

        Refusals become RFC 9457 problems, also those that an endpoint raises itself, such as by `who.require(...)`;
        RFC 9728 metadata is served; Swagger signs in with PKCE; the verifier is closed with the application.
        """
        for kind in (AdmitError, Refused):
            # Starlette's types know handlers of requests and of WebSockets, but none of both.
            app.add_exception_handler(kind, self._render)  # type: ignore[arg-type]
        for path in self._metadata_paths:
            app.add_api_route(path, self._resource_metadata, methods=["GET"], include_in_schema=False)
        if app.swagger_ui_init_oauth is None:
            app.swagger_ui_init_oauth = {"usePkceWithAuthorizationCodeGrant": True, "scopes": " ".join(self._scopes)}
            if self._swagger_client_id is not None:
                app.swagger_ui_init_oauth["clientId"] = self._swagger_client_id
        app.router.lifespan_context = self._closing(app.router.lifespan_context)

    async def _admitted(self, connection: HTTPConnection, check: Callable[[Principal], None]) -> Principal:
        try:
            who = await self._verified(connection)
            check(who)
        except AdmitError as error:
            if isinstance(error, TokenRejected) and not error.checks:
                self.verifier.refused(error, attempt=attempt_of(connection.scope, self._actions))
            if connection.scope.get("admit.scheme") == "DPoP":
                error.scheme = "DPoP"
            raise Refused(error, headers=self._headers(error)) from error
        return who

    async def _verified(self, connection: HTTPConnection) -> Principal:
        # A router, an endpoint and its parameters may each require something: the token is verified once a request.
        remembered: dict[int, Principal] = connection.scope.setdefault("admit.principals", {})
        who = remembered.get(id(self))
        if who is None:
            if self._credentials == HEADER:
                who = await self.verifier.verify_assertion_async(**assertion_of(connection.scope))
            else:
                who = await self._verified_token(connection)
            remembered[id(self)] = who
        return who

    async def _verified_token(self, connection: HTTPConnection) -> Principal:
        scheme, token = credentials_of(connection.headers.getlist("authorization"))
        connection.scope["admit.scheme"] = scheme
        presented = presented_in(
            connection.scope,
            connection.headers,
            scheme=scheme,
            public_url=self._public_url,
            certificate=self._certificate(connection),
        )
        return await self.verifier.verify_async(token, await self._attempt(connection, presented))

    def _certificate(self, connection: HTTPConnection) -> str | None:
        if self._certificate_header is None:
            return None
        from admit.binding import forwarded_certificate

        try:
            return forwarded_certificate(connection.headers.getlist(self._certificate_header))
        except ValueError as error:
            raise CertificateMismatch(f"the header {self._certificate_header}: {error}") from None

    async def _attempt(self, connection: HTTPConnection, presented: Presented) -> Attempt:
        body = None
        if (
            self._transactions
            and isinstance(connection, Request)
            and declared(connection.scope.get("route"), self._transactions)
        ):
            length = connection.headers.get("content-length", "")
            if not (length.isascii() and length.isdigit() and int(length) <= LARGEST_BODY):
                raise HTTPException(413, f"a transaction says its Content-Length, at most {LARGEST_BODY}")
            body = await connection.body()
        return attempt_of(connection.scope, self._actions, body, presented)

    def _headers(self, error: AdmitError) -> dict[str, str]:
        return error.headers(realm=self._realm, resource_metadata=self._metadata_url)

    async def _render(self, connection: Request | WebSocket, exception: Exception) -> Response | None:
        refused = exception if isinstance(exception, Refused) else None
        error = exception if refused is None else refused.error
        if not isinstance(error, AdmitError):
            raise exception
        if isinstance(connection, WebSocket) and not _can_answer(connection):
            await connection.close(_POLICY_VIOLATION, error.code)
            return None
        return JSONResponse(
            error.problem(show_detail=self._show_details),
            status_code=error.status,
            headers=self._headers(error) if refused is None else refused.headers,
            media_type=PROBLEM_TYPE,
        )

    async def _resource_metadata(self) -> dict[str, Any]:
        return resource_metadata.document(audience=self._audience, issuer=self._issuer, scopes=self._scopes)

    def _closing(self, inner: Callable[[Any], Any]) -> Callable[[Any], Any]:
        @asynccontextmanager
        async def lifespan(app: Any) -> AsyncIterator[Any]:
            try:
                async with inner(app) as state:
                    yield state
            finally:
                await asyncio.to_thread(self.verifier.close)

        return lifespan


def _nothing(who: Principal) -> None:
    """Ask no more than a good token."""


def _can_answer(websocket: WebSocket) -> bool:
    """Whether a WebSocket can still be refused with an HTTP response (ASGI extension `websocket.http.response`)."""
    extensions = websocket.scope.get("extensions") or {}
    return websocket.application_state is WebSocketState.CONNECTING and "websocket.http.response" in extensions
