"""What an issuer says about itself (RFC 8414, OpenID Connect Discovery 1.0)."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlunsplit

from admit.background import ForkAware, elapsed
from admit.connecting import Line
from admit.errors import VerifierMisconfigured, VerifierUnavailable
from admit.fetching import Unreachable, fetch
from admit.jose import Malformed
from admit.jose.strict_json import parse_object
from admit.urls import issuer_url, server_url

_KEEP_S = 3600.0
_LOOK_S = 0.1


class NoMetadata(VerifierMisconfigured):
    """The issuer can be reached but publishes no metadata at all."""


@dataclass(frozen=True, slots=True)
class IssuerMetadata:
    """The addresses that a verifier uses. None: the issuer does not offer it."""

    jwks_uri: str | None
    revocation_feed_endpoint: str | None
    introspection_endpoint: str | None
    denials_endpoint: str | None = None


class MetadataSource(ForkAware):
    """Fetches and keeps the metadata of one issuer. Blocks, so it is for background threads."""

    def __init__(self, issuer: str, *, trusted_hosts: Iterable[str] = ()) -> None:
        """
        Args:
            issuer: Its identifier.
            trusted_hosts: Hosts besides the issuer's own that its metadata may point to.

        Raises:
            ValueError: The issuer is not an https URL (http on loopback).
        """
        self._parts = issuer_url(issuer)
        self._hosts = {self._parts.hostname, *trusted_hosts}
        self._known: tuple[IssuerMetadata, float] | None = None
        self.issuer = issuer
        super().__init__()
        self.forget_parent()

    def forget_parent(self) -> None:
        """A thread of the parent may have held the lock."""
        self._lock = threading.Lock()

    def get(self, *, line: Line | None = None) -> IssuerMetadata:
        """Return the metadata, at most an hour old. By `line` another thread may end the fetch.

        Raises:
            VerifierUnavailable: The issuer cannot be reached.
            VerifierMisconfigured: It answers, but not with metadata of this issuer.
        """
        while not self._lock.acquire(timeout=_LOOK_S):
            if line is not None and line.ended:
                raise VerifierUnavailable("the issuer's metadata cannot be fetched: stopped")
        try:
            if self._known is None or elapsed() - self._known[1] > _KEEP_S:
                self._known = (self._fetch(line), elapsed())
            return self._known[0]
        finally:
            self._lock.release()

    @property
    def known(self) -> IssuerMetadata | None:
        """What was fetched last; asks nobody."""
        return self._known[0] if self._known is not None else None

    def forget(self) -> None:
        """Ask again next time: an address that was offered did not work."""
        self._known = None

    def addresses(self) -> tuple[str, str]:
        """Return where metadata can be: RFC 8414 section 3.1 first, then OpenID Connect Discovery section 4."""
        scheme, netloc, path = self._parts.scheme, self._parts.netloc, self._parts.path.rstrip("/")
        # RFC 8414 puts the well-known part between host and path; OpenID Connect puts it after the path.
        oauth = urlunsplit((scheme, netloc, f"/.well-known/oauth-authorization-server{path}", "", ""))
        openid = urlunsplit((scheme, netloc, f"{path}/.well-known/openid-configuration", "", ""))
        return oauth, openid

    def _fetch(self, line: Line | None) -> IssuerMetadata:
        for url in self.addresses():
            try:
                answer = fetch(url, headers={"Accept": "application/json"}, line=line)
            except Unreachable as error:
                raise VerifierUnavailable(f"the issuer's metadata cannot be fetched: {error}") from None
            if answer.status >= 500 or answer.status == 429:
                raise VerifierUnavailable(f"the issuer's metadata cannot be fetched: {url} answers {answer.status}")
            if answer.status == 200:
                return self._read(answer.body, url)
        raise NoMetadata(f"{self.issuer} publishes no metadata; looked at {' and '.join(self.addresses())}")

    def _read(self, body: bytes, url: str) -> IssuerMetadata:
        try:
            document = parse_object(body, what="metadata", unique=False)
        except Malformed as error:
            raise VerifierMisconfigured(f"{url}: {error}") from None
        # RFC 8414 section 3.3: "MUST be identical to the authorization server's issuer identifier value".
        if "issuer" not in document:
            raise VerifierMisconfigured(
                f"{url} is no metadata of an issuer: it names none; is {self.issuer!r} the right address?"
            )
        if document["issuer"] != self.issuer:
            raise VerifierMisconfigured(
                f"{url} speaks for the issuer {str(document['issuer'])[:200]!r}, not for {self.issuer!r}; "
                "set issuer to exactly that text if it is meant"
            )
        return IssuerMetadata(
            self._endpoint(document, "jwks_uri"),
            self._endpoint(document, "revocation_feed_endpoint"),
            self._endpoint(document, "introspection_endpoint"),
            self._endpoint(document, "denials_endpoint"),
        )

    def _endpoint(self, document: Mapping[str, Any], name: str) -> str | None:
        value = document.get(name)
        if value is None:
            return None
        try:
            parts = server_url(value if isinstance(value, str) else "", what=f"{name} in the issuer's metadata")
        except ValueError as error:
            raise VerifierMisconfigured(str(error)) from None
        if parts.hostname not in self._hosts:
            raise VerifierMisconfigured(
                f"{name} in the issuer's metadata is on another host, {parts.hostname}; "
                "allow it with keys=RemoteKeys(issuer, trusted_hosts={...}) if it is meant"
            )
        return str(value)
