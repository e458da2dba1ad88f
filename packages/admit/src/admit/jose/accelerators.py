"""Faster versions of what the standard library does, where `admit[fast]` brought them.

What is accepted never depends on them: their yes is one that the standard library would give as well (a test compares
them), and where they say no, the strict readers are asked again and their answer counts.
"""

from __future__ import annotations

import binascii
from collections.abc import Callable
from typing import Any

Base64Decode = Callable[[str], bytes]
Base64Encode = Callable[[bytes], bytes]
JsonDecode = Callable[[bytes], Any]
JsonEncode = Callable[[Any], bytes]
JsonConvert = Callable[[Any, Any], Any]
Ed25519Check = Callable[[bytes, bytes], bool]


def base64url_decoder() -> Base64Decode:
    """Return what decodes padded base64url text. It raises a ValueError for other text, or skips what it does not know."""
    try:
        from pybase64 import b64decode
    except ImportError:
        return _base64url_decode
    # It warns of "+" and "/" and takes them still; whoever calls has looked for these.
    return lambda text: b64decode(text, b"-_", True)


def base64url_encoder() -> Base64Encode:
    """Return what encodes as base64url text without padding."""
    try:
        from pybase64 import b64encode
    except ImportError:
        return _base64url_encode
    return lambda data: b64encode(data, b"-_").rstrip(b"=")


def json_decoder() -> JsonDecode | None:
    """Return what decodes JSON, or None. It raises a ValueError for everything that it does not read."""
    try:
        from msgspec.json import Decoder
    except ImportError:
        return None
    return Decoder().decode


def json_encoder() -> JsonEncode | None:
    """Return what writes JSON without white space, or None."""
    try:
        from msgspec.json import Encoder
    except ImportError:
        return None
    return Encoder().encode


def json_converter() -> JsonConvert | None:
    """Return what makes an object of a type out of what JSON holds, or None. It raises a ValueError for what does not fit."""
    try:
        from msgspec import convert
    except ImportError:
        return None
    return convert


def ed25519_checker(public: bytes) -> Ed25519Check | None:
    """Return a function that says True for good signatures of this key (32 octets), or None without libsodium.

    Only its True is believed (`eddsa.checker` asks again after a False): libsodium refuses more than OpenSSL, keys and points R
    of small order among it, and what is accepted must not depend on where it is installed.
    """
    try:
        from nacl.bindings import crypto_sign_open
        from nacl.exceptions import CryptoError
    except ImportError:
        return None

    def check(signature: bytes, data: bytes) -> bool:
        # It takes signature and text in one piece, so a signature of another length would be cut elsewhere.
        if len(signature) != 64:
            return False
        try:
            crypto_sign_open(signature + data, public)
        except CryptoError:
            return False
        return True

    return check


def _base64url_encode(data: bytes) -> bytes:
    return binascii.b2a_base64(data, newline=False).translate(_TO_URL).rstrip(b"=")


def _base64url_decode(text: str) -> bytes:
    return binascii.a2b_base64(text.encode("ascii").translate(_TO_STANDARD))


_TO_URL = bytes.maketrans(b"+/", b"-_")
# What is not base64url becomes "!", which no alphabet has.
_TO_STANDARD = (
    bytes(
        {ord("-"): ord("+"), ord("_"): ord("/")}.get(
            code, code if chr(code).isalnum() or code == ord("=") else ord("!")
        )
        for code in range(128)
    )
    + b"!" * 128
)
