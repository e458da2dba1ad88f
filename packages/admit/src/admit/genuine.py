"""Whether a token is the issuer's own: its signature checked by a header that was policed before.

Written out for speed; whatever is not as usual is left to `judging`.
"""

from __future__ import annotations

from collections.abc import Mapping
from hmac import compare_digest

from admit.errors import BadSignature
from admit.jose import MAX_TOKEN_CHARS
from admit.jose.accelerators import URL
from admit.jose.base64url import LAST, PADDING, decoded, encoded
from admit.remembering import KnownHeader


def genuine(token: str, headers: Mapping[str, KnownHeader]) -> tuple[KnownHeader, bytes] | None:
    """Return the header and the payload of a token; None where `judging` has to decide.

    Args:
        token: As received.
        headers: Known ones, by their text.

    Raises:
        BadSignature: The signature does not belong to the token.
    """
    signing_input, _, signature = token.rpartition(".")
    head, _, text = signing_input.partition(".")
    header, left = headers.get(head), len(text) & 3
    if header is None or not text or len(token) > MAX_TOKEN_CHARS or left == 1 or len(signature) != header.chars:
        return None
    # As in base64url.decode, for both texts at once.
    if "+" in token or "/" in token or (left and text[-1] not in LAST[left]):
        return None
    try:
        payload, data = decoded(text + PADDING[left], URL, True), signing_input.encode("ascii")
        if len(payload) != len(text) * 3 >> 2:
            return None
        if (mac := header.mac) is not None:
            # Compared as text, so that it need not be decoded: there is one spelling of each tag.
            return (header, payload) if compare_digest(encoded(mac(data), URL), signature + header.padding) else None
        octets = decoded(signature + header.padding, URL, True)
    except (ValueError, TypeError):  # another alphabet
        return None
    if len(octets) != header.octets or (header.last and signature[-1] not in header.last):
        return None
    if not header.check(octets, data):
        raise BadSignature("the signature does not belong to this token and key")
    return header, payload
