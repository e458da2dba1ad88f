"""Opaque tokens: a recognisable kind, 256 random bits, and a checksum that refuses typing errors before any look-up.

`adm_at_` + 43 base62 characters + 6 base62 characters of CRC-32 over everything before them. The checksum lets a scanner tell a
leaked token from a random string; it protects nothing else.
"""

import hashlib
import zlib
from typing import Literal

from ..domain.ids import ALPHABET, base62

# at: access token, pat: personal token, rt: refresh token, ac: authorization code, cs: client secret, ss: session cookie, ls: lease
# one-use links: rst: reset, inv: invitation, adr: address, rec: recovery, sup: sign-up
OpaqueKind = Literal["at", "pat", "rt", "ac", "cs", "ss", "ls", "rst", "inv", "adr", "rec", "sup"]

SECRET_BYTES = 32
_SECRET_CHARS = 43
_CHECKSUM_CHARS = 6


def mint(kind: OpaqueKind, random_bytes: bytes) -> str:
    """A new token of that kind.

    Args:
        kind: What it is for; stands in its prefix.
        random_bytes: Exactly 32 bytes from the caller's entropy.
    """
    if len(random_bytes) != SECRET_BYTES:
        raise ValueError(f"a token takes {SECRET_BYTES} random bytes, got {len(random_bytes)}")
    body = f"adm_{kind}_{base62(random_bytes, width=_SECRET_CHARS)}"
    return body + _checksum(body)


def is_opaque(text: str, kind: OpaqueKind) -> bool:
    """Whether the text is a well-formed token of that kind, checksum included. No look-up is needed when it is not."""
    prefix = f"adm_{kind}_"
    if not text.startswith(prefix) or len(text) != len(prefix) + _SECRET_CHARS + _CHECKSUM_CHARS:
        return False
    if not all(c in ALPHABET for c in text[len(prefix) :]):
        return False
    return text[-_CHECKSUM_CHARS:] == _checksum(text[:-_CHECKSUM_CHARS])


def digest(token: str) -> bytes:
    """What is stored of a token: SHA-256. 256 random bits need no salt and no slow hash."""
    return hashlib.sha256(token.encode()).digest()


def _checksum(body: str) -> str:
    return base62(zlib.crc32(body.encode()).to_bytes(4, "big"), width=_CHECKSUM_CHARS)
