"""A set of keys (RFC 7517 section 5)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from admit.jose import strict_json
from admit.jose.errors import InvalidKey, Malformed, UnknownKey
from admit.jose.jwk import Jwk

_MAX_KEYS = 200


class Jwks:
    """An immutable set of usable keys.

    Attributes:
        ignored: Why keys of a parsed document are not here: pairs of `kid` (or None) and reason.
    """

    __slots__ = ("_by_kid", "_keys", "_nameless", "ignored")

    def __init__(self, keys: Iterable[Jwk], *, ignored: Iterable[tuple[str | None, str]] = ()) -> None:
        """Raise InvalidKey when two keys answer to the same `kid`: which of them is meant must never be a guess."""
        self._keys = tuple(keys)
        self._by_kid: dict[str, Jwk] = {}
        for key in self._keys:
            if key.kid is not None and self._by_kid.setdefault(key.kid, key) is not key:
                raise InvalidKey(f"two keys of the set have the kid {key.kid!r}")
        self._nameless = tuple(key for key in self._keys if key.kid is None)
        self.ignored = tuple(ignored)

    @classmethod
    def parse(cls, document: bytes | Mapping[str, Any]) -> Jwks:
        """Read a published key set.

        Keys that this library cannot or must not use are left out and named in `ignored` (RFC 7517 section 5 asks for
        that, so that an issuer can add kinds of keys). A symmetric key in a published set is one of them, and private
        parts are dropped: what is published is no secret.

        Args:
            document: The JSON text, or the object parsed from it.

        Raises:
            InvalidKey: Not a key set, more than 200 keys, or two usable keys with the same `kid`.
        """
        if isinstance(document, bytes):
            try:
                document = strict_json.parse_object(document, what="key set", unique=True)
            except Malformed as error:
                raise InvalidKey(str(error)) from None
        entries = document.get("keys")
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise InvalidKey('a key set has a member "keys" that is a list of objects')
        if len(entries) > _MAX_KEYS:
            raise InvalidKey(f"a key set of more than {_MAX_KEYS} keys is refused")
        keys: list[Jwk] = []
        ignored: list[tuple[str | None, str]] = []
        for entry in entries:
            try:
                keys.append(Jwk.parse(entry).public())
            except InvalidKey as error:
                kid = entry.get("kid")
                ignored.append((kid if isinstance(kid, str) else None, str(error)))
        return cls(keys, ignored=ignored)

    def find(self, *, kid: str | None, alg: str) -> Jwk:
        """Return the one key that a token's header can mean.

        The key of that `kid`; failing that, the only nameless key of that algorithm. A token without `kid` is taken
        only where exactly one key of the algorithm exists.

        Raises:
            UnknownKey: None or several answer. Whether the key agrees to `alg` is for the caller to check.
        """
        if kid is not None and (named := self._by_kid.get(kid)) is not None:
            return named
        pool = self._keys if kid is None else self._nameless
        candidates = [key for key in pool if key.alg == alg]
        if len(candidates) == 1:
            return candidates[0]
        raise UnknownKey(self._why_unknown(kid, len(candidates)))

    def public_dict(self) -> dict[str, list[dict[str, str]]]:
        """Return the document to publish. Symmetric keys are left out."""
        return {"keys": [key.public_dict() for key in self._keys if not key.symmetric]}

    def __iter__(self) -> Iterator[Jwk]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def __repr__(self) -> str:
        return f"Jwks({[key.kid for key in self._keys]!r})"

    def _why_unknown(self, kid: str | None, candidates: int) -> str:
        if kid is None:
            return f"the token names no kid, and {candidates} keys of the set could be meant"
        for name, reason in self.ignored:
            if name == kid:
                return f"the key {kid[:64]!r} is in the set but refused: {reason}"
        return f"no key of the set is called {kid[:64]!r}"
