"""Base64url as JOSE wants it: one spelling for every value (RFC 7515 section 2, RFC 4648 sections 3.5 and 5)."""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping
from typing import Any

from admit.jose.errors import Malformed

_ALPHABET = re.compile(r"[A-Za-z0-9_-]*", re.ASCII)
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
_TO_URL = bytes.maketrans(b"+/", b"-_")


def encode(data: bytes) -> str:
    """Return base64url text without padding."""
    return binascii.b2a_base64(data, newline=False).rstrip(b"=").translate(_TO_URL).decode("ascii")


def decode(text: str) -> bytes:
    """Return the bytes that `text` stands for.

    Raises:
        Malformed: Padding, white space, any character outside the alphabet, an impossible length, or bits left over
            in the last character. Those bits would give one signature many spellings (RFC 4648 section 3.5).
    """
    if not _ALPHABET.fullmatch(text):
        raise Malformed("not base64url: only A-Z a-z 0-9 - _ are allowed, without padding")
    if len(text) % 4 == 1:
        raise Malformed("not base64url: impossible length")
    raw = text.encode("ascii").translate(_TO_STANDARD)
    data = binascii.a2b_base64(raw + b"=" * (-len(raw) % 4))
    if text[-1:] and encode(data[-(len(data) % 3 or 3) :]) != text[-(len(text) % 4 or 4) :]:
        raise Malformed("not base64url: trailing bits are not zero")
    return data


def decode_member(members: Mapping[str, Any], name: str) -> bytes:
    """Return the bytes of a member of a JWK, or raise Malformed if it is missing, not text or empty."""
    value = members.get(name)
    if not isinstance(value, str) or not value:
        raise Malformed(f"member {name!r} is missing or not text")
    return decode(value)
