"""Judging a JWT by what is in memory: keys, expectations, limits, revocations."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from admit import jose
from admit.enforcing import enforce, enforce_age
from admit.errors import TokenRevoked, VerifierUnavailable
from admit.expect import ACCESS_TOKEN_TYPE, Expect
from admit.jose import Jwk
from admit.keys import KeySource
from admit.limits import Attempt
from admit.principal import Principal, principal_of
from admit.quick import Quick
from admit.translating import from_jose

if TYPE_CHECKING:
    from concurrent.futures import Future

    from admit.binding import Guard
    from admit.revocations import Revocations

_PLAIN_REQUIRED = ("iss", "aud", "exp", "sub")
_LIMITS = "limits"
_ENDED = {
    "sid": "the session that it hangs on was ended",
    "grant": "what was granted to its application was revoked",
    "jti": "it was revoked itself",
    "parents": "a token that it was made from was revoked",
    "kid": "the key that signed it was withdrawn",
    "iat": "all tokens that were issued by then were revoked",
}
_ROUNDS = 6
_NOT_IN_TIME = "keys or revocations of the issuer did not arrive in time"
# Turns the claims of another kind of token into those of an access token, or refuses them.
Reading = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Counted:
    """Good so far, but the server counts its uses. `jkt`: of the key whose proof was taken for it; None where it is bound to none."""

    jkt: str | None = None


@dataclass(frozen=True, slots=True)
class _Genuine:
    """What a token says that is the issuer's own, for this resource, in its time. `limited`: its header demands that limits are kept."""

    claims: dict[str, Any]
    key: Jwk
    limited: bool
    feed: Future[None] | VerifierUnavailable | None


class Judge:
    """Knows what a verifier expects, and never waits for anything."""

    expect: Expect

    def __init__(
        self,
        keys: KeySource,
        revocations: Revocations | None,
        *,
        expect: Expect,
        clock: Callable[[], float],
        guard: Callable[[], Guard],
        quick: Quick | None = None,
    ) -> None:
        self._quick = quick
        self._keys, self._revocations, self.expect, self._clock = keys, revocations, expect, clock
        self._guard = guard

    def settle(
        self, token: str, attempt: Attempt, *, wait_s: float, reading: Reading | None = None, shown: str | None = None
    ) -> Principal | Counted:
        """Judge, and wait for what has to be fetched first: at most `wait_s` seconds.

        Args:
            token: Signed.
            attempt: What it is used for.
            wait_s: See there.
            reading: What its claims have to pass besides.
            shown: The token as the caller sent it, where that is another text: the encrypted one.

        Raises:
            TokenRejected: The token is not good.
            VerifierUnavailable: What is missing did not arrive in time.
        """
        deadline = time.monotonic() + wait_s
        for _ in range(_ROUNDS):
            outcome = self.attempt(token, attempt, reading, shown)
            if isinstance(outcome, Principal | Counted):
                return outcome
            try:
                outcome.result(timeout=max(0.0, deadline - time.monotonic()))
            except TimeoutError:
                break
        raise VerifierUnavailable(_NOT_IN_TIME)

    async def settle_async(
        self, token: str, attempt: Attempt, *, wait_s: float, reading: Reading | None = None, shown: str | None = None
    ) -> Principal | Counted:
        """Do the same without ever blocking the event loop."""
        deadline = time.monotonic() + wait_s
        for _ in range(_ROUNDS):
            outcome = self.attempt(token, attempt, reading, shown)
            if isinstance(outcome, Principal | Counted):
                return outcome
            import asyncio

            try:
                # Shielded: other calls wait for the same outcome, and one that is cancelled must not cancel it.
                shared = asyncio.shield(asyncio.wrap_future(outcome))
                await asyncio.wait_for(shared, max(0.0, deadline - time.monotonic()))
            except TimeoutError:
                break
        raise VerifierUnavailable(_NOT_IN_TIME)

    def attempt(
        self, token: str, attempt: Attempt, reading: Reading | None = None, shown: str | None = None
    ) -> Principal | Counted | Future[None]:
        """Judge the token by what is in memory. A future: something has to be fetched first, and is under way."""
        known = self._quick.token(token) if self._quick is not None else None
        if known is not None and self._quick is not None:
            feed = self._await_feed()
            claims, key, limited = self._quick.said_by(known), known.header.key, known.header.limited
        else:
            genuine = self._genuine(token)
            if not isinstance(genuine, _Genuine):
                return genuine
            feed, claims, key, limited = genuine.feed, genuine.claims, genuine.key, genuine.limited
        if reading is not None:
            claims = reading(claims)
        limits = enforce(claims.get(_LIMITS), attempt, now=self._clock()) if limited or _LIMITS in claims else None
        if isinstance(feed, VerifierUnavailable):
            raise feed
        if feed is not None:
            return feed
        # The key that verified, not what a claim says: a key that leaked is over, whatever was signed with it.
        if (
            self._revocations is not None
            and (ended := self._revocations.revoked({**claims, "kid": key.kid})) is not None
        ):
            raise TokenRevoked(f"{_ENDED.get(ended, 'it was revoked')} ({ended})")
        if limits is not None:
            enforce_age(limits, claims, now=self._clock())
        presented = attempt.presented
        if "cnf" in claims or (presented is not None and presented.scheme != "Bearer"):
            # Last of all, because it takes the proof: a token that is bad anyway costs none.
            self._guard().check(claims.get("cnf"), shown or token, attempt)
        if limits is None or not limits.counted:
            return principal_of(claims)
        return Counted(claims["cnf"].get("jkt") if "cnf" in claims else None)

    def _genuine(self, token: str) -> _Genuine | Future[None]:
        """Check form, key, algorithm, type, signature and claims. A future: the key has to be fetched first."""
        try:
            parsed = jose.parse(token)
            # Asked for at once, so that keys and feed warm up side by side; waited for last, so that an outage of the
            # feed never hides that a token is bad anyway.
            feed = self._await_feed()
            header = parsed.header
            key = self._keys.find(kid=header.kid, alg=header.alg)
            if not isinstance(key, Jwk):
                return key
            signed = jose.verify(
                parsed, key, algorithms=self.expect.algorithms, types=self.expect.types, understood=(_LIMITS,)
            )
            required = jose.RFC9068_REQUIRED if header.typ == ACCESS_TOKEN_TYPE else _PLAIN_REQUIRED
            jose.check_claims(
                signed.claims,
                issuer=self.expect.issuer,
                audience=self.expect.audience,
                now=self._clock(),
                leeway_s=self.expect.leeway_s,
                required=required,
            )
        except jose.JoseError as error:
            raise from_jose(error) from None
        if self._quick is not None:
            self._quick.learn(token, header, key, required=required)
        return _Genuine(signed.claims, key, _LIMITS in header.critical, feed)

    def _await_feed(self) -> Future[None] | VerifierUnavailable | None:
        if self._revocations is None:
            return None
        try:
            return self._revocations.ready()
        except VerifierUnavailable as error:
            return error
