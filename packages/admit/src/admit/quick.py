"""The short way for good tokens: says yes, or leaves the token to `judging`, which says why not.

Whatever is accepted here `judging` would accept as well: a header was policed and its key found by that way before it is
remembered, and a payload is read by the same rules. Three things are remembered, all of them only while the very same
keys are in force: headers, tokens that were good, and what the most recent of those said.

This is the one place that is written for speed before all else: every request of an application passes here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from admit.genuine import genuine
from admit.jose import Header, Jwk, Jwks, Malformed
from admit.jose.accelerators import json_decoder
from admit.jose.claims import LAST_SECOND
from admit.jose.strict_json import MAX_DEPTH, flat_json
from admit.principal import Principal, principal_of, principal_of_text
from admit.remembering import DIGEST_BYTES, KnownHeader, KnownToken, Remembered
from admit.told import always, never, told

if TYPE_CHECKING:
    from admit.expect import Expect
    from admit.keys import KeySource
    from admit.limits import Attempt
    from admit.revocations import Revocations

# A clock may be read by two threads in the wrong order, or be set back a little: so much is nothing to worry about.
_BACK_S = 1.0


class Quick:
    """Says yes to good tokens, fast; never says no, but to a signature that does not fit."""

    def __init__(
        self,
        keys: KeySource,
        revocations: Revocations | None,
        *,
        expect: Expect,
        clock: Callable[[], float],
        max_tokens: int,
    ) -> None:
        """`max_tokens`: How many good tokens are remembered; 0 for none."""
        self._settled: Callable[[], Jwks | None] = told(keys, "settled", beside="find") or never
        # Of ours, the claims that count are asked for one by one; of others, all.
        self._ended: Callable[..., str | None] | None = None
        self._revoked: Callable[[dict[str, Any]], str | None] | None = None
        if revocations is not None:
            self._ended = told(revocations, "ended", beside="revoked")
            self._revoked = revocations.revoked if self._ended is None else None
        self._version: Callable[[], int | None] = (
            always if revocations is None else told(revocations, "version", beside="revoked") or never
        )
        self._issuer, self._audience, self._leeway_s = expect.issuer, expect.audience, expect.leeway_s
        self._clock = clock
        self._max_tokens = max_tokens
        self._json = json_decoder() or flat_json
        self._memory = Remembered(None, max_tokens=max_tokens)

    def principal(self, token: str, attempt: Attempt) -> Principal | None:
        """Return whose token it is; None where `judging` has to decide.

        Raises:
            BadSignature: The signature does not belong to the token.
        """
        version = self._version()  # before anything is looked up: what comes meanwhile is looked up next time
        presented = attempt.presented
        if version is None or type(token) is not str or (presented is not None and presented.scheme != "Bearer"):
            return None
        now, memory = self._clock(), self._memory
        if self._settled() is not memory.keys or not memory.latest <= now:
            if (other := self._memory_at(now)) is None:
                return None
            memory = other
        elif now > memory.latest:
            memory.latest = now
        # The end of a signature is as good as random. A token is remembered from the second time on that it is shown: most of those
        # that come once come never again, and to keep them would cost as much as to check them.
        spot = hash(token[-32:]) & memory.spots
        if memory.shown[spot]:
            try:
                known = memory.younger.get(sha256(token.encode()).digest()[:DIGEST_BYTES])
            except UnicodeEncodeError:
                return None
            if known is None:
                known = self._shown_before(token, memory, now)
            if known is None or now >= known.ends or not known.plain:
                return None
            said = known.said or self.said_by(known)
            if known.version != version:
                if self._over(said, known.header.kid):
                    return None
                known.version = version
            return principal_of(said)
        if (found := genuine(token, memory.headers)) is None:
            return None
        header, payload = found
        reader = header.reader
        if reader is None or (reading := reader.read) is None:
            return self._first(header, payload, memory, now, spot)
        if reader.nested and payload.count(b"{") + payload.count(b"[") > MAX_DEPTH:
            return None
        try:
            read = reading(payload)
        except (ValueError, RecursionError):
            reader.read = None
            return self._first(header, payload, memory, now, spot)
        # The same as in _said; types are known, and times are not beyond the end of time.
        audience, begun = read.aud, now + self._leeway_s
        if read.iss != self._issuer or not read.sub:
            return None
        if audience != self._audience and (type(audience) is not list or self._audience not in audience):
            return None
        if not (now < read.exp + self._leeway_s and read.iat <= begun and read.nbf <= begun):
            return None
        if self._ended is not None:
            if self._ended(read.sid, read.grant, read.jti, read.iat, None, header.kid) is not None:
                return None
        elif self._revoked is not None and self._over(self._json(payload), header.kid):
            return None
        memory.shown[spot] = memory.mark
        return principal_of_text(read, payload)

    def token(self, token: str) -> KnownToken | None:
        """Return a token whose signature and claims are good now; None where `judging` has to decide.

        Raises:
            BadSignature: The signature does not belong to the token.
        """
        now = self._clock()
        memory = self._memory_at(now)
        if memory is None:
            return None
        spot = hash(token[-32:]) & memory.spots
        if memory.shown[spot]:
            return self._shown_before(token, memory, now)
        read = self._read(token, memory, now)
        if read is None:
            return None
        memory.shown[spot] = memory.mark
        return KnownToken(*read, ends=read[0]["exp"] + self._leeway_s)

    def learn(self, token: str, header: Header, key: Jwk, *, required: Collection[str]) -> None:
        """Remember the header of a token that was good, and that `key` is the one it means."""
        memory = self._memory
        if memory.keys is not None and any(key is each for each in memory.keys):
            text, signature = token.partition(".")[0], token.rpartition(".")[2]
            memory.keep_header(text, KnownHeader(header, key, required=required, signature=signature))

    def said_by(self, known: KnownToken) -> dict[str, Any]:
        """Return the claims of a token. They are shared: nothing may change them."""
        said = known.said
        if said is None:
            said = self._json(known.payload)
            self._memory.keep_read(known, said)
        return said

    def _memory_at(self, now: float) -> Remembered | None:
        """Return what is remembered under the keys of this moment; None where their source has to be asked."""
        keys, memory = self._settled(), self._memory
        if keys is not memory.keys or now < memory.latest - _BACK_S:
            # Other keys; or another time, in which what was found to have begun may not have begun yet.
            if keys is None:
                return None
            memory = self._memory = Remembered(keys, max_tokens=self._max_tokens)
        if now > memory.latest:  # the latest of all: small steps back must not add up
            memory.latest = now
        return memory

    def _first(
        self, header: KnownHeader, payload: bytes, memory: Remembered, now: float, spot: int
    ) -> Principal | None:
        """Do the same with a dictionary, and learn what such tokens claim."""
        said = self._said(header, payload, now)
        if said is None:
            return None
        memory.shown[spot] = memory.mark
        if header.limited or "limits" in said or "cnf" in said or self._over(said, header.kid):
            return None
        if header.reader is not None:
            header.reader.learn(said)
        return principal_of(said)

    def _over(self, said: dict[str, Any], kid: str | None) -> bool:
        """Say whether it was revoked."""
        if self._ended is not None:
            get = said.get
            return self._ended(get("sid"), get("grant"), get("jti"), get("iat"), get("parents"), kid) is not None
        return self._revoked is not None and self._revoked({**said, "kid": kid}) is not None

    def _shown_before(self, token: str, memory: Remembered, now: float) -> KnownToken | None:
        try:
            digest = sha256(token.encode()).digest()[:DIGEST_BYTES]
        except UnicodeEncodeError:
            return None
        known = memory.younger.get(digest)
        if known is None and (known := memory.older.get(digest)) is not None:
            memory.keep_token(digest, known)
        if known is not None:
            return known if now < known.ends else None
        read = self._read(token, memory, now)
        if read is None:
            return None
        said = read[0]
        known = KnownToken(*read, ends=memory.same_moment(said["exp"] + self._leeway_s))
        if max(said.get("iat", 0), said.get("nbf", 0)) <= now + self._leeway_s - _BACK_S:
            memory.keep_token(digest, known)
            memory.keep_read(known, said)
        return known

    def _read(self, token: str, memory: Remembered, now: float) -> tuple[dict[str, Any], KnownHeader, bytes] | None:
        """Return what a token says, its header and its payload, if signature and claims are good."""
        if (found := genuine(token, memory.headers)) is None:
            return None
        said = self._said(*found, now)
        return None if said is None else (said, *found)

    def _said(self, header: KnownHeader, payload: bytes, now: float) -> dict[str, Any] | None:
        """Return the claims if they are good."""
        try:
            said = self._json(payload)
        except (Malformed, ValueError, RecursionError, StopIteration):
            return None
        if type(said) is not dict:
            return None
        # Names and types of the claims are nearly always those of the token before.
        names, (latest, kinds) = tuple(said), header.latest
        if names != latest:
            kinds = header.shapes.get(names)
        if kinds != [*map(type, said.values())] and not header.fits(said, payload):
            return None
        audience, begun = said["aud"], now + self._leeway_s
        if said["iss"] != self._issuer or not said["sub"]:
            return None
        if audience != self._audience and (type(audience) is not list or self._audience not in audience):
            return None
        if not (
            now < said["exp"] + self._leeway_s and 0 <= said["exp"] <= LAST_SECOND and 0 <= said.get("iat", 0) <= begun
        ):
            return None
        if not (0 <= said.get("nbf", 0) <= begun and 0 <= said.get("auth_time", 0) <= LAST_SECOND):
            return None
        found: dict[str, Any] = said
        return found
