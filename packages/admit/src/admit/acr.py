"""How strongly people signed in: the classes that the server tells in `acr`, from weak to strong."""

from __future__ import annotations

from typing import Final

ACR_ORDER: Final = ("urn:admit:acr:1fa", "urn:admit:acr:2fa", "urn:admit:acr:phr")


def reaches(acr: str | None, wanted: str) -> bool:
    """Say whether a sign-in of class `acr` is good enough where `wanted` is asked for: the same, or a stronger one of ours."""
    if acr == wanted:
        return True
    return acr in ACR_ORDER and wanted in ACR_ORDER and ACR_ORDER.index(acr) > ACR_ORDER.index(wanted)
