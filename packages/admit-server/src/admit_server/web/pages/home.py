"""`/`, static files, `/livez` and `/readyz`."""

import logging

from starlette.requests import Request
from starlette.responses import Response

from ...ports.store import StoreUnavailable
from .. import responses
from ..site import STATIC_TYPES, Site, static_file, static_file_gzipped, static_url

log = logging.getLogger("admit.web")


async def home(request: Request, site: Site) -> Response:
    """Where a newcomer lands."""
    session = await site.session(request)
    user = await site.rt.store.read.users.get(session.user_id) if session else None
    links = [
        ("What this server offers (OpenID Connect discovery)", "/.well-known/openid-configuration"),
        ("Its public keys", "/jwks"),
        ("The revocation feed", "/revocations"),
    ]
    if user is None:
        links.insert(0, ("Sign in", "/sign-in"))
    else:
        links.insert(0, ("Your account", "/account"))
    return site.page(
        "home.html",
        issuer=site.rt.issuer,
        version=site.version,
        links=links,
        signed_in_as=user.username if user else None,
        sign_out_url="/logout",
    )


async def static(request: Request, site: Site) -> Response:
    """A file of the pages; its address carries its digest, so it never changes."""
    # Not `request.url`: that is built with the Host header, which may be anything.
    path: str = request.scope["path"]
    name = path.rsplit("/", 1)[-1]
    content = static_file(name)
    if content is None or path != static_url(name):
        return responses.fault(404, "not_found", kind="page", site=site, detail="There is no such page.")
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
    # RFC 9110 section 12.5.3: every browser says so; who refuses it by a weight of 0 is sent the plain file.
    taken = request.headers.get("accept-encoding", "")
    if "gzip" in taken and "gzip;q=0" not in taken.replace(" ", ""):
        content = static_file_gzipped(name)
        headers["Content-Encoding"] = "gzip"
    return Response(content, headers=headers, media_type=STATIC_TYPES[name])


async def livez(request: Request, site: Site) -> Response:
    """The process answers."""
    return responses.json({"status": "ok"}, headers=responses.NO_STORE)


async def readyz(request: Request, site: Site) -> Response:
    """The database answers and keys sign."""
    try:
        await site.rt.store.read.feed.head()
        site.rt.keys.current.signer(site.rt.access_token_alg, now=site.rt.clock())
    except (StoreUnavailable, LookupError) as error:
        # What exactly is wrong is for the administrator; this address is open to strangers, who must not fill the log either.
        log.debug("not ready: %s", error)
        return responses.problem(503, "not_ready", detail="The database or the keys can't be used right now.")
    return responses.json({"status": "ok"}, headers=responses.NO_STORE)
