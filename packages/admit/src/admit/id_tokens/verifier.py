"""ID token -> Identity, or a refusal that says why."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Self

from admit import jose
from admit.errors import MalformedToken, StepUpRequired, TokenRejected, VerifierUnavailable
from admit.expect import Expect
from admit.id_tokens.identity import Identity, identity_of
from admit.id_tokens.rules import Asked, refuse_other_request, refuse_other_sign_in, refuse_others, refuse_weak_sign_in
from admit.jose import Jwk, Jwks
from admit.keys import KeySource, key_source
from admit.translating import from_jose

if TYPE_CHECKING:
    from concurrent.futures import Future

    from admit.encrypted import EncryptionKey, Envelope

_REQUIRED = ("iss", "sub", "aud", "exp", "iat")
_TYPES: frozenset[str | None] = frozenset({"jwt", None})
_ROUNDS = 6
_NOT_IN_TIME = "the keys of the issuer did not arrive in time"


class IdTokenVerifier:
    """Checks ID tokens of one issuer for one application. Follows the issuer's keys as `Verifier` does."""

    def __init__(
        self,
        *,
        issuer: str,
        client_id: str,
        keys: bytes | Jwk | Jwks | KeySource | None = None,
        algorithms: Collection[str] | None = None,
        trusted_audiences: Collection[str] = (),
        leeway_s: int = 30,
        wait_s: float = 10,
        decryption_keys: EncryptionKey | Collection[EncryptionKey] | None = None,
        require_encryption: bool = True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """
        Args:
            issuer: Identifier of the server, an https URL (plain http on loopback only).
            client_id: Of this application, as registered there; has to be in `aud`.
            keys: None follows the issuer's published keys. The bytes of the client's secret, for issuers that sign with it
                (HS256; 32 bytes or more); a `Jwk`, `Jwks` or `KeySource` as for `Verifier`.
            algorithms: Names of allowed algorithms, such as {"RS256"} when that was registered; None allows those that
                the keys declare.
            trusted_audiences: Others that may stand in `aud` beside this application.
            leeway_s: How far clocks may differ, 0 to 60.
            wait_s: How long a call may wait for keys, at the very start and after an outage.
            decryption_keys: Keys of this application that encrypted tokens are opened with (`admit.encrypted`).
            require_encryption: Whether, with `decryption_keys`, readable tokens are refused (section 3.1.3.7, step 1).
            clock: Seconds since 1970.

        Raises:
            ValueError: An argument breaks its rule; the message names it.
        """
        if isinstance(algorithms, str) or isinstance(trusted_audiences, str):
            raise ValueError("algorithms and trusted_audiences are collections, for example {'ES256'}")
        if "://" in issuer:
            from admit.urls import issuer_url

            issuer_url(issuer)
        self._keys = key_source(issuer, keys)
        allowed = None if algorithms is None else frozenset(algorithms)
        self._expect = Expect(issuer=issuer, audience=client_id, algorithms=allowed, leeway_s=leeway_s, types=_TYPES)
        self._audiences = frozenset({client_id, *trusted_audiences})
        self._wait_s, self._clock = wait_s, clock
        self._envelope: Envelope | None = None
        if decryption_keys is not None:
            from admit.encrypted import Envelope

            self._envelope = Envelope(decryption_keys, required=require_encryption)

    def verify(
        self,
        token: str,
        *,
        nonce: str | None,
        access_token: str | None = None,
        code: str | None = None,
        max_age_s: int | None = None,
        acr_values: Collection[str] = (),
    ) -> Identity:
        """Check an ID token against what was asked for.

        Args:
            token: As received.
            nonce: What this sign-in was begun with, kept in the session of the browser. None where none was sent; a token
                that has one is then refused, because it answers another request.
            access_token: The one that came with it: checked against `at_hash` where the token has that.
            code: The code that it came beside from the authorization endpoint: checked against `c_hash`, which has to be there.
            max_age_s: What was asked for as `max_age`; the token then has to say when the person signed in.
            acr_values: What was asked for as `acr_values` and is needed: one of these classes, or a stronger one.

        Raises:
            TokenRejected: The token is not good; the class, `.code` and `.explain()` say why.
            StepUpRequired: It is, and the sign-in is too old or too weak.
            VerifierUnavailable: It cannot be judged now.

        Spec: OpenID Connect Core 1.0 sections 3.1.3.7, 3.1.3.8 and 3.3.2.10.
        """
        return self._settled(token, Asked(nonce, access_token, code, max_age_s, tuple(acr_values)))

    async def verify_async(
        self,
        token: str,
        *,
        nonce: str | None,
        access_token: str | None = None,
        code: str | None = None,
        max_age_s: int | None = None,
        acr_values: Collection[str] = (),
    ) -> Identity:
        """Check an ID token without ever blocking the event loop. The rest is as in `verify`."""
        return await self._settled_async(token, Asked(nonce, access_token, code, max_age_s, tuple(acr_values)))

    def verify_refreshed(self, token: str, *, before: Identity, access_token: str | None = None) -> Identity:
        """Check the ID token that came with a refresh: it has to be about the same sign-in of the same person.

        Args:
            token: As received.
            before: Of the ID token that the sign-in, or the last refresh, brought.
            access_token: As in `verify`.

        Raises:
            TokenRejected: The token is not good; `IdentityMismatch` where it is about somebody else or another sign-in.
            VerifierUnavailable: It cannot be judged now.

        Spec: OpenID Connect Core 1.0 section 12.2.
        """
        return self._settled(token, Asked.after(before, access_token))

    async def verify_refreshed_async(
        self, token: str, *, before: Identity, access_token: str | None = None
    ) -> Identity:
        """Check it without ever blocking the event loop. The rest is as in `verify_refreshed`."""
        return await self._settled_async(token, Asked.after(before, access_token))

    def close(self) -> None:
        """Stop what runs in the background. A later `verify` starts it again."""
        self._keys.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _settled(self, token: str, asked: Asked) -> Identity:
        deadline = time.monotonic() + self._wait_s
        for _ in range(_ROUNDS):
            outcome = self._judged(token, asked)
            if isinstance(outcome, Identity):
                return outcome
            try:
                outcome.result(timeout=max(0.0, deadline - time.monotonic()))
            except TimeoutError:
                break
        raise VerifierUnavailable(_NOT_IN_TIME)

    async def _settled_async(self, token: str, asked: Asked) -> Identity:
        import asyncio

        deadline = time.monotonic() + self._wait_s
        for _ in range(_ROUNDS):
            outcome = self._judged(token, asked)
            if isinstance(outcome, Identity):
                return outcome
            try:
                # Shielded: other calls wait for the same fetch, and one that is cancelled must not cancel it.
                shared = asyncio.shield(asyncio.wrap_future(outcome))
                await asyncio.wait_for(shared, max(0.0, deadline - time.monotonic()))
            except TimeoutError:
                break
        raise VerifierUnavailable(_NOT_IN_TIME)

    def _judged(self, token: str, asked: Asked) -> Identity | Future[None]:
        signed: object = token
        try:
            if not isinstance(token, str):
                raise MalformedToken(f"a token is text, not {type(token).__name__}")
            signed, agreeing = (token, None) if self._envelope is None else self._envelope.unwrapped(token)
            found = self._genuine(signed)
            if not isinstance(found, jose.Signed):
                return found
            claims = found.claims if agreeing is None else agreeing(found.claims)
            refuse_others(claims, client_id=self._expect.audience, audiences=self._audiences)
            refuse_other_request(claims, asked, alg=found.key.alg)
            if asked.before is not None:
                refuse_other_sign_in(claims, asked.before)
            refuse_weak_sign_in(claims, asked, now=self._clock(), leeway_s=self._expect.leeway_s)
        except (TokenRejected, StepUpRequired) as refusal:
            from admit.explaining import explained

            refusal.checks, _ = explained(signed, refusal, expect=self._expect, now=self._clock())
            raise
        return identity_of(claims)

    def _genuine(self, token: str) -> jose.Signed | Future[None]:
        """Check form, key, algorithm, signature, issuer, audience and times. A future: the key has to be fetched first."""
        try:
            parsed = jose.parse(token)
            key = self._keys.find(kid=parsed.header.kid, alg=parsed.header.alg)
            if not isinstance(key, Jwk):
                return key
            signed = jose.verify(parsed, key, algorithms=self._expect.algorithms, types=_TYPES)
            jose.check_claims(
                signed.claims,
                issuer=self._expect.issuer,
                audience=self._expect.audience,
                now=self._clock(),
                leeway_s=self._expect.leeway_s,
                required=_REQUIRED,
            )
        except jose.JoseError as error:
            raise from_jose(error) from None
        return signed
