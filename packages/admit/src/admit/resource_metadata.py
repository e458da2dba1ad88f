"""How a protected resource describes itself (RFC 9728), the same for every framework."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from admit.dpop import ALGORITHMS

WELL_KNOWN = "/.well-known/oauth-protected-resource"


def addresses(audience: str) -> tuple[str | None, list[str]]:
    """Return the address for challenges, and the paths to serve (RFC 9728 section 3.1).

    The well-known part goes between host and path of the resource's identifier. A resource whose identifier is no URL
    serves its metadata, but no challenge can point there: links are never made of what a request says.
    """
    parts = urlsplit(audience)
    if parts.scheme not in ("https", "http") or not parts.netloc:
        return None, [WELL_KNOWN]
    path = WELL_KNOWN + parts.path.rstrip("/")
    url = urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))
    return url, [WELL_KNOWN] if path == WELL_KNOWN else [WELL_KNOWN, path]


def document(*, audience: str, issuer: str, scopes: Iterable[str]) -> dict[str, Any]:
    """Return the metadata (RFC 9728 section 2). Tokens are taken from the header alone."""
    return {
        "resource": audience,
        "authorization_servers": [issuer],
        "scopes_supported": list(scopes),
        "bearer_methods_supported": ["header"],
        "dpop_signing_alg_values_supported": list(ALGORITHMS),
    }
