"""What a request shows, and what it tries to do: the same for every framework."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from urllib.parse import urlsplit

from admit.limits import Attempt, Presented, body_digest

_BEARER = Presented()


class RequestView(Protocol):
    """A request, as an integration sees it."""

    @property
    def method(self) -> str:
        """The HTTP method, upper case. A WebSocket begins as GET."""

    @property
    def path(self) -> str:
        """The path as routed, decoded once, without the query."""

    @property
    def sent_path(self) -> str:
        """The path as it was sent, percent-encoded, without the query."""

    @property
    def address(self) -> str | None:
        """The address of the client, after trusted proxies; None where it is not known."""

    def header(self, name: str) -> Sequence[str]:
        """Return all values of a header, by its name in lower case."""


def attempt_of(
    request: RequestView,
    *,
    action: str | None = None,
    body: bytes | None = None,
    presented: Presented | None = None,
) -> Attempt:
    """Return method, path, address, named action and body of a request.

    Args:
        request: What was sent.
        action: The name of what its route does.
        body: Where the route is one of transactions.
        presented: How its token was shown, as `presented_in` found it.
    """
    return Attempt(
        method=request.method,
        path=request.path,
        action=action,
        address=request.address,
        body_sha256=None if body is None else body_digest(body),
        presented=presented,
    )


def presented_in(
    request: RequestView, *, scheme: str, public_url: str | None, certificate: str | None = None
) -> Presented:
    """Return how a token was shown.

    Args:
        request: What was sent.
        scheme: Of its `Authorization` header.
        public_url: Scheme, host and leading path by which clients know this application.
        certificate: The thumbprint of the client's certificate.
    """
    if scheme == "Bearer":
        return _BEARER if certificate is None else Presented(certificate=certificate)
    url = None if public_url is None else public_url.rstrip("/") + request.sent_path
    return Presented(scheme=scheme, proofs=tuple(request.header("dpop")), url=url, certificate=certificate)


def origin_of(audience: str) -> str | None:
    """Return scheme and host of a resource whose identifier is a URL; None for others."""
    parts = urlsplit(audience)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("https", "http") and parts.netloc else None
