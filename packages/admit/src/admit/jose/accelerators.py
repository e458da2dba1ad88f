"""Faster versions of what the standard library does, where `admit[fast]` brought them.

What is accepted never depends on them: their yes is one that the standard library would give as well (a test compares
them), and where they say no, the strict readers are asked again and their answer counts.
"""

from __future__ import annotations

import binascii
from collections.abc import Callable, Iterable
from typing import Annotated, Any

Base64Decode = Callable[[str, bytes, bool], bytes]
Base64Encode = Callable[[bytes, bytes], str]
JsonDecode = Callable[[bytes], Any]
JsonEncode = Callable[[Any], bytes]
JsonConvert = Callable[[Any, Any], Any]
Member = tuple[str, str, Any, Any]
Ed25519Check = Callable[[bytes, bytes], bool]

URL = b"-_"
"""In place of "+" and "/" (RFC 4648 section 5)."""
NEEDED = object()
"""In place of what stands for a member that is missing: then the object is refused."""


def base64url_decoder() -> Base64Decode:
    """Return what decodes padded base64url text, called with (text, URL, True): so the fast one needs nothing around it.

    It raises a ValueError for other text, or skips what it does not know; "+" and "/" it may take.
    """
    try:
        from pybase64 import b64decode
    except ImportError:
        return _base64url_decode
    decode: Base64Decode = b64decode
    return decode


def base64url_encoder() -> Base64Encode:
    """Return what encodes as padded base64url text, called with (data, URL)."""
    try:
        from pybase64 import b64encode_as_string
    except ImportError:
        return _base64url_encode
    encode: Base64Encode = b64encode_as_string
    return encode


def json_decoder() -> JsonDecode | None:
    """Return what decodes JSON, or None. It raises a ValueError for everything that it does not read."""
    try:
        from msgspec.json import Decoder
    except ImportError:
        return None
    return Decoder().decode


def json_reader(members: Iterable[Member]) -> JsonDecode | None:
    """Return what decodes a JSON object of these members and no others, each of its type, into an object's attributes; or None.

    Args:
        members: (name of the attribute, name of the member, its type, what stands for a missing one or `NEEDED`). A range is the
            type of the whole numbers in it.

    It raises a ValueError for everything that it does not read.
    """
    try:
        from msgspec import Meta, defstruct
        from msgspec.json import Decoder
    except ImportError:
        return None

    def known(kind: Any) -> Any:
        return Annotated[int, Meta(ge=kind.start, lt=kind.stop)] if isinstance(kind, range) else kind

    rows = [(attribute, name, known(kind), missing) for attribute, name, kind, missing in members]
    struct = defstruct(
        "Read",
        [
            (attribute, kind) if missing is NEEDED else (attribute, kind, missing)
            for attribute, _, kind, missing in rows
        ],
        rename={attribute: name for attribute, name, _, _ in rows},
        kw_only=True,
        forbid_unknown_fields=True,
        gc=False,
    )
    return Decoder(struct).decode


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


def _base64url_encode(data: bytes, _: bytes) -> str:
    return str(binascii.b2a_base64(data, newline=False).translate(_TO_URL), "ascii")


def _base64url_decode(text: str, _: bytes, __: bool) -> bytes:
    return binascii.a2b_base64(text.replace("-", "+").replace("_", "/"))


_TO_URL = bytes.maketrans(b"+/", b"-_")
