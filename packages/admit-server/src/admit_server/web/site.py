"""What every endpoint gets: the runtime, the feed, the pages and the names of cookies."""

import gzip
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import Response

from admit.limits import Presented

from ..domain.confirmation import Holder
from ..domain.session import Session
from ..flows.feed import FeedHub
from ..flows.new_session import current_session, session_of_cookie
from ..flows.runtime import Caller, Runtime
from ..ports.audit import Witness
from .security import CookieNames, Network, caller_of, certificate_of, open_device, page_policy

PRODUCT = "Admit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One running server, as the web sees it."""

    rt: Runtime
    hub: FeedHub
    version: str
    cookies: CookieNames
    trusted_proxies: tuple[Network, ...] = ()
    certificate_header: str = ""
    streams_per_network: int = 1024
    related_origins: tuple[str, ...] = ()
    settings_shown: Callable[[], list[tuple[str, str, str]]] = list
    witness: Witness | None = None

    def caller(self, request: Request) -> Caller:
        """Where the request came from: one for each request, so that one trail tells all that was checked of it."""
        known: Caller | None = getattr(request.state, "caller", None)
        if known is None:
            came = caller_of(request, trusted=self.trusted_proxies)
            device = open_device(request.cookies.get(self.cookies.device), rt=self.rt)
            known = request.state.caller = replace(came, device=device)
        return known

    def with_holder(self, request: Request, holder: Holder) -> Caller:
        """The caller of a request, once it has proved what it holds."""
        known = request.state.caller = replace(self.caller(request), holder=holder)
        return known

    def certificate(self, request: Request) -> str:
        """The thumbprint of the client's certificate, as a trusted proxy tells it; '' for none.

        Raises:
            InvalidRequest: The proxy's header is repeated, or holds no certificate.
        """
        if not self.certificate_header:
            return ""
        return certificate_of(request, header=self.certificate_header, trusted=self.trusted_proxies)

    def presented(self, request: Request, scheme: str) -> Presented:
        """How a token was shown at an endpoint of ours. The host comes from the settings, never from the request."""
        raw: bytes = request.scope.get("raw_path") or quote(request.scope["path"]).encode()
        return Presented(
            scheme=scheme,
            proofs=tuple(request.headers.getlist("dpop")),
            url=self.rt.issuer + raw.partition(b"?")[0].decode("latin-1"),
            certificate=self.certificate(request) or None,
        )

    async def session(self, request: Request, *, unattended: bool = False) -> Session | None:
        """The session that signs this browser in (`flows.new_session.current_session`)."""
        cookie = request.cookies.get(self.cookies.session)
        return await current_session(cookie, unattended=unattended, rt=self.rt)

    async def session_to_end_or_renew(self, request: Request) -> Session | None:
        """The living session of this browser, although it may be idle."""
        return await session_of_cookie(request.cookies.get(self.cookies.session), rt=self.rt)

    def page(
        self,
        template: str,
        *,
        http_status: int = 200,
        redirect_uri: str | None = None,
        script: str | None = None,
        **context: Any,
    ) -> Response:
        """Render a page, never cached, under a strict policy. `script`: the file that it needs; without one no script runs."""
        text = (
            templates()
            .get_template(template)
            .render(
                product=PRODUCT,
                lang="en",
                css_url=static_url("admit.css"),
                icon_url=static_url("favicon.svg"),
                script_url=static_url(script) if script else None,
                **context,
            )
        )
        return Response(
            text,
            http_status,
            headers={
                "Content-Security-Policy": page_policy(redirect_uri, script=script is not None),
                "Cache-Control": "no-store",
            },
            media_type="text/html",
        )


@cache
def templates() -> Environment:
    """The pages' templates; an undefined name is an error."""
    return Environment(
        loader=PackageLoader("admit_server.web", "templates"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
    )


@cache
def static_file(name: str) -> bytes | None:
    """A file that the pages need, by its name; None for any other."""
    if name not in STATIC_TYPES:
        return None
    return files("admit_server.web").joinpath("static", name).read_bytes()


@cache
def static_file_gzipped(name: str) -> bytes:
    """The same file as browsers take it: it holds no secret, so its size may be seen."""
    return gzip.compress(static_file(name) or b"", mtime=0)


STATIC_TYPES = {"admit.css": "text/css", "favicon.svg": "image/svg+xml", "passkey.js": "text/javascript"}


@cache
def static_url(name: str) -> str:
    """The address of such a file: it carries its digest, so it may be cached for ever."""
    digest = hashlib.sha256(static_file(name) or b"").hexdigest()[:16]
    return f"/static/{digest}/{name}"
