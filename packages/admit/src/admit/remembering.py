"""What the short way remembers: headers that were policed, and tokens that were good. All of it holds under one set of keys."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from admit.jose import Header, Jwk, Jwks
from admit.jose.claims import plainly_typed, times_in_range

_MOST_HEADERS = _MOST_SHAPES = 64
MOST_READ = 1_024


class KnownHeader:
    """A header that was policed, and the key it means.

    Attributes:
        key: The key.
        check: (signature, signing input) -> whether they belong together.
        mac: Makes the tag of a secret, which is compared as text; None for signatures.
        required: Claims that a token with this header has to have.
        limited: The header demands that limits are kept.
        shapes: Names of claims, in their order -> their types, and which of them are lists of texts.
    """

    __slots__ = ("check", "key", "limited", "mac", "required", "shapes")

    def __init__(self, header: Header, key: Jwk, *, required: Collection[str]) -> None:
        self.key, self.required, self.limited = key, required, bool(header.critical)
        self.check = key.checker
        self.mac = key.signer if key.symmetric else None
        self.shapes: dict[tuple[str, ...], tuple[list[type], tuple[str, ...]]] = {}

    def fits(self, said: dict[str, Any]) -> bool:
        """Say whether all claims are there, each of its type; False also for some rare good ones."""
        names = tuple(said)
        shape = self.shapes.get(names)
        if shape is not None and shape[0] == [*map(type, said.values())]:
            for name in shape[1]:
                for each in said[name]:
                    if type(each) is not str:
                        return False
            return times_in_range(said) and bool(said["sub"])
        if not plainly_typed(said, required=self.required):
            return False
        if len(self.shapes) >= _MOST_SHAPES:
            self.shapes.clear()
        lists = tuple(name for name in ("aud", "amr") if type(said.get(name)) is list)
        self.shapes[names] = [type(value) for value in said.values()], lists
        return True


class KnownToken:
    """A token whose signature and claims were good. What may change meanwhile is looked at each time it is shown.

    Attributes:
        header: Its header, with the key.
        payload: The JSON of its claims.
        ends: From this second on it is over, leeway included.
        plain: No limits, and bound to nothing: whoever shows it in time, and before it is revoked, is let in.
        version: Of the revocations, when it was last found to be none of them; None before.
        said: Its claims, while it is one of the most recent.
    """

    __slots__ = ("ends", "header", "payload", "plain", "said", "version")

    header: KnownHeader
    payload: bytes
    ends: float
    plain: bool
    version: int | None
    said: dict[str, Any] | None


class Remembered:
    """Everything that holds under one set of keys. Another set, another memory."""

    __slots__ = ("at", "headers", "keys", "latest", "older", "recent", "younger")

    def __init__(self, keys: Jwks | None) -> None:
        self.keys = keys
        self.headers: dict[str, KnownHeader] = {}
        # Two generations: what was not shown while the younger one filled goes with the older one.
        self.younger: dict[bytes, KnownToken] = {}
        self.older: dict[bytes, KnownToken] = {}
        # Tokens whose claims are kept as they were read, in a ring.
        self.recent: list[KnownToken | None] = [None] * MOST_READ
        self.at = 0
        self.latest = float("-inf")

    def keep_header(self, text: str, header: KnownHeader) -> None:
        """Remember a header by its text."""
        if len(self.headers) >= _MOST_HEADERS:
            self.headers.clear()
        self.headers[text] = header

    def keep_read(self, token: KnownToken, said: dict[str, Any]) -> None:
        """Keep the claims of a token, in place of those that were read longest ago."""
        place = self.at = (self.at + 1) % MOST_READ
        if (before := self.recent[place]) is not None:
            before.said = None
        self.recent[place] = token
        token.said = said
