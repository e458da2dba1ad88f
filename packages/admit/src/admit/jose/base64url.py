"""Base64url as JOSE wants it: one spelling for every value (RFC 7515 section 2, RFC 4648 sections 3.5 and 5)."""

from __future__ import annotations

import binascii
from collections.abc import Mapping
from typing import Any

from admit.jose.accelerators import base64_decoder
from admit.jose.errors import Malformed

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_TO_URL = bytes.maketrans(b"+/", b"-_")
# To the alphabet that decoders read. What is not base64url becomes "!", which no alphabet has: "+" and "/" among it.
_TO_STANDARD = bytes(
    {ord("-"): ord("+"), ord("_"): ord("/")}.get(code, code) if code in _ALPHABET else ord("!") for code in range(256)
)
_PADDING = (b"", b"", b"==", b"=")
# The last characters of a text of 4n + 2 or 4n + 3, whose lowest four or two bits stand for nothing and have to be zero.
_LAST = (frozenset[int](), frozenset[int](), frozenset(_ALPHABET[::16]), frozenset(_ALPHABET[::4]))
_decoded = base64_decoder()


def encode(data: bytes) -> str:
    """Return base64url text without padding."""
    return binascii.b2a_base64(data, newline=False).rstrip(b"=").translate(_TO_URL).decode("ascii")


def decode(text: str) -> bytes:
    """Return the bytes that `text` stands for.

    Raises:
        Malformed: Padding, white space, any character outside the alphabet, an impossible length, or bits left over
            in the last character. Those bits would give one signature many spellings (RFC 4648 section 3.5).
    """
    try:
        raw = text.encode("ascii")
        left = len(raw) & 3
        data = _decoded(raw.translate(_TO_STANDARD) + _PADDING[left])
    except ValueError:  # UnicodeEncodeError and binascii.Error are both
        raise Malformed(_why_not(text)) from None
    # A decoder may skip what it does not know; then something is missing at the end.
    if len(data) != len(raw) * 3 >> 2 or left == 1:
        raise Malformed(_why_not(text))
    if left and raw[-1] not in _LAST[left]:
        raise Malformed("not base64url: trailing bits are not zero")
    return data


def decode_member(members: Mapping[str, Any], name: str) -> bytes:
    """Return the bytes of a member of a JWK, or raise Malformed if it is missing, not text or empty."""
    value = members.get(name)
    if not isinstance(value, str) or not value:
        raise Malformed(f"member {name!r} is missing or not text")
    return decode(value)


def _why_not(text: str) -> str:
    if all(char.isascii() and ord(char) in _ALPHABET for char in text):
        return "not base64url: impossible length"
    return "not base64url: only A-Z a-z 0-9 - _ are allowed, without padding"
