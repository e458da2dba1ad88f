"""The look of Admit's opaque tokens: `adm_<kind>_`, 43 base62 characters of randomness, 6 of checksum.

The checksum is CRC-32 of all that stands before it, in base62, padded with "0". It is no secret: it lets a scanner tell
a leaked token from a random string, and refuses a typing error before anybody is asked.
"""

from __future__ import annotations

import re
import zlib

from admit.errors import MalformedToken

PREFIX = "adm_"
_SHAPE = re.compile(r"adm_([a-z]{2,3})_[0-9A-Za-z]{49}", re.ASCII)
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECKSUM_CHARS = 6
_ACCESS_KINDS = frozenset({"at", "pat"})


def checksum(text: str) -> str:
    """Return the six characters that follow `text`."""
    number = zlib.crc32(text.encode("ascii"))
    digits = ""
    while number:
        number, digit = divmod(number, 62)
        digits = _DIGITS[digit] + digits
    return digits.rjust(_CHECKSUM_CHARS, "0")


def refuse_malformed(token: str) -> None:
    """Refuse what cannot be an opaque access token or personal token, without asking anybody.

    Raises:
        MalformedToken: Wrong shape, wrong checksum, or another kind, such as a refresh token.
    """
    shape = _SHAPE.fullmatch(token)
    if shape is None:
        raise MalformedToken("starts like an opaque token, but has another shape; was it cut off?")
    if checksum(token[:-_CHECKSUM_CHARS]) != token[-_CHECKSUM_CHARS:]:
        raise MalformedToken("the checksum of the opaque token is wrong; was it typed by hand?")
    if shape[1] not in _ACCESS_KINDS:
        raise MalformedToken(f"this is a token of the kind {shape[1]!r}, which opens no resource")
