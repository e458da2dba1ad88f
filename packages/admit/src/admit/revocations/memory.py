"""What is known to have ended: handles, and the emergency rule."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Any

from admit.jose import base64url
from admit.jose.errors import Malformed

KINDS = ("sid", "grant", "jti", "kid")
_HANDLE_BYTES = 16
MAX_HANDLES = 1_000_000
MAX_RULES = 100
MAX_POSITION = 200
_versions = itertools.count(1)


class FeedError(Exception):
    """The feed says something that its description does not allow."""


def handle(kind: str, value: str) -> str:
    """Return the public handle of a thing that can end.

    Args:
        kind: "sid", "grant", "jti" or "kid".
        value: The claim of that name; for "kid" the name of the key that signed.

    Spec: docs/reference/revocation-feed.md, "Handles".
    """
    return base64url.encode(_digest(kind, value))


def _digest(kind: str, value: str) -> bytes:
    return sha256(f"{kind}\0{value}".encode()).digest()[:_HANDLE_BYTES]


@lru_cache(maxsize=4_096)
def _digest_of_session(sid: str) -> bytes:
    return _digest("sid", sid)


@lru_cache(maxsize=4_096)
def _digest_of_grant(grant: str) -> bytes:
    return _digest("grant", grant)


@lru_cache(maxsize=256)
def _digest_of_key(kid: str) -> bytes:
    return _digest("kid", kid)


class Memory:
    """The live revocations as of one position of the feed.

    One thread writes; any number of threads read without a lock. Each write is a single step that leaves the memory
    right, so that a fork between two of them does no harm: the position moves last.

    Attributes:
        version: Another number, not used for any memory of this process before, whenever something came that may end a token.
    """

    __slots__ = ("_before", "_handles", "_next_sweep", "position", "version")
    version: int

    def __init__(self) -> None:
        self._handles: dict[bytes, float] = {}
        self._before: tuple[tuple[float, float], ...] = ()
        self._next_sweep = 0.0
        self.position: str | None = None
        self.version = next(_versions)

    def __len__(self) -> int:
        return len(self._handles)

    def add(self, entry: Mapping[str, Any]) -> None:
        """Take in one revocation of the feed.

        Raises:
            FeedError: Neither a handle nor a `before`, no `until`, more than a million live handles, or more than a hundred emergencies of
                which none covers another: forgetting one would let its tokens in again.
        """
        until = time_of(entry, "until")
        if "before" in entry:
            self._add_rule(time_of(entry, "before"), until)
            return
        text = entry.get("handle")
        if not isinstance(text, str):
            raise FeedError("a revocation has neither handle nor before")
        try:
            digest = base64url.decode(text)
        except Malformed as error:
            raise FeedError(f"handle: {error}") from None
        if len(digest) != _HANDLE_BYTES:
            raise FeedError(f"a handle has {_HANDLE_BYTES} bytes; this one has {len(digest)}")
        if digest in self._handles:
            self._handles[digest] = max(until, self._handles[digest])
            return
        if len(self._handles) >= MAX_HANDLES:
            raise FeedError(f"more than {MAX_HANDLES} live revocations")
        self._handles[digest] = until
        # After what it stands for: whoever reads the new version finds the new handle.
        self.version = next(_versions)

    def _add_rule(self, before: float, until: float) -> None:
        if any(before <= known and until <= lasts for known, lasts in self._before):
            return
        others = tuple(rule for rule in self._before if not (rule[0] <= before and rule[1] <= until))
        if len(others) >= MAX_RULES:
            raise FeedError(f"more than {MAX_RULES} emergencies at once")
        self._before = (*others, (before, until))
        self.version = next(_versions)

    def revoked(self, claims: Mapping[str, Any]) -> str | None:
        """Return what has ended ("sid", "grant", "jti", "kid", "parents" or "iat"), or None for a live token.

        `claims` has the name of the key that signed as `kid`, where that is known.
        """
        get = claims.get
        return self.ended(get("sid"), get("grant"), get("jti"), get("iat"), get("parents"), get("kid"))

    def ended(
        self,
        sid: str | None,
        grant: str | None,
        jti: str | None,
        iat: float | None,
        parents: Iterable[Mapping[str, str]] | None,
        kid: str | None,
    ) -> str | None:
        """Do the same with these claims, each of its type or None, and the name of the key."""
        handles = self._handles
        if handles:
            # Sessions and grants have many tokens, one after the other.
            if sid is not None and _digest_of_session(sid) in handles:
                return "sid"
            if grant is not None and _digest_of_grant(grant) in handles:
                return "grant"
            # As in _digest; written out, because it is done for every new token.
            if jti is not None and sha256(b"jti\0" + jti.encode()).digest()[:_HANDLE_BYTES] in handles:
                return "jti"
            if kid is not None and _digest_of_key(kid) in handles:
                return "kid"
            # A token that was made from others ends with each of them (RFC 8693; docs/reference/revocation-feed.md).
            for parent in parents or ():
                if any(_digest(kind, parent[kind]) in handles for kind in ("grant", "jti")):
                    return "parents"
        # A token that does not say when it was issued cannot prove that it came after the emergency.
        if self._before and (iat is None or any(iat <= before for before, _ in self._before)):
            return "iat"
        return None

    def sweep(self, now: float, *, every_s: float = 30) -> None:
        """Drop what ended so long ago that no token can name it any more. Does nothing until `every_s` have passed."""
        if now < self._next_sweep:
            return
        self._next_sweep = now + every_s
        ended = [digest for digest, until in self._handles.items() if until < now]
        if 2 * len(ended) > len(self._handles):
            # A dictionary never gives back by itself the room that it once needed.
            self._handles = {digest: until for digest, until in self._handles.items() if until >= now}
        else:
            for digest in ended:
                del self._handles[digest]
        if any(until < now for _, until in self._before):
            self._before = tuple(rule for rule in self._before if rule[1] >= now)


def position(value: object) -> str:
    """Return a position of the feed, or raise FeedError for what cannot be one (it goes into a request header)."""
    if not isinstance(value, str) or not 0 < len(value) <= MAX_POSITION or not all("!" <= c <= "~" for c in value):
        raise FeedError("a position is missing or malformed")
    return value


def time_of(entry: Mapping[str, Any], name: str) -> float:
    """Return a time in seconds since 1970, or raise FeedError."""
    value = entry.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise FeedError(f"{name} is missing or not a number")
    return value
