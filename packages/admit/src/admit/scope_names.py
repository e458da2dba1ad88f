"""Scopes as programs write them: one text each."""

from __future__ import annotations


def police_scopes(*scopes: object) -> None:
    """Refuse what no token can have, so that a slip of the pen is not taken for a missing scope.

    Raises:
        ValueError: Not text, empty, or several in one text. RFC 6749 section 3.3: a scope-token has no spaces, and a list of them
            is separated by spaces.
    """
    for scope in scopes:
        if not isinstance(scope, str) or not scope or scope != "".join(scope.split()):
            raise ValueError(f'{scope!r} is no scope: write each as an argument of its own, require("a", "b")')
