"""Which addresses a verifier may talk to."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit


def issuer_url(issuer: str) -> SplitResult:
    """Return the parts of an issuer identifier.

    Raises:
        ValueError: Not an https URL without query and fragment (RFC 8414 section 2). Plain http is taken on loopback.
    """
    parts = server_url(issuer)
    if "?" in issuer or "#" in issuer:
        raise ValueError(f"an issuer has no query and no fragment: {issuer!r}")
    return parts


def server_url(url: str) -> SplitResult:
    """Return the parts of a URL that may be fetched.

    Raises:
        ValueError: Neither https nor http on loopback, no host, user information, or characters a URL cannot have.
    """
    if any(char <= " " or char >= "\x7f" for char in url):
        raise ValueError(f"not a URL: {url!r}")
    parts = urlsplit(url)
    if not parts.hostname or parts.username is not None or parts.password is not None:
        raise ValueError(f"not a URL of a server: {url!r}")
    _ = parts.port  # raises ValueError when out of range
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname)):
        raise ValueError(f"must be https (plain http is accepted on loopback only): {url!r}")
    return parts


def is_loopback(host: str) -> bool:
    """Say whether a host name or address is this machine, without asking the resolver."""
    if host == "localhost":
        return True
    import ipaddress

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def origin(parts: SplitResult) -> tuple[str, str, int]:
    """Return scheme, host and port (RFC 6454 section 4)."""
    return parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
