"""Protect any ASGI application.

app = TokenMiddleware(app, issuer=..., audience=..., public=["/health"], rules={"GET /items/**": "items:read", "/**": "admin"})

Inside, `principal_of(scope)` is who makes the request.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from admit.asgi_guard import (
    PRINCIPAL,
    App,
    AsgiRequest,
    Receive,
    Scope,
    Send,
    admitted,
    below_mount,
    closing_after,
    guarded,
    send_answer,
)
from admit.path_rules import PathRules
from admit.principal import Principal
from admit.protected_resource import ProtectedResource
from admit.requirement import Requirement, require
from admit.verifier import Verifier

__all__ = ["Principal", "Requirement", "TokenMiddleware", "principal_of", "require"]


class TokenMiddleware:
    """Lets requests through to an ASGI application that bring a good token.

    Attributes:
        resource: What the application is, and how it refuses.
    """

    resource: ProtectedResource

    def __init__(
        self,
        app: App,
        *,
        issuer: str | None = None,
        audience: str | None = None,
        scopes: Mapping[str, str] | None = None,
        public: Iterable[str] = (),
        rules: Mapping[str, str | Requirement] | None = None,
        verifier: Verifier[Any] | None = None,
        realm: str | None = None,
        public_url: str | None = None,
        client_certificate_header: str | None = None,
        behind_check: bool = False,
        danger_show_details: bool = False,
    ) -> None:
        """
        Args:
            app: The application. Rules are about its paths below its `root_path`, where that is an attribute; behind another middleware
                it cannot be seen.
            issuer: See `Verifier`.
            audience: See `Verifier`.
            scopes: Every scope and its meaning for people; shown in the metadata.
            public: Entries that need no token, such as "/health" or "GET /static/**". Compared first.
            rules: Entries, in the order in which they are compared, and what they ask for: a scope, or `require(...)`. The last
                entry is "/**". None: a good token, everywhere.
            verifier: Instead of issuer and audience.
            realm: In challenges; the audience when None.
            public_url: By which clients know this application: see `admit.fastapi.TokenAuth`.
            client_certificate_header: The header in which the proxy puts the client's certificate: see there, it has conditions.
            behind_check: This application stands behind a proxy that asks the server's `/check`: see there.
            danger_show_details: Tell the caller why a token is refused. For development.

        An entry is a path, or a method, a space and a path; "*" stands for a part of one segment, "**" for any number of segments.
        GET is HEAD as well, and how a WebSocket begins.

        Raises:
            ValueError: An argument breaks its rule; the message names it.
        """
        self._app = app
        self._rules = PathRules(public=public, rules=rules)
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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        kind = scope["type"]
        if kind == "lifespan":
            await closing_after(self._app, self.resource, scope, receive, send)
        elif kind not in ("http", "websocket"):
            raise ValueError(f"connections of the type {kind!r} can't be protected, and are not let through")
        elif kind == "http" and scope["path"] in self.resource.metadata_paths and scope["method"] in ("GET", "HEAD"):
            await send_answer(self.resource.metadata(), scope, send)
        else:
            await guarded(self._app, self.resource, self._admit, scope, receive, send)

    async def _admit(self, request: AsgiRequest, scope: Scope) -> None:
        # Of FastAPI(root_path="/api"), which routes "/api/items" like "/items".
        own = getattr(self._app, "root_path", "")
        path = below_mount(scope, own=own if isinstance(own, str) else "")
        wanted = self._rules.requirement(request, path)
        if wanted is not None:
            await admitted(self.resource, request, wanted, scope)


def principal_of(scope: Mapping[str, Any]) -> Principal[Any]:
    """Return who makes the request of an ASGI scope that a middleware of Admit let through.

    With `Verifier(claims=...)`, write `who: Principal[Claims] = principal_of(scope)`.

    Raises:
        LookupError: No middleware did: the path is public, or not protected at all.
    """
    who = scope.get(PRINCIPAL)
    if not isinstance(who, Principal):
        raise LookupError(
            "nobody is known for this request: its path is public, or no middleware of Admit stands before it"
        )
    return who
