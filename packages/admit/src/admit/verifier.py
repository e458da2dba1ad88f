"""Token -> Principal, or a refusal that says why."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Generic, Literal, Self

from admit.arguments import police_arguments
from admit.assertions import ASSERTION_TYPE, made_for, vouched
from admit.enforcing import NOTHING_KNOWN
from admit.errors import (
    IntrospectionNotConfigured,
    LimitsNotEnforceable,
    MalformedToken,
    StepUpRequired,
    TokenRejected,
)
from admit.expect import ACCESS_TOKEN_TYPE, Expect
from admit.jose import Jwk, Jwks
from admit.judging import Counted, Judge
from admit.keys import FixedKeys, KeySource, RemoteKeys, key_source
from admit.limits import Attempt
from admit.opaque import PREFIX, refuse_malformed
from admit.principal import ClaimsT, Principal, watched
from admit.quick import Quick

if TYPE_CHECKING:
    from admit.binding import Guard
    from admit.encrypted import EncryptionKey, Envelope
    from admit.introspection import Introspector
    from admit.judging import Reading
    from admit.metadata import MetadataSource
    from admit.reporting import Reporter
    from admit.revocations import Revocations
    from admit.status import VerifierStatus

_PLAIN_TYPES: frozenset[str | None] = frozenset({"jwt", None})
_CREDENTIALS = "give the verifier the client_id and client_secret of this resource"


class Verifier(Generic[ClaimsT]):
    """Checks tokens of one issuer for one resource.

    Once warm, `verify` does no I/O: keys and revocations are followed in the background. Nothing starts before the
    first token, so a verifier may be made at import time and before a fork.

        who = Verifier(issuer="https://id.example.com", audience="https://api.example.com").verify(token)
    """

    def __init__(
        self,
        *,
        issuer: str,
        audience: str,
        keys: bytes | Jwk | Jwks | KeySource | None = None,
        revocations: Revocations | Literal["follow"] | None = "follow",
        client_id: str | None = None,
        client_secret: str | None = None,
        algorithms: Collection[str] | None = None,
        leeway_s: int = 30,
        accept_for: float = 300,
        wait_s: float = 10,
        dpop_nonces: bytes | None = None,
        claims: type[ClaimsT] | Callable[[Mapping[str, Any]], ClaimsT] | None = None,
        max_cached_tokens: int = 10_000,
        decryption_keys: EncryptionKey | Collection[EncryptionKey] | None = None,
        require_encryption: bool = True,
        danger_accept_types: Collection[str] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        """
        Args:
            issuer: Identifier of the server, an https URL (plain http on loopback only).
            audience: Identifier of this resource, as registered at the server.
            keys: None follows the issuer's published keys. A secret of 32 bytes or more (HS256), a `Jwk` or a `Jwks`
                fixes them; a `KeySource` such as `RemoteKeys(...)` brings its own rules.
            revocations: "follow" follows the issuer's feed. None goes without: a logout is then noticed only when the
                token expires. Where all keys are fixed secrets there is no server, and no feed is asked for.
            client_id: This resource's credentials at the server: for opaque tokens, and to report refusals.
            client_secret: See `client_id`.
            algorithms: Names of allowed algorithms; None allows those that the keys declare.
            leeway_s: How far clocks may differ, 0 to 60.
            accept_for: Seconds after the last word of the feed for which tokens are still accepted.
            wait_s: How long a call may wait for keys and feed, at the very start and after an outage.
            dpop_nonces: A secret of 32 bytes or more, shared by all processes of this service: proofs of tokens that are
                bound to a key (RFC 9449) then have to carry a nonce of ours. None asks for no nonce.
            claims: The form that `Principal.claims` has: a TypedDict, dataclass or msgspec Struct (with `admit[fast]`), which names
                the claims that it needs and their types, or a function of the claims. A token that does not fit is refused as
                malformed. None: a read-only mapping of all claims.
            max_cached_tokens: How many good tokens are remembered, under their SHA-256 and for as long as they are good, so that they
                are checked faster when they come again: about 600 bytes each. 0 for none.
            decryption_keys: Keys of this resource that encrypted tokens are opened with (`admit.encrypted`, `admit[jwe]`). None takes
                signed tokens only.
            require_encryption: Whether, with `decryption_keys`, readable tokens are refused (RFC 9068 section 4). False while
                the issuer changes over.
            danger_accept_types: Values of `typ` to accept besides "at+jwt", such as {"JWT"} for issuers older than
                RFC 9068. Then nothing but the audience tells an ID token from an access token.
            clock: Seconds since 1970.

        Raises:
            ValueError: An argument breaks its rule; the message names it.
        """
        police_arguments(
            issuer=issuer,
            revocations=revocations,
            algorithms=algorithms,
            danger_accept_types=danger_accept_types,
            client_id=client_id,
            client_secret=client_secret,
            accept_for=accept_for,
            wait_s=wait_s,
            dpop_nonces=dpop_nonces,
            max_cached_tokens=max_cached_tokens,
        )
        self._keys: KeySource = key_source(issuer, keys)
        serverless = isinstance(self._keys, FixedKeys) and self._keys.symmetric
        types = {ACCESS_TOKEN_TYPE, *(name.lower() for name in danger_accept_types)}
        self._expect = Expect(
            issuer=issuer,
            audience=audience,
            algorithms=None if algorithms is None else frozenset(algorithms),
            leeway_s=leeway_s,
            # Such a secret signs no ID tokens, and other libraries mint with it without at+jwt.
            types=frozenset(types) | (_PLAIN_TYPES if serverless else frozenset()),
        )
        self._clock, self._wait_s = clock, wait_s
        self._metadata = self._keys.metadata if isinstance(self._keys, RemoteKeys) else None
        self._revocations: Revocations | None = None
        if revocations != "follow":
            self._revocations = revocations
        elif not serverless:
            from admit.revocations.follower import Follower

            self._revocations = Follower(self._metadata_source(), accept_for=accept_for, clock=clock)
        self._dpop_nonces = dpop_nonces
        self._guards: list[Guard] = []
        guard = self._guard_of_bound_tokens
        quick = Quick(self._keys, self._revocations, expect=self._expect, clock=clock, max_tokens=max_cached_tokens)
        self._judge = Judge(self._keys, self._revocations, expect=self._expect, clock=clock, guard=guard, quick=quick)
        self._short_way, self._quick = quick, quick.principal
        self._envelope: Envelope | None = None
        if decryption_keys is not None:
            from admit.encrypted import Envelope

            self._envelope = Envelope(decryption_keys, required=require_encryption)
            # The short way takes signed tokens as they are; here each has to come as it was agreed on.
            self._quick = _no_short_way
        # Signed by the same keys, told apart by their type: neither is ever taken for the other.
        self._assertions = Judge(
            self._keys,
            self._revocations,
            expect=replace(self._expect, types=frozenset({ASSERTION_TYPE})),
            clock=clock,
            guard=guard,
        )
        self._introspector: Introspector | None = None
        self._reporter: Reporter | None = None
        if client_id is not None and client_secret is not None:
            from admit.introspection import Introspector

            self._introspector = Introspector(
                self._metadata_source(),
                client_id=client_id,
                client_secret=client_secret,
                expect=self._expect,
                clock=clock,
                guard=self._guard_of_bound_tokens,
            )
            self._reporter = self._introspector.reporter(audience=audience)

        self._claims, self._shape = claims, None
        if claims is not None:
            from admit.shaping import shape_of

            self._shape = shape_of(claims)
        nothing_to_add = self._shape is None and self._reporter is None
        self._hand_over = None if nothing_to_add else self._finished

    @property
    def expect(self) -> Expect:
        """What this verifier expects of every token."""
        return self._expect

    def verify(self, token: str, attempt: Attempt = NOTHING_KNOWN) -> Principal[ClaimsT]:
        """Check a token.

        Args:
            token: As received.
            attempt: What it is used for and how it was shown; tokens limited to actions or networks, and tokens bound to a key
                or certificate, are refused where that is not known.

        Raises:
            TokenRejected: The token is not good; the class, `.code` and `.explain()` say why.
            StepUpRequired: The token is good, and limited to sign-ins that are fresher than the one behind it.
            VerifierUnavailable: It cannot be judged now (503).
        """
        try:
            who: Principal[Any] = self._quick(token, attempt) or self._verify(token, attempt)
            return who if self._hand_over is None else self._hand_over(who, attempt)
        except (TokenRejected, StepUpRequired) as refusal:
            if not refusal.checks:  # what was wrong within an encrypted token is noted where it was open
                self.refused(refusal, token, attempt)
            raise

    async def verify_async(self, token: str, attempt: Attempt = NOTHING_KNOWN) -> Principal[ClaimsT]:
        """Check a token without ever blocking the event loop. The rest is as in `verify`."""
        try:
            who: Principal[Any] = self._quick(token, attempt) or await self._verify_async(token, attempt)
            return who if self._hand_over is None else self._hand_over(who, attempt)
        except (TokenRejected, StepUpRequired) as refusal:
            if not refusal.checks:  # what was wrong within an encrypted token is noted where it was open
                self.refused(refusal, token, attempt)
            raise

    def verify_assertion(
        self, assertion: str, *, method: str, path: str, host: str | None = None
    ) -> Principal[ClaimsT]:
        """Check the assertion that a proxy got from the server's `/check`, in place of the token.

        Args:
            assertion: The header `X-Auth-Assertion`.
            method: Of this request; the assertion is good for no other.
            path: The path as routed, decoded once, without the query.
            host: The `Host` of this request; None where the proxy changes it.

        Raises:
            TokenRejected: The assertion is not good, or is about another request.
            VerifierUnavailable: It cannot be judged now (503).
        """
        reading, attempt = made_for(method, path, host), Attempt(method=method, path=path)
        try:
            outcome = self._assertions.settle(assertion, attempt, wait_s=self._wait_s, reading=reading)
            return self._finished(vouched(outcome), attempt)
        except TokenRejected as refusal:
            self.refused(refusal, assertion, attempt, expect=self._assertions.expect)
            raise

    async def verify_assertion_async(
        self, assertion: str, *, method: str, path: str, host: str | None = None
    ) -> Principal[ClaimsT]:
        """Check it without ever blocking the event loop. The rest is as in `verify_assertion`."""
        reading, attempt = made_for(method, path, host), Attempt(method=method, path=path)
        try:
            outcome = await self._assertions.settle_async(assertion, attempt, wait_s=self._wait_s, reading=reading)
            return self._finished(vouched(outcome), attempt)
        except TokenRejected as refusal:
            self.refused(refusal, assertion, attempt, expect=self._assertions.expect)
            raise

    def refused(
        self,
        refusal: TokenRejected | StepUpRequired,
        token: object = None,
        attempt: Attempt = NOTHING_KNOWN,
        *,
        expect: Expect | None = None,
    ) -> None:
        """Note what was checked of a refused token and, with credentials, report it: then the refusal has an id."""
        from admit.explaining import explained

        if attempt.presented is not None and attempt.presented.scheme == "DPoP":
            refusal.scheme = "DPoP"
        refusal.checks, claims = explained(token, refusal, expect=expect or self._expect, now=self._clock())
        if self._reporter is not None:
            self._reporter.take(refusal, claims, attempt)

    def _finished(self, who: Principal[Any], attempt: Attempt) -> Principal[ClaimsT]:
        """Give a principal what belongs to this verifier: claims in the form that was asked for, and who hears of refusals."""
        if self._shape is not None:
            from admit.shaping import shaped

            shaped(who, self._shape)
        if (reporter := self._reporter) is not None:
            watched(who, lambda refusal, claims: reporter.take(refusal, claims, attempt))
        return who

    def _verify(self, token: str, attempt: Attempt) -> Principal[Any]:
        _refuse_non_text(token)
        if token.startswith(PREFIX):
            return self._introspector_for(token).ask(token, attempt)
        signed, reading = self._unwrapped(token)
        try:
            outcome = self._judge.settle(signed, attempt, wait_s=self._wait_s, reading=reading, shown=token)
        except (TokenRejected, StepUpRequired) as refusal:
            self.refused(refusal, signed, attempt)
            raise
        if not isinstance(outcome, Counted):
            return outcome
        return self._counter().ask(token, attempt, proved_jkt=outcome.jkt)

    async def _verify_async(self, token: str, attempt: Attempt) -> Principal[Any]:
        _refuse_non_text(token)
        if token.startswith(PREFIX):
            return await self._introspector_for(token).ask_async(token, attempt)
        signed, reading = self._unwrapped(token)
        try:
            outcome = await self._judge.settle_async(signed, attempt, wait_s=self._wait_s, reading=reading, shown=token)
        except (TokenRejected, StepUpRequired) as refusal:
            self.refused(refusal, signed, attempt)
            raise
        if not isinstance(outcome, Counted):
            return outcome
        return await self._counter().ask_async(token, attempt, proved_jkt=outcome.jkt)

    def _unwrapped(self, token: str) -> tuple[str, Reading | None]:
        if self._envelope is not None:
            return self._envelope.unwrapped(token)
        if token.count(".") == 4:
            raise MalformedToken("the token is encrypted: give the verifier decryption_keys (admit.encrypted)")
        return token, None

    def status(self) -> VerifierStatus:
        """Return how fresh keys and revocations are, in this process. Asks nobody, and starts nothing."""
        from admit.status import VerifierStatus

        keys, feed = getattr(self._keys, "status", None), getattr(self._revocations, "status", None)
        return VerifierStatus(
            issuer=self._expect.issuer,
            audience=self._expect.audience,
            keys=None if keys is None else keys(),
            feed=None if feed is None else feed(),
            lost_reports=0 if self._reporter is None else self._reporter.lost,
        )

    def close(self) -> None:
        """Stop what runs in the background. A later `verify` starts it again."""
        self._keys.close()
        if self._revocations is not None:
            self._revocations.close()
        if self._introspector is not None:
            self._introspector.close()
        if self._reporter is not None:
            self._reporter.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        import asyncio

        await asyncio.to_thread(self.close)

    def _counter(self) -> Introspector:
        """Who counts the uses of a JWT: the server, by this resource's credentials."""
        if self._introspector is None:
            raise LimitsNotEnforceable(f"the server counts the uses of this token: {_CREDENTIALS}")
        return self._introspector

    def _introspector_for(self, token: str) -> Introspector:
        refuse_malformed(token)
        if self._introspector is None:
            raise IntrospectionNotConfigured(
                f"only the server can judge this opaque token: {_CREDENTIALS}, or let it issue JWTs (--format jwt)"
            )
        return self._introspector

    def _guard_of_bound_tokens(self) -> Guard:
        """Made when the first bound token comes: it needs what most services never import."""
        if not self._guards:
            from admit.binding import Guard
            from admit.dpop import Nonces

            nonces = Nonces.from_secret(self._dpop_nonces) if self._dpop_nonces is not None else None
            # Of several threads at once, all use the one that got in first: a second memory would know only half of the proofs.
            self._guards.append(Guard(leeway_s=self._expect.leeway_s, clock=self._clock, nonces=nonces))
        return self._guards[0]

    def _metadata_source(self) -> MetadataSource:
        if self._metadata is None:
            from admit.metadata import MetadataSource

            self._metadata = MetadataSource(self._expect.issuer)
        return self._metadata


def _no_short_way(token: str, attempt: Attempt) -> None:
    """Never says yes."""


def _refuse_non_text(token: object) -> None:
    if not isinstance(token, str):
        hint = ": decode it first" if isinstance(token, bytes) else ""
        raise MalformedToken(f"a token is text, not {type(token).__name__}{hint}")
    if token[:7].lower() in ("bearer ", "dpop ey"):
        raise MalformedToken("pass the token alone, without the scheme in front of it")
