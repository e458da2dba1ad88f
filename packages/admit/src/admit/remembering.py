"""What the short way remembers: headers that were policed, and tokens that were good. All of it holds under one set of keys."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from admit.jose import Header, Jwk, Jwks
from admit.jose.accelerators import json_decoder
from admit.jose.algorithms import Checker, Signer
from admit.jose.base64url import LAST, PADDING
from admit.jose.claims import plainly_typed
from admit.jose.strict_json import MAX_DEPTH
from admit.reading import Reader

_MOST_HEADERS = _MOST_SHAPES = 64
MOST_READ = 1_024
_MOST_MOMENTS = 4_096
DIGEST_BYTES = 31
"""Of the SHA-256 of a token: with the object around it that makes 64 bytes of memory, one more would make 80."""


class KnownHeader:
    """A header that was policed, and the key it means.

    Attributes:
        key: The key.
        check: (signature, signing input) -> whether they belong together.
        mac: Makes the tag of a secret that may sign, which is compared as text; None for other keys.
        chars: Of a signature of this key in base64url.
        octets: Of the same.
        padding: What base64 would write after it.
        last: What its last character may be; empty for any.
        reader: Of the claims that tokens with this header make; None without `admit[fast]`.
        required: Claims that a token with this header has to have.
        limited: The header demands that limits are kept.
        shapes: Names of claims, in their order -> their types, where none is a list or an object.
        latest: The newest of these.
    """

    __slots__ = (
        "chars",
        "check",
        "key",
        "kid",
        "last",
        "latest",
        "limited",
        "mac",
        "octets",
        "padding",
        "reader",
        "required",
        "shapes",
    )
    chars: int
    last: frozenset[str]
    octets: int
    check: Checker
    key: Jwk
    kid: str | None
    limited: bool
    mac: Signer | None
    padding: str
    reader: Reader | None
    latest: tuple[tuple[str, ...], list[type] | None]
    required: Collection[str]

    def __init__(self, header: Header, key: Jwk, *, required: Collection[str], signature: str) -> None:
        """`signature`: A good one of this key, as it stood in a token: every other one is as long."""
        self.key, self.required, self.limited = key, required, bool(header.critical)
        self.check, self.kid = key.checker, key.kid
        # A secret may be one that only checks (`key_ops`, RFC 7517 section 4.3).
        self.mac = key.signer if key.symmetric and key.can_sign else None
        self.chars, left = len(signature), len(signature) & 3
        self.octets, self.padding, self.last = self.chars * 3 >> 2, PADDING[left], LAST[left]
        self.shapes: dict[tuple[str, ...], list[type]] = {}
        self.latest = (), None
        self.reader = Reader(required) if json_decoder() else None

    def fits(self, said: dict[str, Any], payload: bytes) -> bool:
        """Say whether all claims are there, each of its type, and nothing is too deep; False also for some rare good ones.

        Args:
            said: As read from the payload, however deep.
            payload: The text.
        """
        if payload.count(b"{") + payload.count(b"[") > MAX_DEPTH or not plainly_typed(said, required=self.required):
            return False
        kinds = [type(value) for value in said.values()]
        # Of lists and objects more than the type matters.
        if list not in kinds and dict not in kinds:
            if len(self.shapes) >= _MOST_SHAPES:
                self.shapes.clear()
            self.latest = tuple(said), kinds  # one object: never new names with old types, whoever looks in between
            self.shapes[self.latest[0]] = kinds
        return True


class KnownToken:
    """A token whose signature and claims were good. What may change meanwhile is looked at each time it is shown.

    Attributes:
        said: Its claims, while it is one of the most recent.
        header: Its header, with the key.
        payload: The JSON of its claims.
        ends: From this second on it is over, leeway included.
        plain: No limits, and bound to nothing: whoever shows it in time, and before it is revoked, is let in.
        version: Of the revocations, when it was last found to be none of them; None before.
    """

    __slots__ = ("ends", "header", "payload", "plain", "said", "version")
    ends: float
    header: KnownHeader
    payload: bytes
    plain: bool

    def __init__(self, said: dict[str, Any], header: KnownHeader, payload: bytes, *, ends: float) -> None:
        self.said: dict[str, Any] | None = said
        self.header, self.payload, self.ends = header, payload, ends
        self.plain = not (header.limited or "limits" in said or "cnf" in said)
        self.version: int | None = None


class Remembered:
    """Everything that holds under one set of keys. Another set, another memory.

    Attributes:
        shown: By the end of its signature (`spots` is the mask): whether such a token was shown before; `mark` is what is written
            there.
        younger: By SHA-256 of the token. Two generations: what was not shown while the younger one filled goes with the older one.
        older: See `younger`.
        latest: When the last token was looked at.
    """

    __slots__ = (
        "_at",
        "_half",
        "_moments",
        "_recent",
        "headers",
        "keys",
        "latest",
        "mark",
        "older",
        "shown",
        "spots",
        "younger",
    )
    keys: Jwks | None
    latest: float
    shown: bytearray
    spots: int

    def __init__(self, keys: Jwks | None, *, max_tokens: int) -> None:
        self.keys = keys
        self.headers: dict[str, KnownHeader] = {}
        self.younger: dict[bytes, KnownToken] = {}
        self.older: dict[bytes, KnownToken] = {}
        self._half = max_tokens // 2
        self.spots = (1 << (4 * max_tokens).bit_length()) - 1 if max_tokens else 0
        self.shown, self.mark = bytearray(self.spots + 1), 1 if max_tokens else 0
        # Tokens whose claims are kept as they were read, in a ring.
        self._recent: list[KnownToken | None] = [None] * MOST_READ
        self._at = 0
        self._moments: dict[float, float] = {}
        self.latest = float("-inf")

    def same_moment(self, ends: float) -> float:
        """Return the object that stands for a moment: tokens that end together share it."""
        if len(self._moments) >= _MOST_MOMENTS:
            self._moments.clear()
        return self._moments.setdefault(ends, ends)

    def keep_header(self, text: str, header: KnownHeader) -> None:
        """Remember a header by its text."""
        if len(self.headers) >= _MOST_HEADERS:
            self.headers.clear()
        self.headers[text] = header

    def keep_token(self, digest: bytes, token: KnownToken) -> None:
        """Remember a token as one of the younger ones."""
        if len(self.younger) >= self._half:
            self.older, self.younger = self.younger, {}
            # Of most of these marks the token is gone; those that are wrong let a token in a little early.
            self.shown = bytearray(self.spots + 1)
        self.younger[digest] = token

    def keep_read(self, token: KnownToken, said: dict[str, Any]) -> None:
        """Keep the claims of a token, in place of those that were read longest ago."""
        place = self._at = (self._at + 1) % MOST_READ
        if (before := self._recent[place]) is not None:
            before.said = None
        self._recent[place] = token
        token.said = said
