"""Which addresses a verifier may talk to."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit


def issuer_url(issuer: str) -> SplitResult:
    """Return the parts of an issuer identifier.

    Raises:
        ValueError: Not an https URL without query and fragment (RFC 8414 section 2), or the address of its metadata. Plain
            http is taken on loopback.
    """
    parts = server_url(issuer, what="issuer")
    if "?" in issuer or "#" in issuer:
        raise ValueError(f"issuer has no query and no fragment; got {issuer!r}")
    if "/.well-known/" in parts.path:
        raise ValueError(f"issuer is what stands before /.well-known/, as the metadata there says; got {issuer!r}")
    return parts


def server_url(url: str, *, what: str = "the address") -> SplitResult:
    """Return the parts of a URL that may be fetched.

    Args:
        url: As configured or published.
        what: How the message calls it.

    Raises:
        ValueError: Neither https nor http on loopback, no host, user information, or characters a URL cannot have.
    """
    if any(char <= " " or char >= "\x7f" for char in url):
        raise ValueError(f"{what} has characters that no URL has, such as spaces; got {url!r}")
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises ValueError when out of range
    except ValueError as error:
        raise ValueError(f"{what} is no URL: {error}") from None
    if parts.username is not None or parts.password is not None:
        # The value may be a secret, and stays out of the message.
        raise ValueError(f"{what} must not have a user name or password in it")
    if not parts.hostname:
        raise ValueError(f"{what} must be a URL with a host, such as https://id.example.com; got {url!r}")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname)):
        raise ValueError(
            f"{what} must begin with https:// (plain http:// is taken on localhost, 127.0.0.1 and [::1] only); got {url!r}"
        )
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
