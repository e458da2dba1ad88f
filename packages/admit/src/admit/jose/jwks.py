"""A set of keys (RFC 7517 section 5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from admit.jose import strict_json
from admit.jose.errors import InvalidKey, Malformed, UnknownKey
from admit.jose.jwk import Jwk

_MAX_KEYS = 200


class Jwks:
    """An immutable set of usable keys.

    Which key a token means is never a guess and never depends on the order of the set:

    - A `kid` and an algorithm name one key. The same key listed twice counts once; two different ones are refused.
    - One `kid` may name keys of different algorithms (RFC 7517 section 4.5 thinks of equivalent keys of different types): the
      token's `alg` says which, and each of them checks its own algorithm only.
    - A secret shares its `kid` with no public key: a token must not choose between what everybody knows and what nobody may.
      Under different names they may stand in one set that a program makes; from a published set secrets are left out.

    Attributes:
        ignored: Why keys of a parsed document are not here: pairs of `kid` (or None) and reason.
    """

    __slots__ = ("_by_kid", "_keys", "_nameless", "ignored")
    ignored: tuple[tuple[str | None, str], ...]

    def __init__(self, keys: Iterable[Jwk], *, ignored: Iterable[tuple[str | None, str]] = ()) -> None:
        """Raise InvalidKey when two different keys answer to the same `kid` and algorithm, or a secret and a public key to one `kid`."""
        self._keys = _each_once(keys)
        self._by_kid: dict[str, tuple[Jwk, ...]] = {}
        for key in self._keys:
            if key.kid is not None:
                self._by_kid[key.kid] = (*self._by_kid.get(key.kid, ()), key)
        for kid, named in self._by_kid.items():
            if len({key.alg for key in named}) < len(named) or len({key.symmetric for key in named}) > 1:
                raise InvalidKey(f"two keys of the set have the kid {kid!r}")
        self._nameless = tuple(key for key in self._keys if key.kid is None)
        self.ignored = tuple(ignored)

    @classmethod
    def parse(cls, document: bytes | Mapping[str, Any]) -> Jwks:
        """Read a published key set.

        Keys that this library cannot or must not use are left out and named in `ignored` (RFC 7517 section 5 asks for
        that, so that an issuer can add kinds of keys). A symmetric key in a published set is one of them, and private
        parts are dropped: what is published is no secret. Of different keys with the same `kid` and algorithm none is taken;
        the rest of the set still serves.

        Args:
            document: The JSON text, or the object parsed from it.

        Raises:
            InvalidKey: Not a key set, or more than 200 keys.
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
        times = Counter((key.kid, key.alg) for key in _each_once(keys) if key.kid is not None)
        ambiguous = {name for name, count in times.items() if count > 1}
        ignored += [(kid, f"different keys for {alg} have this kid") for kid, alg in sorted(ambiguous)]
        return cls((key for key in keys if (key.kid, key.alg) not in ambiguous), ignored=ignored)

    def find(self, *, kid: str | None, alg: str) -> Jwk:
        """Return the one key that a token's header can mean.

        The key of that `kid` (if it names several, the one of that algorithm); failing that, the only nameless key of that
        algorithm. A token without `kid` is taken only where exactly one key of the algorithm exists.

        Raises:
            UnknownKey: None or several answer. Whether the key agrees to `alg` is for the caller to check.
        """
        if kid is not None and (named := self._by_kid.get(kid)) is not None:
            return next((key for key in named if key.alg == alg), named[0])
        pool = self._keys if kid is None else self._nameless
        candidates = [key for key in pool if key.alg == alg]
        if len(candidates) == 1:
            return candidates[0]
        raise UnknownKey(self._why_unknown(kid, alg, len(candidates)))

    def public_dict(self) -> dict[str, list[dict[str, str]]]:
        """Return the document to publish. Symmetric keys are left out."""
        return {"keys": [key.public_dict() for key in self._keys if not key.symmetric]}

    def __iter__(self) -> Iterator[Jwk]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def __repr__(self) -> str:
        return f"Jwks({[key.kid for key in self._keys]!r})"

    def _why_unknown(self, kid: str | None, alg: str, candidates: int) -> str:
        if kid is None:
            return f"the token names no kid, and {candidates} of the {len(self)} keys of the set are for {alg}"
        for name, reason in self.ignored:
            if name == kid:
                return f"the key {kid[:64]!r} is in the set but refused: {reason}"
        return f"no key of the set is called {kid[:64]!r}"


def _each_once(keys: Iterable[Jwk]) -> tuple[Jwk, ...]:
    """Return the keys without repetitions: the same name, algorithm and public part."""
    found: dict[tuple[str | None, str, str], Jwk] = {}
    for key in keys:
        found.setdefault((key.kid, key.alg, key.thumbprint()), key)
    return tuple(found.values())
