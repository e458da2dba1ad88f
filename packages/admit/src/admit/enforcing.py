"""Enforcing the limits of a token at a resource: judged here, counted by the server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from admit.errors import (
    ActionNotAllowed,
    HourNotAllowed,
    IdleTimeout,
    LimitExceeded,
    LimitsNotEnforceable,
    NetworkNotAllowed,
    StepUpRequired,
    TokenBound,
    TransactionMismatch,
    UsesExhausted,
)
from admit.limits import Attempt, InvalidLimit, Limits

NOTHING_KNOWN: Final = Attempt()
_LONGEST = 2048
_BY_CODE: dict[str, type[LimitExceeded]] = {
    kind.code: kind
    for kind in (UsesExhausted, IdleTimeout, ActionNotAllowed, NetworkNotAllowed, HourNotAllowed, TransactionMismatch)
}


def enforce(claim: Any, attempt: Attempt, *, now: float) -> Limits:
    """Judge an attempt by a `limits` claim, and return the limits, of which the counted ones remain to be asked for.

    Raises:
        LimitExceeded: A limit forbids it; the class says which.
        LimitsNotEnforceable: A limit of a later version, or one that needs a request which is not known here.
    """
    try:
        limits = Limits.from_claim(claim)
    except InvalidLimit as error:
        raise LimitsNotEnforceable(f"the token carries limits that this version cannot enforce: {error}") from None
    if limits.actions and attempt.path is None and attempt.action is None:
        raise LimitsNotEnforceable(
            "the token is limited to actions: pass attempt=Attempt(method=..., path=...) to verify"
        )
    if limits.networks and attempt.address is None:
        raise LimitsNotEnforceable("the token is limited to networks: pass attempt=Attempt(address=...) to verify")
    if limits.body_sha256 is not None and attempt.body_sha256 is None:
        raise LimitsNotEnforceable(
            "the ticket is for one transaction: pass attempt=Attempt(body_sha256=admit.limits.body_digest(body)) to verify, "
            "or protect the route with auth.require_transaction(...)"
        )
    violation = limits.violation(attempt, now=now)
    if violation is not None:
        raise _BY_CODE[violation.code](f"allowed is {violation.expected}; this is {violation.found}")
    return limits


def enforce_age(limits: Limits, claims: Mapping[str, Any], *, now: float) -> None:
    """Go on only if the sign-in behind a token is as fresh as its limits ask (RFC 9470).

    Raises:
        StepUpRequired: It is too old, or the token does not say when it was.
    """
    most, auth_time = limits.max_auth_age_s, claims.get("auth_time")
    if most is None:
        return
    if auth_time is None:
        raise StepUpRequired("the token does not say when the person signed in", max_age_s=most)
    if now - auth_time > most:
        raise StepUpRequired(f"signed in {now - auth_time:.0f} s ago; {most} s are allowed", max_age_s=most)


def refuse_by_limit(document: Mapping[str, Any]) -> None:
    """Raise the refusal of a code that the server gave with its answer; nothing for codes that are no limit's."""
    code, max_age_s = document.get("code"), document.get("max_age")
    if code == StepUpRequired.code and type(max_age_s) is int:
        raise StepUpRequired("the sign-in behind the token is too old, says the server", max_age_s=max_age_s)
    if code == TokenBound.code:
        raise TokenBound("the token is bound to a key or certificate, and was not shown with it; no use was counted")
    if code == LimitsNotEnforceable.code:
        raise LimitsNotEnforceable(
            "the server counts this token only for its own resource: give the verifier the credentials of the client that this "
            "resource was added with (admit resource add ... --client-id)"
        )
    kind = _BY_CODE.get(code) if isinstance(code, str) else None
    if kind is not None:
        raise kind("the server counts this token, and refused the use")


def tellable(attempt: Attempt) -> dict[str, str]:
    """What of an attempt can be told to the server. What it would not take (control characters, great length) is judged here alone."""
    told = {
        "request_method": attempt.method,
        "request_path": attempt.path,
        "request_action": attempt.action,
        "client_address": attempt.address,
        "request_body_sha256": attempt.body_sha256,
        "certificate_x5t": attempt.presented.certificate if attempt.presented is not None else None,
    }
    return {name: value for name, value in told.items() if value and len(value) <= _LONGEST and value.isprintable()}
