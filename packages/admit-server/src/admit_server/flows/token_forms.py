"""What a text is by its form: for the administrator, who must never read the text itself."""

from typing import get_args

from ..tokens import opaque

_KINDS = {
    "at": "an access token",
    "pat": "a personal token",
    "rt": "a refresh token",
    "ac": "an authorization code",
    "cs": "a client secret",
    "ss": "a session's secret",
    "ls": "a lease",
}


def form_of(text: str) -> str:
    """What a text is, in words."""
    for kind in get_args(opaque.OpaqueKind):
        if opaque.is_opaque(text, kind):
            return _KINDS.get(kind, f"a secret of the kind {kind}")
    if text.count(".") == 2 and text.startswith("eyJ"):
        return "a JWT"
    return "a text of another form, or with a wrong checksum: cut off, or typed by hand"
