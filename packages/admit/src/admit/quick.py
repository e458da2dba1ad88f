"""The short way for good tokens: says yes, or leaves the token to `judging`, which says why not.

Whatever is accepted here `judging` would accept as well: a header was policed and its key found by that way before it is
remembered, and a payload is read by the same rules. Three things are remembered, all of them only while the very same
keys are in force: headers, tokens that were good, and what the most recent of those said.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from hashlib import sha256
from hmac import compare_digest
from typing import TYPE_CHECKING, Any

from admit.errors import BadSignature
from admit.jose import MAX_TOKEN_CHARS, Header, Jwk, Jwks, Malformed
from admit.jose.accelerators import json_decoder
from admit.jose.base64url import decode, encode_bytes
from admit.jose.strict_json import plain_object
from admit.principal import Principal, principal_of
from admit.remembering import KnownHeader, KnownToken, Remembered

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
        self._settled: Callable[[], Jwks | None] = getattr(keys, "settled", _never)
        self._revocations = revocations
        self._version: Callable[[], int | None] = (
            _always if revocations is None else getattr(revocations, "version", _never)
        )
        self._issuer, self._audience, self._leeway_s = expect.issuer, expect.audience, expect.leeway_s
        self._clock = clock
        self._half = max_tokens // 2
        self._decoded = json_decoder()
        self._memory = Remembered(None)

    def principal(self, token: str, attempt: Attempt) -> Principal | None:
        """Return whose token it is; None where `judging` has to decide.

        Raises:
            BadSignature: The signature does not belong to the token.
        """
        version = self._version()  # before anything is looked up: what comes meanwhile is looked up next time
        if version is None or not isinstance(token, str):
            return None
        known = self.token(token)
        if known is None or not known.plain:
            return None
        presented = attempt.presented
        if presented is not None and presented.scheme != "Bearer":
            return None
        said = known.said
        if said is None:
            said = self.said_by(known)
        if known.version != version:
            if self._revocations is not None and self._revocations.revoked({**said, "kid": known.header.key.kid}):
                return None
            known.version = version
        return principal_of(said)

    def token(self, token: str) -> KnownToken | None:
        """Return a token whose signature and claims are good now; None where `judging` has to decide.

        Raises:
            BadSignature: The signature does not belong to the token.
        """
        keys = self._settled()
        memory = self._memory
        if keys is not memory.keys:
            if keys is None:
                return None
            memory = self._memory = Remembered(keys)
        now = self._clock()
        if now < memory.latest - _BACK_S:
            # Whatever was found to have begun may not have begun yet.
            memory = self._memory = Remembered(keys)
        memory.latest = now
        digest = None
        if self._half:
            try:
                digest = sha256(token.encode()).digest()
            except UnicodeEncodeError:
                return None
            known = memory.younger.get(digest)
            if known is None and (known := memory.older.get(digest)) is not None:
                self._remember(memory, digest, known)
            if known is not None:
                return known if now < known.ends else None
        return self._first_time(token, memory, now, digest)

    def learn(self, token: str, header: Header, key: Jwk, *, required: Collection[str]) -> None:
        """Remember the header of a token that was good, and that `key` is the one it means."""
        memory = self._memory
        if memory.keys is None or not any(key is each for each in memory.keys):
            return
        memory.keep_header(token.partition(".")[0], KnownHeader(header, key, required=required))

    def said_by(self, known: KnownToken) -> dict[str, Any]:
        """Return the claims of a token. They are shared: nothing may change them."""
        said = known.said
        if said is None:
            said = plain_object(known.payload, self._decoded)
            if said is None:  # it was read before, so this means that memory is broken
                raise RuntimeError("the claims of a remembered token can't be read again")
            self._memory.keep_read(known, said)
        return said

    def _first_time(self, token: str, memory: Remembered, now: float, digest: bytes | None) -> KnownToken | None:
        signing_input, _, signature = token.rpartition(".")
        head, _, payload = signing_input.partition(".")
        header = memory.headers.get(head)
        if header is None or not payload or len(token) > MAX_TOKEN_CHARS:
            return None
        try:
            raw_payload = decode(payload)
            if header.mac is not None:
                # Compared as text, so that it need not be decoded: there is one spelling of each tag.
                tag = encode_bytes(header.mac(signing_input.encode("ascii")))
                if not compare_digest(tag, signature.encode("ascii")):
                    return None
            elif not header.check(decode(signature), signing_input.encode("ascii")):
                raise BadSignature("the signature does not belong to this token and key")
        except (Malformed, UnicodeEncodeError):
            return None
        said = self._read(raw_payload)
        if said is None or not header.fits(said):
            return None
        audience = said["aud"]
        if said["iss"] != self._issuer or not (
            audience == self._audience or (type(audience) is list and self._audience in audience)
        ):
            return None
        exp, iat, nbf = said["exp"], said.get("iat", 0), said.get("nbf", 0)
        ends, begun, begins = exp + self._leeway_s, now + self._leeway_s, iat if iat > nbf else nbf
        if now >= ends or begun < begins:
            return None
        known = _new(KnownToken)
        known.header, known.payload, known.said, known.ends, known.version = header, raw_payload, said, ends, None
        known.plain = not (header.limited or "limits" in said or "cnf" in said)
        if digest is not None and begins <= begun - _BACK_S:
            self._remember(memory, digest, known)
            memory.keep_read(known, said)
        return known

    def _read(self, payload: bytes) -> dict[str, Any] | None:
        return plain_object(payload, self._decoded)

    def _remember(self, memory: Remembered, digest: bytes, known: KnownToken) -> None:
        younger = memory.younger
        if len(younger) >= self._half:
            memory.older, memory.younger = younger, {}
            younger = memory.younger
        younger[digest] = known


def _never() -> None:
    """Of sources that don't tell: everything is looked up each time."""


def _always() -> int:
    """Of no revocations: nothing ever comes."""
    return 0


_new = object.__new__
