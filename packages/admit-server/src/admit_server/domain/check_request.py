"""The request that a proxy asks about at `/check`: read in the one way in which nobody can read it otherwise, or refused.

The proxy, this server and the application behind them each have their own idea of a path: one merges slashes, one decodes twice, one drops
what follows a semicolon, one ignores case. A rule that one of them reads differently is no rule. So whatever could be another
path to somebody else is refused, and what is left is compared without regard to case and to a slash at the end.
"""

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

MOST_URI = 8192
_METHOD = re.compile(r"[A-Z]{1,20}\Z")
_HOST = re.compile(r"(?P<name>[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9_])?|\[[0-9a-f:.]{2,45}\])\.?(?::[0-9]{1,5})?\Z")
# As sent: what RFC 3986 section 3.3 allows in a path, without ";", whose meaning differs from program to program.
_RAW = re.compile(r"/(?:[A-Za-z0-9._~!$&'()*+,=:@/-]|%[0-9A-Fa-f]{2})*\Z")
# Encoded marks that mean something in a path: some programs decode them before they route, some after, some twice.
_HIDDEN = re.compile(r"%(?:2[Ff]|5[Cc]|3[BbFf]|2[35])")
# Empty segments, and segments that end in a dot or begin or end with a blank: ".", "..", and what Windows takes for the same name.
_SEGMENT = re.compile(r"//|\.(?:/|\Z)|[ ](?:/|\Z)|/ ")


class Ambiguous(ValueError):
    """The request could be read in another way by somebody else; the message says what of it."""


@dataclass(frozen=True, slots=True)
class ForwardedRequest:
    """What is asked about.

    Attributes:
        method: Upper case.
        host: Lower case, without a port.
        path: Decoded once, without the query, as it was sent otherwise.
        key: The same for comparing with rules: case folded, without a slash at the end.
    """

    method: str
    host: str
    path: str
    key: str


def read_request(*, method: str, host: str, uri: str) -> ForwardedRequest:
    """Read what a proxy tells of a request.

    Args:
        method: As sent.
        host: The `Host` header; a port is left out.
        uri: The path as sent, with or without a query.

    Raises:
        Ambiguous: Method, host or path are not what every program reads alike.
    """
    if not _METHOD.match(method):
        raise Ambiguous("the method is not written in capital letters")
    known = _HOST.match(host.lower())
    if known is None or ".." in host:
        raise Ambiguous("the host is no host name")
    path = _path(uri)
    return ForwardedRequest(method=method, host=known["name"], path=path, key=key_of(path))


def key_of(path: str) -> str:
    """A decoded path, or a pattern of one, for comparison: case folded, without a slash at the end."""
    return unicodedata.normalize("NFC", path).casefold().rstrip("/") or "/"


def _path(uri: str) -> str:
    if len(uri) > MOST_URI:
        raise Ambiguous(f"the address is longer than {MOST_URI} characters")
    raw = uri.partition("?")[0]
    if not _RAW.match(raw):
        raise Ambiguous("the path has characters that a path does not have, or a broken percent sign")
    if _HIDDEN.search(raw):
        raise Ambiguous("the path hides a slash, a backslash, or one of ;?#%")
    try:
        path = unquote_to_bytes(raw).decode()
    except UnicodeDecodeError:
        raise Ambiguous("the path is not UTF-8") from None
    if not path.isprintable():
        raise Ambiguous("the path has control characters")
    if _SEGMENT.search(path):
        raise Ambiguous("the path has an empty segment, a dot segment, or a segment that ends in a dot or a blank")
    if not path.isascii():
        # Full-width slashes and dots, which some programs take for the plain ones.
        plain = unicodedata.normalize("NFKC", path)
        if any(plain.count(mark) != path.count(mark) for mark in "/.\\;%?#"):
            raise Ambiguous("the path has letters that look like a mark of punctuation")
    return path
