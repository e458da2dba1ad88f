"""A guard in front of the CBOR reader: lets pass what authenticators may write, and nothing that grows when it is read.

CTAP 2.2 section 8 (message encoding) forbids tags and indefinite lengths, and nests four levels at most. A tag for shared values
would let 200 bytes describe a value of many gigabytes once it is written out again, and that before any signature is checked.
"""

DEEPEST = 4
_BYTES, _TEXT, _ARRAY, _MAP, _TAG, _SIMPLE = 2, 3, 4, 5, 6, 7
# How many bytes follow the first one to say a length or a number (RFC 8949 section 3).
_FOLLOWING = {24: 1, 25: 2, 26: 4, 27: 8}


class NotCanonical(ValueError):
    """The bytes are no CBOR that an authenticator may write; the message says why."""


def end_of_item(data: bytes, at: int = 0, *, depth: int = 0) -> int:
    """Where the item that begins at `at` ends.

    Raises:
        NotCanonical: A tag, an indefinite length, nesting that is too deep, or bytes that end too soon.
    """
    if depth > DEEPEST:
        raise NotCanonical("CBOR is nested too deep")
    if at >= len(data):
        raise NotCanonical("CBOR ends too soon")
    major, short = data[at] >> 5, data[at] & 0x1F
    at += 1
    if short > 27:
        raise NotCanonical("CBOR of indefinite length, or reserved")
    following = _FOLLOWING.get(short, 0)
    value = int.from_bytes(data[at : at + following], "big") if following else short
    at += following
    if major == _TAG:
        raise NotCanonical("CBOR with a tag")
    if major in (_BYTES, _TEXT):
        at += value
    elif major in (_ARRAY, _MAP):
        for _ in range(value * (2 if major == _MAP else 1)):
            # An item has a byte at least, so this ends with the data, whatever count is claimed.
            at = end_of_item(data, at, depth=depth + 1)
    if at > len(data):
        raise NotCanonical("CBOR ends too soon")
    return at


def check_one_item(data: bytes) -> None:
    """That the bytes are one item and nothing more.

    Raises:
        NotCanonical: They are not.
    """
    if end_of_item(data) != len(data):
        raise NotCanonical("bytes behind the CBOR")


def check_authenticator_data(data: bytes) -> None:
    """That the variable part of authenticator data is plain: WebAuthn L3 section 6.1.

    Raises:
        NotCanonical: It is too short, too long, or holds CBOR that no authenticator may write.
    """
    if len(data) < 37:
        raise NotCanonical("authenticator data is too short")
    attested, extended = data[32] & 0x40, data[32] & 0x80
    at = 37
    if attested:
        if len(data) < 55:
            raise NotCanonical("attested credential data is too short")
        at = end_of_item(data, 55 + int.from_bytes(data[53:55], "big"))
    if extended:
        at = end_of_item(data, at)
    if at != len(data):
        raise NotCanonical("bytes behind the authenticator data")
