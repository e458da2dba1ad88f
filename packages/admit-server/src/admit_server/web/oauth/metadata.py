"""What the server tells about itself: discovery (RFC 8414, OpenID Connect Discovery) and its public keys (RFC 7517)."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from admit.dpop import ALGORITHMS

from ...domain.client import GRANT_TYPES
from ...domain.journey import reaches, strongest
from ...domain.scopes import OPENID
from ...domain.token_policy import ACR_ORDER
from ...flows.journeys.planning import means
from .. import responses
from ..site import Site

# A rotation publishes the next key this long before it signs, and more.
JWKS_MAX_AGE_S = 300


def _classes(site: Site) -> list[str]:
    """Those that a sign-in with all authenticators of this server reaches."""
    able = [each for each in map(means, site.rt.authenticators.values()) if each.usable]
    return [acr for acr in ACR_ORDER if reaches(strongest(able), acr)]


async def document(site: Site) -> dict[str, Any]:
    """The metadata; nothing in it that is not served."""
    resources = await site.rt.store.read.resources.page(after="", limit=200)
    types = {name for resource in resources for name in resource.transactions}
    issuer = site.rt.issuer
    secret_methods = ["client_secret_basic", "client_secret_post"]
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "jwks_uri": f"{issuer}/jwks",
        "userinfo_endpoint": f"{issuer}/userinfo",
        "end_session_endpoint": f"{issuer}/logout",
        "introspection_endpoint": f"{issuer}/introspect",
        "revocation_endpoint": f"{issuer}/revoke",
        "authorization_challenge_endpoint": f"{issuer}/authorize-challenge",
        "revocation_feed_endpoint": f"{issuer}/revocations",
        "denials_endpoint": f"{issuer}/denials",
        "leaked_tokens_endpoint": f"{issuer}/leaked",
        "lease_endpoint": f"{issuer}/lease",
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": list(GRANT_TYPES),
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": [*secret_methods, "none"],
        "introspection_endpoint_auth_methods_supported": secret_methods,
        "revocation_endpoint_auth_methods_supported": [*secret_methods, "none"],
        "dpop_signing_alg_values_supported": list(ALGORITHMS),
        "tls_client_certificate_bound_access_tokens": bool(site.certificate_header),
        "scopes_supported": sorted(OPENID),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [site.rt.id_token_alg],
        "acr_values_supported": _classes(site),
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "claims_supported": [
            "sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash", "preferred_username",
            "updated_at", "email", "email_verified",
        ],
        "authorization_response_iss_parameter_supported": True,
        "authorization_details_types_supported": sorted(types),
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "claims_parameter_supported": False,
    }  # fmt: skip


async def metadata_endpoint(request: Request, site: Site) -> Response:
    """Cacheable: it changes with the version, and with the types of transactions."""
    return responses.json(await document(site), headers={"Cache-Control": "public, max-age=300"})


async def jwks_endpoint(request: Request, site: Site) -> Response:
    """Every published key: next, active and retiring."""
    keys = site.rt.keys.current.published(now=site.rt.clock()).public_dict()
    return responses.json(
        keys, headers={"Cache-Control": f"public, max-age={JWKS_MAX_AGE_S}"}, media_type="application/jwk-set+json"
    )
