"""HMAC with SHA-2 (RFC 7518 section 3.2, RFC 2104)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from hmac import compare_digest

_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))


def checker(secret: bytes, hash_name: str) -> Callable[[bytes, bytes], bool]:
    """Return a function that says whether a tag belongs to data; it compares in constant time."""
    inner, outer = _pads(secret, hash_name)

    def check(signature: bytes, data: bytes) -> bool:
        first, second = inner.copy(), outer.copy()
        first.update(data)
        second.update(first.digest())
        return compare_digest(second.digest(), signature)

    return check


def signer(secret: bytes, hash_name: str) -> Callable[[bytes], bytes]:
    """Return a function that makes the tag of data."""
    inner, outer = _pads(secret, hash_name)

    def sign(data: bytes) -> bytes:
        first, second = inner.copy(), outer.copy()
        first.update(data)
        second.update(first.digest())
        return second.digest()

    return sign


def _pads(secret: bytes, hash_name: str) -> tuple[hashlib._Hash, hashlib._Hash]:
    """Return the two states that depend on the key alone (RFC 2104 section 4): a copy of each saves half the work of a tag."""
    new = getattr(hashlib, hash_name)
    empty = new()
    if len(secret) > empty.block_size:
        secret = new(secret).digest()
    block = secret.ljust(empty.block_size, b"\0")
    return new(block.translate(_INNER)), new(block.translate(_OUTER))
