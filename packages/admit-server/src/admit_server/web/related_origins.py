"""`/.well-known/webauthn`: which other origins may use the passkeys of this one (WebAuthn L3 section 5.11)."""

from starlette.requests import Request
from starlette.responses import Response

from . import responses
from .site import Site


async def endpoint(request: Request, site: Site) -> Response:
    """Browsers ask for it without cookies, before they offer a passkey elsewhere."""
    if not site.related_origins:
        return responses.fault(
            404, "not_found", kind="problem", site=site, detail="The passkeys of this server are for itself alone."
        )
    # "The content type MUST be application/json."
    return responses.json({"origins": list(site.related_origins)}, headers={"Cache-Control": "public, max-age=300"})
