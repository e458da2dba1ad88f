"""Who signed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who signed in, by a verified ID token.

    Attributes:
        subject: The person's stable id at the issuer (`sub`). Only together with `issuer` it is unique.
        issuer: Who says so.
        expires_at: Seconds since 1970, UTC.
        issued_at: Likewise.
        auth_time: When the person proved who they are, or None where the token does not say.
        acr: How strongly (authentication context class).
        amr: By which means (RFC 8176).
        session_id: The sign-in at the issuer (`sid`), named again when it ends.
        claims: Everything the token says. Read-only.
    """

    subject: str
    issuer: str
    expires_at: float
    issued_at: float
    auth_time: float | None = None
    acr: str | None = None
    amr: tuple[str, ...] = ()
    session_id: str | None = None
    claims: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def __reduce__(self) -> tuple[Any, ...]:
        # The read-only view of the claims cannot be pickled; what it shows can.
        return identity_of, (dict(self.claims),)


def identity_of(claims: Mapping[str, Any]) -> Identity:
    """Make an identity of claims whose types have been checked."""
    return Identity(
        subject=claims["sub"],
        issuer=claims["iss"],
        expires_at=claims["exp"],
        issued_at=claims["iat"],
        auth_time=claims.get("auth_time"),
        acr=claims.get("acr"),
        amr=tuple(claims.get("amr", ())),
        session_id=claims.get("sid"),
        claims=MappingProxyType(dict(claims)),
    )
