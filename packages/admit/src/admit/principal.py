"""Who is calling, and what they may do."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any

from admit.acr import reaches
from admit.checks import Check, check
from admit.errors import AdmitError, InsufficientScope, StepUpRequired, TransactionMismatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """The bearer of a verified token.

    Attributes:
        subject: The user's stable id (`sub`), or the client's where no user is behind the token.
        scopes: What the token may do.
        client_id: The application that asked for the token.
        session_id: The sign-in it hangs on (`sid`).
        grant_id: What was allowed to the application (`grant`).
        token_id: The token's own id (`jti`).
        expires_at: Seconds since 1970, UTC.
        auth_time: When the person last proved who they are, seconds since 1970.
        acr: How strongly (authentication context class).
        amr: By which means (RFC 8176).
        actors: Clients that act for the subject, the one that acts now first (`act`, RFC 8693 section 4.1).
        claims: Everything the token says. Read-only.
    """

    subject: str
    scopes: frozenset[str] = frozenset()
    client_id: str | None = None
    session_id: str | None = None
    grant_id: str | None = None
    token_id: str | None = None
    expires_at: float | None = None
    auth_time: float | None = None
    acr: str | None = None
    amr: tuple[str, ...] = ()
    actors: tuple[str, ...] = ()
    claims: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    # Told of refusals by the methods below, where a verifier reports them.
    _watch: Callable[[AdmitError, Mapping[str, Any]], None] | None = field(
        default=None, init=False, repr=False, compare=False
    )

    @classmethod
    def from_claims(cls, claims: Mapping[str, Any]) -> Principal:
        """Make a principal of claims whose types have been checked."""
        return cls(
            subject=claims["sub"],
            scopes=frozenset(claims.get("scope", "").split()),
            client_id=claims.get("client_id"),
            session_id=claims.get("sid"),
            grant_id=claims.get("grant"),
            token_id=claims.get("jti"),
            expires_at=claims.get("exp"),
            auth_time=claims.get("auth_time"),
            acr=claims.get("acr"),
            amr=tuple(claims.get("amr", ())),
            actors=actors_of(claims.get("act")),
            claims=MappingProxyType(dict(claims)),
        )

    def __reduce__(self) -> tuple[Any, ...]:
        # The read-only view of the claims cannot be pickled; what it shows can.
        values = {each.name: getattr(self, each.name) for each in fields(self) if each.init}
        return _rebuilt, (values | {"claims": dict(self.claims)},)

    def has(self, *scopes: str) -> bool:
        """Say whether all `scopes` are granted."""
        return self.scopes.issuperset(scopes)

    def require(self, *scopes: str) -> None:
        """Go on only with all `scopes`.

        Raises:
            InsufficientScope: With all of them in its challenge, so that the client can ask once for the lot.
        """
        if not self.scopes.issuperset(scopes):
            raise self._refused(InsufficientScope(scopes), check("scope", scopes, self.scopes, passed=False))

    def transaction(self, kind: str, *, body: bytes | None = None) -> Mapping[str, Any]:
        """Return what the person approved with this ticket, by name (RFC 9396).

        Args:
            kind: The type of the transaction, as the resource was added with.
            body: A JSON body in which each approved value has to stand under the same name. Without it, compare yourself.

        Raises:
            TransactionMismatch: The ticket is not for exactly one transaction of this type, or the body says something else.
        """
        from admit.transactions import approved, compare

        try:
            values = approved(self.claims, kind)
            if body is not None:
                compare(body, values)
            return values
        except TransactionMismatch as refusal:
            raise self._refused(refusal, check("transaction", kind, refusal, passed=False)) from None

    def require_recent_sign_in(self, max_age_s: int, *, now: float | None = None) -> None:
        """Go on only if the person proved who they are within the last `max_age_s` seconds.

        Raises:
            StepUpRequired: They did not, or the token does not say when (RFC 9470 section 3).
        """
        if self.auth_time is None:
            unknown = StepUpRequired("the token does not say when the person signed in", max_age_s=max_age_s)
            raise self._refused(unknown, check("age of the sign-in", f"at most {max_age_s} s", "unknown", passed=False))
        age_s = (time.time() if now is None else now) - self.auth_time
        if age_s > max_age_s:
            too_old = StepUpRequired(f"signed in {age_s:.0f} s ago; {max_age_s} s are allowed", max_age_s=max_age_s)
            age = check("age of the sign-in", f"at most {max_age_s} s", f"{age_s:.0f} s", passed=False)
            raise self._refused(too_old, age)

    def require_acr(self, *acr_values: str) -> None:
        """Go on only if the sign-in was of one of these classes, best first, or of a stronger one of the server's own.

        Raises:
            StepUpRequired: It was of another (RFC 9470 section 3).
        """
        if not any(reaches(self.acr, wanted) for wanted in acr_values):
            too_weak = StepUpRequired(f"acr is {self.acr!r}; one of {acr_values} is needed", acr_values=acr_values)
            raise self._refused(too_weak, check("strength of the sign-in", acr_values, self.acr, passed=False))

    def _refused(self, refusal: AdmitError, failed: Check) -> AdmitError:
        refusal.checks = (check("token", "a good one for this resource", "good", passed=True), failed)
        if self._watch is not None:
            self._watch(refusal, self.claims)
        return refusal


def actors_of(act: object) -> tuple[str, ...]:
    """The actors that a claim `act` names, the present one first (RFC 8693 section 4.1)."""
    found: list[str] = []
    while isinstance(act, dict) and isinstance(act.get("sub"), str):
        found.append(act["sub"])
        act = act.get("act")
    return tuple(found)


def _rebuilt(values: dict[str, Any]) -> Principal:
    return Principal(**(values | {"claims": MappingProxyType(values["claims"])}))
