"""The ASGI application: find the route, check, call, render. One place turns every refusal and fault into an answer."""

import asyncio
import logging
import time
from dataclasses import dataclass

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ..domain.errors import ProtocolError
from ..ports.store import StoreUnavailable
from ..tokens.keyring import NoSigningKey
from . import responses, routes
from .params import BodyTooLarge, discard_body
from .refused import refused
from .routes import Route
from .site import Site

log = logging.getLogger("admit.web")
MAX_URL = 16_384


@dataclass(frozen=True, slots=True)
class Application:
    """Answers HTTP for one site."""

    site: Site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI; only `http`."""
        if scope["type"] != "http":
            return
        began = time.perf_counter()
        request = Request(scope, receive)
        route = routes.find(scope["path"])
        try:
            response = await self._answer(request, route)
        except ClientDisconnect:
            return
        await self._decorate(response, request, route)
        if (
            route.even is not None
            and request.method == "POST"
            and (route.even == "answers" or response.status_code >= 400 or getattr(request.state, "even", False))
        ):
            await asyncio.sleep(began + self.site.rt.hasher.answer_s - time.perf_counter())
        await response(scope, receive, send)

    async def _answer(self, request: Request, route: Route) -> Response:
        site, kind = self.site, route.kind
        method = "GET" if request.method == "HEAD" else request.method
        endpoint = route.methods.get(method)
        try:
            if len(request.scope["query_string"]) > MAX_URL:
                return responses.fault(414, "uri_too_long", kind=kind, site=site, detail="The address is too long.")
            if endpoint is not None:
                return await endpoint(request, site)
            return await self._no_endpoint(request, route)
        except ProtocolError as error:
            return await refused(error, request, kind=kind, site=site)
        except BodyTooLarge:
            await discard_body(request)
            headers = {"Connection": "close"}
            return responses.fault(
                413, "body_too_large", kind=kind, site=site, detail="The request is too large.", headers=headers
            )
        except (StoreUnavailable, NoSigningKey) as error:
            log.error("unavailable at %s %s: %s", method, request.scope["path"], error)
            return responses.fault(
                503,
                "temporarily_unavailable",
                kind=kind,
                site=site,
                detail="The server can't answer right now.",
                what_to_do="Try again in a moment.",
                headers={"Retry-After": "2"},
            )
        except ClientDisconnect:
            raise
        except Exception:
            log.exception("fault at %s %s", method, request.scope["path"])
            return responses.fault(
                500, "server_error", kind=kind, site=site, detail="Something went wrong on our side."
            )

    async def _no_endpoint(self, request: Request, route: Route) -> Response:
        if not route.methods:
            return responses.fault(404, "not_found", kind=route.kind, site=self.site, detail="There is no such page.")
        allowed = ", ".join(sorted({*route.methods, *(["HEAD"] if "GET" in route.methods else []), "OPTIONS"}))
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"Allow": allowed})
        return responses.fault(
            405,
            "method_not_allowed",
            kind=route.kind,
            site=self.site,
            detail=f"This address answers {allowed}.",
            headers={"Allow": allowed},
        )

    async def _decorate(self, response: Response, request: Request, route: Route) -> None:
        headers = response.headers
        headers["X-Content-Type-Options"] = "nosniff"
        # Not `no-referrer`: that makes browsers send `Origin: null` with our own forms (Fetch, "append a request Origin header"),
        # and where they send no Sec-Fetch-Site (older ones; plain http that is not loopback) nobody could sign in.
        headers["Referrer-Policy"] = "same-origin"
        if self.site.cookies.secure:
            headers["Strict-Transport-Security"] = "max-age=31536000"
        origin = request.headers.get("origin")
        if route.cors == "public":
            # Always, also without an Origin: a cache must be able to give the same answer to everybody.
            headers["Access-Control-Allow-Origin"] = "*"
        if route.cors is None or origin is None:
            return
        if route.cors == "client":
            headers["Vary"] = "Origin"
            try:
                # A preflight names no client, so any registered origin passes it; the answer itself is for the client's own.
                client_id = getattr(request.state, "client_id", None)
                if not await self.site.rt.store.read.clients.origin_allowed(origin, client_id=client_id):
                    return
            except StoreUnavailable:
                return
            headers["Access-Control-Allow-Origin"] = origin
        if request.method == "OPTIONS" and "access-control-request-method" in request.headers:
            headers["Access-Control-Allow-Methods"] = ", ".join(sorted(route.methods))
            headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type, DPoP, Last-Event-ID"
            headers["Access-Control-Max-Age"] = "600"
        else:
            headers["Access-Control-Expose-Headers"] = "WWW-Authenticate, Retry-After, DPoP-Nonce"
