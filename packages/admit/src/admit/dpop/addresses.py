"""One spelling for every address, so that two of them can be compared (RFC 9449 section 4.3, RFC 3986 section 6.2)."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urlsplit

LONGEST = 4096
_DEFAULT_PORTS = {"https": 443, "http": 80}
_VISIBLE = re.compile(r"[\x21-\x7E]+\Z")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})?")
# RFC 3986 section 2.3.
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


@lru_cache(maxsize=1024)
def normalised(url: str) -> str:
    """Return an http address without query and fragment, in its one spelling.

    RFC 9449 section 4.3: servers SHOULD employ syntax-based and scheme-based normalisation (RFC 3986 sections 6.2.2 and 6.2.3)
    before they compare: case of scheme, host and escapes, escapes of unreserved characters, dot segments, the default port, and
    the empty path.

    Raises:
        ValueError: Not an absolute http or https address, or one with user information.
    """
    if len(url) > LONGEST or not _VISIBLE.match(url):
        raise ValueError("not an address: too long, or with characters that none has")
    parts = urlsplit(url)
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or "@" in parts.netloc or "\\" in parts.netloc:
        raise ValueError("not an absolute http or https address")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = parts.port  # raises ValueError when out of range
    where = host if port in (None, _DEFAULT_PORTS[parts.scheme]) else f"{host}:{port}"
    return f"{parts.scheme}://{where}{_path(parts.path)}"


def _path(path: str) -> str:
    plain = _ESCAPE.sub(_one_spelling, path)
    kept: list[str] = []
    segments = plain.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments and segments[-1] in (".", ".."):
        kept.append("")  # RFC 3986 section 5.2.4: "/a/." is "/a/"
    return "/" + "/".join(kept)


def _one_spelling(escape: re.Match[str]) -> str:
    digits = escape[1]
    if digits is None:
        raise ValueError("a % that begins no escape")
    octet = int(digits, 16)
    return chr(octet) if octet in _UNRESERVED else f"%{digits.upper()}"
