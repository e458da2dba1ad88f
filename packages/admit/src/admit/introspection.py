"""Asking the server about opaque tokens (RFC 7662)."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus, urlencode

from admit.connecting import Line
from admit.enforcing import NOTHING_KNOWN, enforce, enforce_age, refuse_by_limit, tellable
from admit.errors import StepUpRequired, TokenInactive, TokenRejected, VerifierMisconfigured, VerifierUnavailable
from admit.expect import Expect
from admit.fetching import Unreachable, fetch
from admit.jose import JoseError, Malformed, check_times, check_types
from admit.jose.claims import audiences, named
from admit.jose.errors import WrongAudience, WrongIssuer
from admit.jose.strict_json import parse_object
from admit.limits import Attempt
from admit.metadata import MetadataSource
from admit.opaque import PREFIX
from admit.pool import Pool
from admit.principal import Principal
from admit.translating import from_jose

if TYPE_CHECKING:
    from admit.binding import Guard
    from admit.reporting import Reporter

_THREADS = 16


def basic(client_id: str, client_secret: str) -> str:
    """Return the `Authorization` of a client (RFC 6749 section 2.3.1: both parts are form-encoded before they are joined)."""
    pair = f"{quote_plus(client_id)}:{quote_plus(client_secret)}"
    return f"Basic {base64.b64encode(pair.encode('ascii')).decode('ascii')}"


class Introspector:
    """Asks the issuer's introspection endpoint, with this resource's credentials. Keeps no answers."""

    def __init__(
        self,
        metadata: MetadataSource,
        *,
        client_id: str,
        client_secret: str,
        expect: Expect,
        clock: Callable[[], float],
        guard: Callable[[], Guard],
    ) -> None:
        self._metadata = metadata
        self._guard = guard
        self._expect = expect
        self._clock = clock
        self._authorization = basic(client_id, client_secret)
        self._reporter: Reporter | None = None
        self._pool = Pool(_THREADS, name="admit-introspection")

    def ask(
        self,
        token: str,
        attempt: Attempt = NOTHING_KNOWN,
        *,
        proved_jkt: str | None = None,
        line: Line | None = None,
    ) -> Principal:
        """Return whose token it is. Blocks for at most a few seconds.

        Args:
            token: Its text.
            attempt: What it is used for.
            proved_jkt: Of the key whose proof was taken already, for a JWT that is bound to it.
            line: By which another thread may end it.

        Raises:
            TokenInactive: The server does not know it, or no longer.
            TokenRejected: It is for another resource, expired, or carries limits that this version cannot enforce.
            VerifierUnavailable: No answer.
        """
        # A JWT that the server counts was judged before it came here, and its proof is taken.
        opaque = token.startswith(PREFIX)
        by_dpop = attempt.presented is not None and attempt.presented.scheme == "DPoP"
        proven = self._guard().prove(token, attempt) if opaque and by_dpop else None
        url = self._address(line)
        form = {
            "token": token,
            "token_type_hint": "access_token",
            "enforces": "limits",
            "use_id": secrets.token_hex(16),
        }
        # An id under which the server keeps why it calls a token inactive; the answer itself never says so.
        denial_id = self._reporter.new_id() if self._reporter is not None else None
        form |= tellable(attempt) | ({"denial_id": denial_id} if denial_id else {})
        if (jkt := proven.jkt if proven is not None else proved_jkt) is not None:
            # So that no use is counted for somebody without the key.
            form["proof_jkt"] = jkt
        body = urlencode(form).encode("ascii")
        headers = {
            "Authorization": self._authorization,
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        try:
            try:
                answer = fetch(url, headers=headers, body=body, line=line)
            except Unreachable:
                # The same use_id: if only the answer was lost, the server gives the first one again and counts no second use.
                answer = fetch(url, headers=headers, body=body, line=line)
        except Unreachable as error:
            raise VerifierUnavailable(f"the server cannot be asked about the token: {error}") from None
        if answer.status in (400, 401, 403):
            raise VerifierMisconfigured(
                f"the server answers {answer.status} to introspection: check client_id and client_secret of this resource"
            )
        if answer.status != 200:
            raise VerifierUnavailable(f"the server answers {answer.status} to introspection")
        try:
            document = parse_object(answer.body, what="introspection answer", unique=False)
        except Malformed as error:
            raise VerifierUnavailable(str(error)) from None
        try:
            who = self._judge(document, attempt)
            if opaque and ("cnf" in document or by_dpop):
                self._guard().confirm(document.get("cnf"), proven, attempt)
            return who
        except (TokenRejected, StepUpRequired) as refusal:
            refusal.denial_id = denial_id
            raise

    async def ask_async(
        self, token: str, attempt: Attempt = NOTHING_KNOWN, *, proved_jkt: str | None = None
    ) -> Principal:
        """Do the same without blocking the event loop."""
        import asyncio

        asking = self._pool.call(lambda line: self.ask(token, attempt, proved_jkt=proved_jkt, line=line))
        return await asyncio.wrap_future(asking)

    def reporter(self, *, audience: str) -> Reporter:
        """Return what reports refusals to the same server, by the same credentials."""
        from admit.reporting import Reporter

        self._reporter = Reporter(
            self._metadata, authorization=self._authorization, audience=audience, clock=self._clock
        )
        return self._reporter

    def close(self) -> None:
        """End what is asked on worker threads."""
        self._pool.close()

    def _address(self, line: Line | None) -> str:
        endpoint = self._metadata.get(line=line).introspection_endpoint
        if endpoint is None:
            raise VerifierMisconfigured(f"the metadata of {self._metadata.issuer} names no introspection_endpoint")
        return endpoint

    def _judge(self, document: dict[str, Any], attempt: Attempt) -> Principal:
        if document.get("active") is not True:
            refuse_by_limit(document)
            raise TokenInactive("the server does not know this token, or no longer")
        try:
            check_types(document, required=("sub", "aud"))
            # RFC 7662 section 2.2: iss is optional in an answer; the server was chosen by its issuer already.
            if document.get("iss", self._expect.issuer) != self._expect.issuer:
                raise WrongIssuer("the answer names another issuer")
            if self._expect.audience not in audiences(document):
                raise WrongAudience(
                    f"token is for {named(audiences(document))}, this resource is {self._expect.audience!r}"
                )
            check_times(document, now=self._clock(), leeway_s=self._expect.leeway_s)
        except JoseError as error:
            raise from_jose(error) from None
        if "limits" in document:
            # What the server counts it has counted by answering at all; the rest is judged here as well.
            limits = enforce(document["limits"], attempt, now=self._clock())
            enforce_age(limits, document, now=self._clock())
        return Principal.from_claims(document)
