"""Redirect URIs: what may be registered, and exact matching."""

import re
from urllib.parse import SplitResult, urlsplit

from .errors import NotAllowed, RedirectUriMismatch

LOOPBACK = ("127.0.0.1", "[::1]", "localhost")
_PRIVATE_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+\Z")
_VISIBLE = re.compile(r"[\x21-\x7E]{1,2000}\Z")
_FORBIDDEN = re.compile(r"[\\\"<>^`{|}]")
# The host is written into a Content-Security-Policy, where `;` and `,` would begin something else: plain names and addresses only.
_HOST = re.compile(r"[A-Za-z0-9._-]+(:[0-9]{1,5})?\Z|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?\Z")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def check_redirect_uri(uri: str) -> str:
    """Return a URI that may be registered: https, http on loopback, or a private-use scheme with a dot (RFC 8252 section 7.1).

    Raises:
        NotAllowed: Relative, with a fragment (RFC 6749 section 3.1.2), user information, a wildcard, plain http elsewhere,
            or an unfit scheme such as `javascript`.
    """
    if not _VISIBLE.match(uri) or _FORBIDDEN.search(uri):
        raise NotAllowed(f"The redirect URI {uri!r} has characters that a URI can't have.")
    parts = _split(uri)
    if not parts.scheme:
        raise NotAllowed(f"The redirect URI {uri!r} is not absolute; write it out from the scheme on.")
    if "#" in uri:
        raise NotAllowed(f"The redirect URI {uri!r} has a fragment (RFC 6749 section 3.1.2).")
    if parts.scheme in ("http", "https"):
        if not _HOST.match(parts.netloc) or "*" in uri:
            raise NotAllowed(f"The redirect URI {uri!r} needs a plain host name, without user name or wildcard.")
        if parts.scheme == "http" and not is_loopback(parts):
            raise NotAllowed(f"The redirect URI {uri!r} is plain http; that is for loopback addresses only.")
    elif not _PRIVATE_SCHEME.match(parts.scheme):
        raise NotAllowed(
            f"The redirect URI {uri!r} has the scheme {parts.scheme!r}; take https, or one like com.example.app."
        )
    return uri


def match_redirect_uri(requested: str, *, registered: tuple[str, ...]) -> str:
    """Return the requested URI if it is registered, compared as text, loopback ports excepted (RFC 9700 section 4.1.3).

    Raises:
        RedirectUriMismatch: Not registered.
    """
    if requested in registered:
        return requested
    # RFC 8252 section 7.3: any port is allowed at request time for loopback IP redirect URIs.
    port_free = _without_port(requested)
    if port_free is not None and any(port_free == _without_port(uri) for uri in registered):
        return requested
    raise RedirectUriMismatch(
        "The redirect_uri is not registered for this client.", detail=f"unregistered {requested!r}"
    )


def only_redirect_uri(registered: tuple[str, ...]) -> str:
    """The URI to use where the request names none (RFC 6749 section 3.1.2.3).

    Raises:
        RedirectUriMismatch: The client has none, or several.
    """
    if len(registered) != 1:
        raise RedirectUriMismatch("The redirect_uri parameter is missing.")
    return registered[0]


def origin_of(uri: str) -> str | None:
    """The web origin (RFC 6454) of an http or https URI, as browsers write it; None for private-use schemes."""
    parts = _split(uri)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return None
    host = parts.netloc.lower()
    # RFC 6454 section 6.2: the port is left out where it is the scheme's own.
    if parts.port == _DEFAULT_PORTS[parts.scheme]:
        host = host.rpartition(":")[0]
    return f"{parts.scheme}://{host}"


def is_page(uri: str) -> bool:
    """Whether people return to a page in their browser, as far as the address tells: not to an app of the machine.

    Such apps have a private-use scheme, or listen on loopback at a port that the system chooses (RFC 8252 sections 7.1, 7.3), so theirs
    is registered without one.
    """
    parts = _split(uri)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.port is not None)


def is_loopback(parts: SplitResult) -> bool:
    """Whether the host of a URI is this machine."""
    return (parts.hostname or "") in ("127.0.0.1", "::1", "localhost")


def _split(uri: str) -> SplitResult:
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError as error:
        raise NotAllowed(f"{uri!r} is not a URI: {error}.") from None
    return parts


def _without_port(uri: str) -> str | None:
    """The URI with its port left out, where it is http on a loopback IP literal; None elsewhere."""
    match = re.match(r"http://(127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?(/[\x21-\x7E]*|\Z)", uri)
    if match is None or match.end() != len(uri):
        return None
    return f"http://{match[1]}{match[2]}"
