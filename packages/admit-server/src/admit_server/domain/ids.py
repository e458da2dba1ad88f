"""Identifiers: a kind prefix and 128 random bits in base62, so that an id tells what it names and nothing else."""

from typing import Literal

Kind = Literal["usr", "cli", "ses", "grt", "crd", "tok", "den", "evt", "dev", "lse", "rul", "mai"]

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PAIRS = tuple(a + b for a in ALPHABET for b in ALPHABET)
ID_BYTES = 16
_ID_CHARS = 22


def base62(data: bytes, *, width: int) -> str:
    """Write bytes as a base62 number of fixed width, most significant digit first.

    Raises:
        ValueError: The number needs more digits than `width`.
    """
    number = int.from_bytes(data, "big")
    pairs: list[str] = []
    # Two digits at a time: half the long divisions, which are most of the cost of a token's text.
    while number:
        number, pair = divmod(number, 3844)
        pairs.append(_PAIRS[pair])
    text = "".join(reversed(pairs)).lstrip("0")
    if len(text) > width:
        raise ValueError(f"{len(data)} bytes don't fit in {width} base62 characters")
    return text.rjust(width, "0")


def new_id(kind: Kind, random_bytes: bytes) -> str:
    """An id such as `usr_3kTM...`: the kind, an underscore and 22 base62 characters.

    Args:
        kind: What the id names.
        random_bytes: Exactly 16 bytes from the entropy of the caller.
    """
    if len(random_bytes) != ID_BYTES:
        raise ValueError(f"an id takes {ID_BYTES} random bytes, got {len(random_bytes)}")
    return f"{kind}_{base62(random_bytes, width=_ID_CHARS)}"


def looks_like(kind: Kind, text: str) -> bool:
    """Whether a text has the shape of an id of that kind; tells a name from an id on the command line."""
    head, _, tail = text.partition("_")
    return head == kind and len(tail) == _ID_CHARS and all(c in ALPHABET for c in tail)
