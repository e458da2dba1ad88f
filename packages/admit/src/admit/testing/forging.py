"""Tokens that nobody should accept, made of good ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from admit.jose import base64url


def forge(
    token: str,
    *,
    sign: Callable[[bytes], bytes] | None = None,
    header: Mapping[str, Any] | None = None,
    claims: Mapping[str, Any] | None = None,
) -> str:
    """Return a JWT with other members and another signature.

    Args:
        token: The one to begin with.
        sign: Makes the signature over the ASCII of header and payload. None keeps the old one, which then fits no more.
        header: Members to add to the header, or to replace; None as a value takes one away.
        claims: The same, for the payload.
    """
    head, payload, signature = token.split(".")
    text = f"{_changed(head, header)}.{_changed(payload, claims)}"
    return f"{text}.{signature if sign is None else base64url.encode(sign(text.encode('ascii')))}"


def _changed(part: str, changes: Mapping[str, Any] | None) -> str:
    if not changes:
        return part
    members = json.loads(base64url.decode(part)) | dict(changes)
    kept = {name: value for name, value in members.items() if value is not None}
    return base64url.encode(json.dumps(kept, separators=(",", ":")).encode("utf-8"))
