"""The core of every integration: what a request shows -> who is calling, or a refusal -> status, headers, body.

A framework's integration reads its requests as `RequestView`, calls `verify_async` (or `verify`) and sends what `answer` returns.
Nothing else decides what a caller sees, so that it is the same everywhere.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from admit import resource_metadata
from admit.assertions import HEADER, assertion_of
from admit.attempts import RequestView, attempt_of, origin_of, presented_in
from admit.bearer import credentials_of
from admit.challenge import PROBLEM_TYPE
from admit.enforcing import enforce
from admit.errors import AdmitError, CertificateMismatch, TokenRejected
from admit.limits import Attempt
from admit.principal import Principal
from admit.verifier import Verifier


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back to the caller. `headers` are without `Content-Length`."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class ProtectedResource:
    """An application whose requests bring tokens (RFC 9728 calls it a protected resource).

    Attributes:
        verifier: Judges the tokens. Tests put another one here.
        scopes: Every scope and its meaning for people.
        metadata_paths: Where `metadata` is to be served.
    """

    verifier: Verifier[Any]
    scopes: dict[str, str]
    issuer: str
    audience: str
    metadata_paths: list[str]

    def __init__(
        self,
        *,
        issuer: str | None = None,
        audience: str | None = None,
        scopes: Mapping[str, str] | None = None,
        verifier: Verifier[Any] | None = None,
        realm: str | None = None,
        public_url: str | None = None,
        client_certificate_header: str | None = None,
        behind_check: bool = False,
        danger_show_details: bool = False,
    ) -> None:
        """
        Args:
            issuer: See `Verifier`.
            audience: See `Verifier`. When it is a URL, challenges point to the metadata of this resource.
            scopes: Every scope and its meaning for people; shown in the metadata.
            verifier: Instead of issuer and audience, for everything that `Verifier` can be told.
            realm: In challenges; the audience when None.
            public_url: By which clients know this application, such as "https://api.example.com/v1"; proofs of tokens that are
                bound to a key name it (RFC 9449 section 4.3). None: scheme and host of the audience, if that is a URL. It is
                never taken from a request.
            client_certificate_header: The header in which the proxy puts the client's certificate, as nginx writes
                `$ssl_client_escaped_cert`. Name it only where every request comes through that proxy and the proxy
                overwrites what clients send: whoever can set this header can use tokens that are bound to a certificate.
            behind_check: This application stands behind a proxy that asks the server's `/check`: the assertion in
                `X-Auth-Assertion` counts, made for this method, path and host, and no token is looked at.
            danger_show_details: Tell the caller why a token is refused, claims included. For development.

        Raises:
            ValueError: Neither issuer and audience nor a verifier, or both; or scopes without meanings.
        """
        if verifier is None:
            if issuer is None or audience is None:
                raise ValueError("issuer and audience are needed, or a verifier that knows them")
            verifier = Verifier(issuer=issuer, audience=audience)
        elif issuer is not None or audience is not None:
            raise ValueError("issuer and audience are those of the verifier; do not pass them as well")
        if scopes is not None and not isinstance(scopes, Mapping):
            raise ValueError(f'scopes says what each one means: {{"items:read": "Read items"}}; got {scopes!r}')
        self.verifier = verifier
        self.scopes = dict(scopes or {})
        self.issuer, self.audience = verifier.expect.issuer, verifier.expect.audience
        self._realm = realm or self.audience
        self._public_url = public_url or origin_of(self.audience)
        self._certificate_header = None if client_certificate_header is None else client_certificate_header.lower()
        self._metadata_url, self.metadata_paths = resource_metadata.addresses(self.audience)
        self._show_details = danger_show_details
        self._credentials = HEADER if behind_check else "authorization"

    def brings_credentials(self, request: RequestView) -> bool:
        """Say whether a request tries to say who makes it, well or badly."""
        return bool(request.header(self._credentials))

    async def verify_async(
        self, request: RequestView, *, action: str | None = None, body: bytes | None = None
    ) -> Principal:
        """Return who makes a request, by its token or assertion.

        Args:
            request: What was sent.
            action: The name of what its route does.
            body: Where the route is one of transactions.

        Raises:
            MissingToken, InvalidRequest: See there.
            TokenRejected, StepUpRequired, VerifierUnavailable: See `Verifier.verify`.
        """
        try:
            if self._credentials == HEADER:
                return await self.verifier.verify_assertion_async(**assertion_of(request))
            return await self.verifier.verify_async(*self._shown(request, action, body))
        except AdmitError as error:
            self._noted(error, request, action)
            raise

    def verify(self, request: RequestView, *, action: str | None = None, body: bytes | None = None) -> Principal:
        """Do the same in a thread of the caller's, for frameworks without an event loop."""
        try:
            if self._credentials == HEADER:
                return self.verifier.verify_assertion(**assertion_of(request))
            return self.verifier.verify(*self._shown(request, action, body))
        except AdmitError as error:
            self._noted(error, request, action)
            raise

    def enforce_action(self, who: Principal, request: RequestView, action: str) -> None:
        """Judge the limits of a verified token once more, for an action that was not known when it was verified.

        Raises:
            LimitExceeded, LimitsNotEnforceable: See `admit.enforcing.enforce`.
        """
        # What the token says, and not the form in which an application has its claims: that may leave them out.
        if (limits := who._all().get("limits")) is None:
            return
        attempt = attempt_of(request, action=action)
        try:
            enforce(limits, attempt, now=time.time())
        except TokenRejected as error:
            self.verifier.refused(error, attempt=attempt)
            raise

    def answer(self, error: AdmitError, request: RequestView) -> Answer:
        """Return what the caller of a refused request gets (RFC 6750 section 3, RFC 9457)."""
        headers = self.headers(error, request)
        headers["Content-Type"] = PROBLEM_TYPE
        return Answer(error.status, headers, _json(error.problem(show_detail=self._show_details)))

    def headers(self, error: AdmitError, request: RequestView) -> dict[str, str]:
        """Return the headers of a refusal, for frameworks that write the body."""
        sent = request.header("authorization")
        if len(sent) == 1 and sent[0].lstrip(" \t")[:5].lower() in ("dpop", "dpop "):
            error.scheme = "DPoP"
        return error.headers(realm=self._realm, resource_metadata=self._metadata_url)

    def metadata(self) -> Answer:
        """Return how this resource describes itself (RFC 9728), for GET requests of `metadata_paths`."""
        document = resource_metadata.document(audience=self.audience, issuer=self.issuer, scopes=self.scopes)
        return Answer(200, {"Content-Type": "application/json"}, _json(document))

    def _shown(self, request: RequestView, action: str | None, body: bytes | None) -> tuple[str, Attempt]:
        scheme, token = credentials_of(request.header("authorization"))
        presented = presented_in(
            request, scheme=scheme, public_url=self._public_url, certificate=self._certificate(request)
        )
        return token, attempt_of(request, action=action, body=body, presented=presented)

    def _certificate(self, request: RequestView) -> str | None:
        if self._certificate_header is None:
            return None
        from admit.binding import forwarded_certificate

        try:
            return forwarded_certificate(list(request.header(self._certificate_header)))
        except ValueError as error:
            raise CertificateMismatch(f"the header {self._certificate_header}: {error}") from None

    def _noted(self, error: AdmitError, request: RequestView, action: str | None) -> None:
        # What the verifier refused it has noted itself; a token that never came so far is told here.
        if isinstance(error, TokenRejected) and not error.checks:
            self.verifier.refused(error, attempt=attempt_of(request, action=action))


def _json(document: Mapping[str, object]) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
