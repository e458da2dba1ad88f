"""Base64url as JOSE wants it: one spelling for every value (RFC 7515 section 2, RFC 4648 sections 3.5 and 5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from admit.jose.accelerators import URL, Base64Decode, Base64Encode, base64url_decoder, base64url_encoder
from admit.jose.errors import Malformed

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
PADDING = ("", "", "==", "=")
# The last characters of a text of 4n + 2 or 4n + 3, whose lowest four or two bits stand for nothing and have to be zero.
LAST = (frozenset[str](), frozenset[str](), frozenset(_ALPHABET[::16]), frozenset(_ALPHABET[::4]))
decoded: Base64Decode = base64url_decoder()
encoded: Base64Encode = base64url_encoder()


def encode(data: bytes) -> str:
    """Return base64url text without padding."""
    return encoded(data, URL).rstrip("=")


def decode(text: str) -> bytes:
    """Return the bytes that `text` stands for.

    Raises:
        Malformed: Padding, white space, any character outside the alphabet, an impossible length, or bits left over
            in the last character. Those bits would give one signature many spellings (RFC 4648 section 3.5).
    """
    left = len(text) & 3
    if left == 1 or "+" in text or "/" in text:
        raise Malformed(_why_not(text))
    try:
        data = decoded(text + PADDING[left], URL, True)
    except ValueError:  # UnicodeEncodeError and binascii.Error are both
        raise Malformed(_why_not(text)) from None
    # A decoder may skip what it does not know, or stop at padding; then something is missing at the end.
    if len(data) != len(text) * 3 >> 2:
        raise Malformed(_why_not(text))
    if left and text[-1] not in LAST[left]:
        raise Malformed("not base64url: trailing bits are not zero")
    return data


def decode_member(members: Mapping[str, Any], name: str) -> bytes:
    """Return the bytes of a member of a JWK, or raise Malformed if it is missing, not text or empty."""
    value = members.get(name)
    if not isinstance(value, str) or not value:
        raise Malformed(f"member {name!r} is missing or not text")
    return decode(value)


def _why_not(text: str) -> str:
    if all(char in _ALPHABET for char in text):
        return "not base64url: impossible length; was it cut off?"
    if any(char.isspace() or char in "\"'{}" for char in text):
        return "not base64url: there is white space, a quote or a brace in it; pass the token alone"
    return "not base64url: only A-Z a-z 0-9 - _ are allowed, without padding"
